// A preview as an environment: what it has of its pattern, what of the environment that it extends, and whether its names are free.
import { userName } from '../lib/names.ts'
import { ownValue } from '../lib/own-value.ts'
import { projectId } from '../lib/repositories.ts'
import {
  type EnvironmentFacts,
  type EnvironmentManifest,
  type Manifest,
  type ProjectId,
  Refused,
  type Verification,
} from '../records.ts'
import type { Preview } from '../state/previews.ts'
import type { Projects } from '../state/projects.ts'

/** Throws Refused when the preview's user name is that of a declared environment of any project: those are reserved first. */
export function checkPreviewName(projects: Projects, project: ProjectId, key: string): void {
  const wanted = userName(project.organisation, project.project, key)
  for (const { name, policy } of projects.all()) {
    const { organisation, project: other } = projectId(name)
    for (const declared of Object.keys(policy.environments)) {
      if (userName(organisation, other, declared) !== wanted) continue
      if (organisation === project.organisation && other === project.project && declared === key) continue
      throw new Refused(`the user name ${wanted} of this preview belongs to a declared environment`, {
        help: ['Push the branch under another name: git push hostenv BRANCH:OTHER-NAME'],
      })
    }
  }
}

/** The pushed commit says what is checked, the policy whether that is done and whether it decides. */
export function checksOf(policy: Verification | undefined, own: EnvironmentManifest): Verification {
  const { enable = true, enforce = true } = policy ?? {}
  return { ...own.deploymentVerification, enable, enforce }
}

/**
 * The settings of a preview: type and users of its pattern, checks of the environment that it extends (how, as the commit
 * says; whether, as the policy says), and nothing else of that.
 */
export function previewEnvironment(
  policy: Manifest,
  own: EnvironmentManifest,
  preview: Preview,
  hostenv: EnvironmentFacts,
): EnvironmentManifest {
  const extended = ownValue(policy.environments, preview.extends)?.deploymentVerification
  return {
    ...{ enable: true, type: preview.type, virtualHosts: {}, users: preview.users, hostenv },
    ...{ releaseTags: null, requires: null, protected: false },
    deploymentVerification: checksOf(extended, own),
  }
}
