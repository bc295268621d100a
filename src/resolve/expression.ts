// The expression that is evaluated for a project: the library, called with the pushed tree and what the operator provides.

import { nixString } from '../lib/nix-string.ts'
import type { EvaluateContext, Question } from './evaluate.ts'
import { lockForNix } from './flake-inputs.ts'
import { siteTree } from './site-tree.ts'
import { treeHashes } from './tree-hashes.ts'

/** Prefix of the made-up URL under which evaluation gets its trees, all of them by their hash. */
export const trees = 'file:///hostenv/'

/** The expression, in the Nix language, for the tree at `source` in the store. A tree that is in the store already is not fetched: its hash is all that pure evaluation asks for. */
export async function expression(
  ctx: EvaluateContext,
  question: Omit<Question, 'source'>,
  source: string,
): Promise<string> {
  const { packages } = ctx.site
  const { revision, select, others, flake, project } = question
  const paths = [
    ...[ctx.library, source, ...(packages === null ? [] : [packages])],
    ...(flake === null ? [] : [await siteTree(ctx, project)]),
  ]
  const hashes = await treeHashes(ctx.nix, paths)
  const tree = (n: number) => `fetchTarball { name = "source"; url = "${trees}${n}"; sha256 = "${hashes[n]}"; }`
  const lock = flake?.lock ? lockForNix(flake.lock) : null
  const asked = { site: { ...ctx.site, ...project }, revision, select, others, lock }
  const module = 'project = tree;'
  const ofFlake = `
      inherit (asked) lock;
      siteTree = ${tree(paths.length - 1)};
      project = { outPath = tree; narHash = "${hashes[1]}"; };
      fetched = sha256: fetchTarball { name = "source"; url = "${trees}input"; inherit sha256; };`
  return `
    let
      asked = builtins.fromJSON ${nixString(JSON.stringify(asked))};
      library = ${tree(0)};
      tree = ${tree(1)};
    in
    import (library + "/receive${flake === null ? '' : '-flake'}.nix") {
      ${flake === null ? module : ofFlake}
      site = asked.site // { packages = ${packages === null ? 'null' : tree(2)}; };
      inherit (asked) revision select others;
    }`
}
