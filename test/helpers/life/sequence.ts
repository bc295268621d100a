// Sequences of what people and machines do: as fast-check makes and shrinks them, and as they are done and compared.
import fc from 'fast-check'
import type { FaultPoint } from '../../../src/context.ts'
import { disagreements } from './agreement.ts'
import { Model, type Op, type PushOp, zero } from './model.ts'
import { type Ended, keptReleases, type LifeReceiver, project } from './receiver.ts'

/** Numbers choose among what there is when a step's turn comes, so that every step means something, shrunk or not. */
type Asked =
  | {
      readonly do: 'push'
      readonly ref: number
      readonly commit: number
      readonly view: View
      readonly by: number
      readonly sure: boolean
    }
  | { readonly do: 'tag'; readonly ref: number; readonly commit: number; readonly annotated: boolean }
  | { readonly do: 'delete'; readonly ref: number; readonly view: View; readonly sure: boolean }
  | { readonly do: 'rollback'; readonly key: number; readonly to: number | null }
  | { readonly do: 'redeploy'; readonly key: number }
  | { readonly do: 'wake'; readonly key: number }

/** What a client believes a ref to be: what it is, or something that it was or never was. */
type View = number | 'now'

export type Step =
  | { readonly do: 'nothing' }
  | Asked
  | {
      readonly do: 'race'
      readonly ref: number
      readonly commits: readonly number[]
      readonly by: readonly number[]
      readonly rollback: boolean
    }
  | { readonly do: 'atomic'; readonly refs: readonly number[]; readonly commit: number; readonly view: View }
  | { readonly do: 'pass'; readonly hours: number }
  | { readonly do: 'restart'; readonly services: boolean }
  | { readonly do: 'crash'; readonly point: FaultPoint; readonly step: Asked }

const branches = ['main', 'staging', 'stable', 'feature/a', 'feature/b', 'nowhere'].map((name) => `refs/heads/${name}`)
const tags = ['v1', 'v2', 'other'].map((name) => `refs/tags/${name}`)
const keys = ['main', 'staging', 'live', 'feature/a']
const previews = ['feature/a', 'feature/b']
const points: readonly FaultPoint[] = ['S0', 'S1', 'S2', 'S3', 'S4', 'S5', 'S6', 'S7', 'S8']

const number = fc.nat({ max: 99 })
const by = fc.nat({ max: 1 })
const view = fc.oneof({ weight: 4, arbitrary: fc.constant('now' as const) }, { weight: 1, arbitrary: number })
const pushed = { do: fc.constant('push' as const), ref: number, commit: number, view, by, sure: fc.boolean() }
const push = fc.record(pushed)
const tag = fc.record({ do: fc.constant('tag' as const), ref: number, commit: number, annotated: fc.boolean() })
const deletion = fc.record({ do: fc.constant('delete' as const), ref: number, view, sure: fc.boolean() })
const to = fc.oneof({ weight: 2, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: number })
const rollback = fc.record({ do: fc.constant('rollback' as const), key: number, to })
const redeploy = fc.record({ do: fc.constant('redeploy' as const), key: number })
const wake = fc.record({ do: fc.constant('wake' as const), key: number })
const asked = fc.oneof(
  ...[
    { weight: 6, arbitrary: push },
    { weight: 2, arbitrary: tag },
    { weight: 2, arbitrary: deletion },
  ],
  ...[
    { weight: 3, arbitrary: rollback },
    { weight: 1, arbitrary: redeploy },
    { weight: 1, arbitrary: wake },
  ],
)
const several = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 3, maxLength: 3 })
const race = fc.record({
  do: fc.constant('race' as const),
  ref: number,
  commits: several(number),
  by: several(by),
  rollback: fc.boolean(),
})
const atomic = fc.record({ do: fc.constant('atomic' as const), refs: fc.tuple(number, number), commit: number, view })
const pass = fc.record({ do: fc.constant('pass' as const), hours: fc.constantFrom(5, 19, 31, 60) })
const restart = fc.record({ do: fc.constant('restart' as const), services: fc.boolean() })
const crash = fc.record({ do: fc.constant('crash' as const), point: fc.constantFrom(...points), step: asked })
const step: fc.Arbitrary<Step> = fc.oneof(
  { withCrossShrink: true },
  // What a step shrinks to; a failing sequence ends up with little else.
  { weight: 0, arbitrary: fc.constant({ do: 'nothing' as const }) },
  ...[
    { weight: 24, arbitrary: asked },
    { weight: 3, arbitrary: race },
    { weight: 2, arbitrary: atomic },
  ],
  ...[
    { weight: 2, arbitrary: pass },
    { weight: 1, arbitrary: restart },
    { weight: 2, arbitrary: crash },
  ],
)

