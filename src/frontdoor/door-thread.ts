// The front door's own thread (docs/decisions/0042): what it looks up, it reads itself; what else it has to know, it is told.
import { parentPort, workerData } from 'node:worker_threads'
import { grantee } from '../config/grants.ts'
import { RouteView } from '../state/route-view.ts'
import { type DoorAsk, type DoorCalls, type DoorSays, type DoorStart, told } from './door-talk.ts'
import { createFrontDoor } from './front-door.ts'
import { createRoutes, remembered } from './routes.ts'
import { WaitingRoom } from './waiting-room.ts'

const { stateDir, runtimeDir, domain, open, ...start } = workerData as DoorStart
const say = (what: DoorSays): void => parentPort?.postMessage(what)

let { settings } = start
const record = new RouteView(stateDir)
const makeRoute = () =>
  remembered(
    createRoutes({
      ...{ record: { environments: record.environments, policy: (project) => record.policy(project) } },
      ...{ domain, runtimeDir, grantee: (hostname) => grantee(settings, hostname) },
      command: (word) => `${settings.command}${word}`,
    }),
    () => record.version,
  )
let route = makeRoute()
const room = new WaitingRoom(() => settings.limits)
const door = createFrontDoor({
  ...{ route: (hostname) => route(hostname), runtimeDir, room, open },
  limits: () => settings.limits.frontDoor,
  log: {
    warn: (fields, warning) => {
      const error = 'err' in fields ? { err: told(fields.err) } : {}
      say({ warning, fields: { ...fields, ...error } })
    },
  },
})

const calls: DoorCalls = {
  listen: (host, port) => door.listen(host, port),
  change(next) {
    settings = next
    route = makeRoute()
    door.limitsChanged()
  },
  begin: (userName) => room.begin(userName),
  end: (userName) => room.end(userName),
  served: (hostnames) =>
    hostnames.map((hostname) => {
      const found = route(hostname)
      return found === null || found.paused !== undefined ? null : found.upstreamDir
    }),
  async close() {
    await door.close()
    record[Symbol.dispose]()
  },
}

parentPort?.on('message', ({ id, call, args }: DoorAsk) => {
  const run = calls[call] as (...args: readonly unknown[]) => unknown
  // What takes no time is done at once, so that one call never overtakes another.
  const done = new Promise((resolve) => resolve(run(...args)))
  done.then(
    (value) => say({ id, value }),
    (error: unknown) => say({ id, error: told(error) }),
  )
})
