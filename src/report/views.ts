// The records as the words show them: what is live, what was tried, and where its log is.
import { createReadStream } from 'node:fs'
import type { Context } from '../context.ts'
import { environmentFacts } from '../lib/names.ts'
import { isZero, short, shortRef } from '../lib/oid.ts'
import { ownValue } from '../lib/own-value.ts'
import { projectId, projectName } from '../lib/repositories.ts'
import { shellWord } from '../lib/shell-word.ts'
import type { EnvironmentManifest, ProjectId, Release } from '../records.ts'
import type { DeployRow } from '../state/deploys.ts'
import type { EnvironmentRow } from '../state/environments.ts'
import { keyOfFullRef, previewOf } from '../state/previews.ts'
import { followLog } from './follow-log.ts'
import { deployLogPath } from './log-file.ts'
import type { DeployView, EnvironmentView, Views } from './words/views.ts'

/** Makes the views of a running receiver. */
export function makeViews(ctx: Context): Views {
  const { state, config } = ctx
  const view = (row: DeployRow | null): DeployView | null =>
    row && {
      ...{
        id: row.id,
        project: projectId(row.project),
        key: row.key ?? '',
        ref: row.ref,
        commit: row.new,
        kind: row.kind,
        stage: row.stage,
      },
      ...{ reason: row.reason, at: row.received_at, by: row.pusher, logFile: deployLogPath(config.stateDir, row.id) },
    }
  return {
    projects: (pusher) => state.people.accessible(pusher),
    environments: (project) => environmentViews(ctx, project),
    releases: (project, key) => state.environments.releases(projectName(project), key),
    deploy: (id) => view(state.deploys.get(id)),
    latestDeploy: (project, key) => view(latest(ctx, projectName(project), key)),
    readLog: (deploy) => createReadStream(deploy.logFile, 'utf8'),
    followLog: (deploy, closed) => followLog(deploy.logFile, () => ctx.reporting.has(deploy.id), closed),
  }
}

// Until it is evaluated a deploy has no key: its ref says which it will have.
function latest(ctx: Context, project: string, key: string): DeployRow | null {
  const policy = ctx.state.projects.get(project)?.policy
  const known = ctx.state.deploys.latest(project, key)
  const coming = ctx.state.deploys
    .open()
    .findLast((row) => row.project === project && row.key === null && policy && keyOfFullRef(policy, row.ref) === key)
  return coming && coming.id > (known?.id ?? 0) ? coming : known
}

// Declared environments in the policy's order, then what exists but is not declared any more. What is disabled is shown while it can
// still be stopped.
function environmentViews(ctx: Context, project: ProjectId): EnvironmentView[] {
  const name = projectName(project)
  const declared = ctx.state.projects.get(name)?.policy.environments ?? {}
  const rows = ctx.state.environments.ofProject(name)
  const others = rows.filter(({ key }) => !Object.hasOwn(declared, key))
  const there = new Set(rows.filter(({ live, wakes }) => live !== null || wakes !== null).map(({ key }) => key))
  const shown = Object.entries(declared).filter(([key, { enable }]) => enable || there.has(key))
  const keys = [...shown.map(([key]) => key), ...others.map(({ key }) => key)]
  return keys.map((key) => environmentView(ctx, project, key, ownValue(declared, key)))
}

function environmentView(
  ctx: Context,
  project: ProjectId,
  key: string,
  declared?: EnvironmentManifest,
): EnvironmentView {
  const name = projectName(project)
  const { domain, runtimeRoot, stateRoot } = ctx.resolve.site
  const dirs = { domain, runtimeDir: runtimeRoot, stateDir: stateRoot }
  const facts = declared?.hostenv ?? environmentFacts(project, key, key, dirs)
  const row = ctx.state.environments.get(name, key)
  const live = ctx.state.environments.liveRelease(name, key)
  const latest = ctx.state.deploys.lastAttempt(name, key)
  const under = latest !== null && !['done', 'failed'].includes(latest.stage)
  // A preview that was declared since is a declared one; a pattern that is gone leaves previews behind.
  const preview = declared === undefined && ctx.state.environments.isPreview(name, key)
  const policy = ctx.state.projects.get(name)?.policy
  const type = declared?.type ?? (policy && previewOf(policy, key)?.type) ?? 'development'
  const state = row?.broken
    ? 'broken'
    : under
      ? 'deploying'
      : live
        ? 'live'
        : row?.wakes != null
          ? 'paused'
          : latest?.stage === 'failed'
            ? 'failed'
            : 'stopped'
  return {
    ...{ project: name, key, kind: preview ? 'preview' : 'declared', type, state },
    ...{ url: live ? ctx.urlOf(facts.hostname) : null, hostname: facts.hostname },
    ...{
      release: live?.n ?? null,
      commit: live?.commit ?? null,
      expiresAt: endOf(declared === undefined ? row : null),
    },
    note: declared?.enable === false ? disabledNote(row) : noteOf(ctx, row, latest, live),
  }
}

// What comes next by itself: a preview is paused, what is paused or torn down goes.
function endOf(row: EnvironmentRow | null): string | null {
  if (row === null) return null
  return row.live === null ? row.goes_at : row.expires_at
}

// What is broken says so all the same.
function disabledNote(row: EnvironmentRow | null): string | null {
  if (row === null || row.broken !== null) return row?.broken ?? null
  const confirmed = `${shellWord(row.key)} --confirm ${shellWord(row.key)} -p ${row.project}`
  if (row.live === null) return 'disabled: it is not woken before the canonical branch enables it again'
  return `disabled, and live as before: ssh HOST pause ${confirmed} stops it`
}

function noteOf(
  ctx: Context,
  row: EnvironmentRow | null,
  latest: DeployRow | null,
  live: Release | null,
): string | null {
  return row?.live === null && row.broken === null ? idleNote(row) : note(ctx, row?.broken ?? null, latest, live)
}

function idleNote({
  project,
  key,
  wakes,
  paused_by: by,
  goes_at: goesAt,
  expires_at: end,
}: EnvironmentRow): string | null {
  if (wakes === null) return goesAt === null ? null : `torn down: git push hostenv ${shellWord(key)} brings it back`
  const who = goesAt !== null && end !== null ? 'expired' : `paused by ${by}`
  return `${who}: ssh HOST wake ${shellWord(key)} -p ${project} brings release ${wakes} back`
}

function note(ctx: Context, broken: string | null, latest: DeployRow | null, live: Release | null): string | null {
  if (broken !== null) return broken
  if (live === null) return null
  const ports = ctx.state.environments.ports(live.project, live.key, live.n)
  if (ports !== '') return `listens on port ${ports}: environments use sockets only`
  if (latest?.stage === 'failed') {
    const what = latest.kind === 'push' ? ` (${short(latest.new)})` : `, a ${latest.kind},`
    return `d${latest.id}${what} was refused: ${latest.reason}`
  }
  return differs(ctx, live)
}

// After a rollback a branch is not what is live; nor is it where the release came from another ref.
function differs(ctx: Context, live: Release): string | null {
  const pushed = ctx.state.deploys.lastPush(live.project, live.key)
  if (pushed === null || pushed.new === live.commit) return null
  const name = shortRef(pushed.ref)
  const what = isZero(pushed.new) ? 'is deleted' : `is at ${short(pushed.new)}`
  return `branch ${name} ${what}; release ${live.n} is ${short(live.commit)}${live.label === null ? '' : ` (${live.label})`}`
}