/** Most begin with a push of the canonical branch, without which there is nothing. */
const first = fc.record({ ...pushed, ref: fc.constant(0), view: fc.constant('now' as const) })
const start = fc.oneof({ weight: 9, arbitrary: first }, { weight: 1, arbitrary: step })
export const sequences = fc
  .tuple(start, fc.array(step, { minLength: 19, maxLength: 21 }))
  .map(([one, more]): Step[] => [one, ...more])

export class Wrong extends Error {}

/** Does all steps on a receiver that is as new. Throws Wrong with what was done and what is not as it should be. */
export async function live(receiver: LifeReceiver, steps: readonly Step[]): Promise<void> {
  const model = new Model(receiver.commits, keptReleases)
  const said: string[] = []
  const tell = (line: string) => void said.push(line)
  await receiver.reset()
  for (const one of steps) {
    const wrong = await take(receiver, model, one, tell)
    await receiver.settled()
    wrong.push(...(await disagreements(receiver, model)))
    if (wrong.length > 0) throw new Wrong(`after\n  ${said.join('\n  ')}\n- ${wrong.join('\n- ')}`)
  }
}

type Tell = (line: string) => void

async function take(receiver: LifeReceiver, model: Model, step: Step, tell: Tell): Promise<string[]> {
  switch (step.do) {
    case 'nothing':
      return []
    case 'restart':
      tell(`restart${step.services ? '' : ' of the machine'}`)
      await receiver.restart(step.services)
      return []
    case 'pass':
      tell(`${step.hours} hours pass`)
      await receiver.pass(step.hours)
      model.pass(step.hours)
      return []
    case 'crash': {
      const op = opOf(model, receiver, step.step)
      if (op === null) return []
      tell(`crash at ${step.point} of ${show(receiver, op)}`)
      return await crashed(receiver, model, op, step.point)
    }
    case 'race':
      return await raced(receiver, model, step, tell)
    case 'atomic': {
      const ops = step.refs.flatMap(
        (ref) => opOf(model, receiver, { ...step, do: 'push', ref, by: 0, sure: true }) ?? [],
      )
      const pushes = ops.filter((op) => op.kind === 'push')
      if (pushes.length !== 2 || pushes[0]?.ref === pushes[1]?.ref) return []
      tell(`atomic: ${pushes.map((op) => show(receiver, op)).join(', ')}`)
      return together(model, pushes, await receiver.atomically(pushes))
    }
    default: {
      const op = opOf(model, receiver, step)
      if (op === null) return []
      tell(show(receiver, op))
      return judged(model, op, await receiver.run(op))
    }
  }
}

// One operation whose end follows from what was before.
function judged(model: Model, op: Op, { refused }: Ended): string[] {
  const should = model.refusal(op)
  if (should === null && refused === null) model.apply(op)
  return (should === null) === (refused === null)
    ? []
    : [`it was ${refused ?? 'accepted'}, should be ${should ?? 'accepted'}`]
}

function together(model: Model, ops: readonly PushOp[], ended: readonly Ended[]): string[] {
  const meant = ops.map(({ ref }) => model.keyOf(ref))
  const should =
    ops.map((op) => model.refusal(op)).find((why) => why !== null) ?? (meant[0] === meant[1] ? 'twice' : null)
  if (should === null && ended.every(({ refused }) => refused === null)) for (const op of ops) model.apply(op)
  return ended.flatMap(({ refused }) =>
    (should === null) === (refused === null)
      ? []
      : [`it was ${refused ?? 'accepted'}, should be ${should ?? 'accepted'}`],
  )
}

async function crashed(receiver: LifeReceiver, model: Model, op: Op, point: FaultPoint): Promise<string[]> {
  const ended = await receiver.crash(op, point)
  if (ended !== null) return judged(model, op, ended)
  // It came as far as the step. A stop is always finished once it has begun, anything else from its commit on.
  const stops = op.kind === 'push' && op.new === zero
  if (point >= (stops ? 'S3' : 'S6')) model.apply(op)
  return []
}

