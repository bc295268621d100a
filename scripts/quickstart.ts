// `npm run quickstart`: a receiver on loopback, a project, real pushes, in a temporary directory that is gone afterwards.
// Stays up until Ctrl-C; `npm run quickstart -- --exit` ends by itself.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { heading, QuickstartError, say, seconds } from './quickstart/show.ts'
import {
  makeProject,
  makeStage,
  type Running,
  type Stage,
  startServe,
  strike,
  writeSshConfig,
} from './quickstart/stage.ts'
import { addresses, story } from './quickstart/story.ts'

const words = process.argv.slice(2)
if (words.some((word) => word !== '--exit')) {
  process.stderr.write('usage: npm run quickstart [-- --exit]\n')
  process.exit(2)
}

const interrupted = new Promise<'interrupted'>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve('interrupted'))
})
// A reader that goes away (| head) must not keep anything from being removed.
process.stdout.on('error', () => undefined)

const begun = performance.now()
let stage: Stage | undefined
let running: Running | undefined
let playing: Promise<'played'> | undefined

try {
  stage = await makeStage()
  playing = play(stage)
  const played = await Promise.race([playing, interrupted])
  if (played !== 'interrupted' && !words.includes('--exit')) {
    whatNext(stage, await addresses(stage))
    await interrupted
  }
} catch (error) {
  process.exitCode = 1
  say(`\nquickstart: ${error instanceof QuickstartError ? error.message : (error as Error).stack}`)
  if (stage && running && !running.alive()) say(`The receiver ended. It said:\n${readFileSync(stage.log, 'utf8')}`)
}

// What was interrupted must not start anything behind the back of what follows.
await Promise.race([playing?.catch(() => undefined), sleep(5000)])
if (stage) {
  say(`\nStopping everything and removing ${stage.directory} …`)
  try {
    await strike(stage, running)
    say(process.exitCode ? 'Removed.' : `Done. Nothing is left of it. (${seconds(performance.now() - begun)})`)
  } catch (error) {
    process.exitCode = 1
    say(`quickstart: ${(error as Error).message}`)
  }
}
process.exit()

async function play(stage: Stage): Promise<'played'> {
  heading('Start a receiver')
  say(`Everything is in ${stage.directory}; nothing outside is touched.`)
  say('$ hostenv serve --ssh 127.0.0.1:0 --http 127.0.0.1:0 --admin-key key.pub …')
  running = await startServe(stage)
  await writeSshConfig(stage, running)
  await makeProject(stage)
  say(
    `Ready in ${seconds(performance.now() - begun)}: SSH on port ${running.sshPort}, the front door on port ${running.httpPort}.`,
  )
  await story(stage, running)
  return 'played'
}

function whatNext(stage: Stage, live: Map<string, { url: string }>): void {
  heading('Your turn')
  for (const [key, { url }] of live) say(`  ${key.padEnd(8)} ${url}`)
  say(`
In another terminal:
  cd ${stage.project}
  echo 'Hello from me' > greeting.txt
  git commit -a -m 'My greeting' && git push hostenv main
  git push hostenv main:dev                    # a third environment
  git push hostenv main:nowhere                # refused: it says what to add
  ssh -F ../ssh_config hostenv help            # what else the receiver answers
  ssh -F ../ssh_config hostenv logs main
  \${EDITOR:-vi} .hostenv/hostenv.nix           # what an environment is made of

Ctrl-C stops everything and removes it.`)
}