// Clones that saw the same value, at the same moment. What is live in the end follows from the order of arrival.
async function raced(
  receiver: LifeReceiver,
  model: Model,
  step: Extract<Step, { do: 'race' }>,
  tell: Tell,
): Promise<string[]> {
  const ref = branches[step.ref % 4]!
  const ops = step.commits.flatMap((commit, index): Op[] => {
    const op = opOf(model, receiver, {
      do: 'push',
      ref: step.ref % 4,
      commit,
      view: 'now',
      by: step.by[index]!,
      sure: true,
    })
    return op === null ? [] : [op]
  })
  if (ops.length < 2) return []
  const key = model.keyOf(ref)!
  const before = model.environments.get(key)?.releases.length ?? 0
  if (step.rollback) ops.push({ kind: 'rollback', key, to: before > 0 ? 1 : null })
  tell(`race: ${ops.map((op) => show(receiver, op)).join(' | ')}`)
  const first = receiver.ctx.state.deploys.after(0).at(-1)?.id ?? 0
  const ended = await Promise.all(ops.map((op) => receiver.run(op)))
  const rows = receiver.ctx.state.deploys.after(first)
  const all = ops.map((op, index) => {
    const row = rows[index]
    return { op, refused: ended[index]!.refused, id: row?.id ?? 0, release: row?.release ?? null, kind: row?.kind }
  })
  return inOrder(model, all)
}

interface Raced {
  readonly op: Op
  readonly refused: string | null
  readonly id: number
  readonly release: number | null
  readonly kind: string | undefined
}

// Pushes in the order of their arrival; the rollback, which waits for no build, where its release says that it was.
function inOrder(model: Model, all: readonly Raced[]): string[] {
  const wrong = all.filter(({ op, kind }) => op.kind !== kind).map(({ op }) => `the row of ${op.kind} is another's`)
  const pushes = all.filter(({ op }) => op.kind === 'push')
  const rollback = all.find(({ op }) => op.kind === 'rollback')
  const at =
    rollback?.refused === null
      ? pushes.findIndex(({ refused, release }) => refused === null && (release ?? 0) > (rollback.release ?? 0))
      : -1
  const order =
    rollback?.refused !== null ? pushes : at === -1 ? [...pushes, rollback] : pushes.toSpliced(at, 0, rollback)
  for (const [index, one] of order.entries()) {
    if (one === undefined) continue
    const { op, refused } = one
    if (refused?.startsWith('superseded by ')) {
      if (!order.slice(index + 1).some((later) => later !== undefined && supersedes(model, later.op, op)))
        wrong.push(`nothing supersedes ${op.kind}`)
    } else wrong.push(...judged(model, op, { refused }))
  }
  return wrong
}

function supersedes(model: Model, later: Op, op: Op): boolean {
  if (later.kind !== 'push' || op.kind !== 'push' || later.ref !== op.ref) return false
  return later.by === op.by || model.commit(later.new).contains.has(model.commit(op.new).oid)
}

// null: a real client would send nothing.
function opOf(model: Model, { commits }: LifeReceiver, asked: Asked): Op | null {
  if (asked.do === 'redeploy') return { kind: 'redeploy', key: keys[asked.key % keys.length]! }
  if (asked.do === 'wake') return { kind: 'wake', key: previews[asked.key % previews.length]! }
  if (asked.do === 'rollback') {
    const key = keys[asked.key % keys.length]!
    const most = (model.environments.get(key)?.releases.length ?? 0) + 1
    return { kind: 'rollback', key, to: asked.to === null ? null : (asked.to % most) + 1 }
  }
  const known = asked.do === 'tag' ? tags : branches
  // Nothing is there to be deleted, mostly, but for what is.
  const there = [...model.refs.keys()]
  const ref =
    asked.do === 'delete' && there.length > 0 ? there[asked.ref % there.length]! : known[asked.ref % known.length]!
  const now = model.ref(ref)
  const seen = (view: View) =>
    view === 'now' ? now : [zero, ...commits.map(({ oid }) => oid)][view % (commits.length + 1)]!
  if (asked.do === 'delete') {
    const old = seen(asked.view)
    return old === zero ? null : { kind: 'push', ref, old, new: zero, by: 0, sure: asked.sure }
  }
  const commit = commits[asked.commit % commits.length]!
  const value = asked.do === 'tag' && asked.annotated ? commit.tag : commit.oid
  const old = asked.do === 'tag' ? now : seen(asked.view)
  if (old === value) return null
  return {
    kind: 'push',
    ref,
    old,
    new: value,
    by: asked.do === 'tag' ? 0 : asked.by,
    sure: asked.do === 'tag' || asked.sure,
  }
}

function show({ commits }: LifeReceiver, op: Op): string {
  const name = (oid: string) => {
    const index = commits.findIndex((one) => one.oid === oid || one.tag === oid)
    return oid === zero ? '0' : `c${index}${commits[index]?.tag === oid ? '^' : ''}`
  }
  if (op.kind === 'push')
    return `${name(op.old)}→${name(op.new)} ${op.ref.slice(5)}${op.sure ? ' sure' : ''}${op.by ? ' by bob' : ''}`
  return `${op.kind} ${op.key}${op.kind === 'rollback' && op.to !== null ? ` ${op.to}` : ''} of ${project}`
}
