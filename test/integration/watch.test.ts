// However a file is replaced, the watch hears of it: written in place, renamed over, removed and made again, behind a link.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { watchFiles } from '../../src/config/watch.ts'
import { tempDir } from '../helpers/temp-dir.ts'

t.test('every way to replace a file is heard', async (t) => {
  const directory = tempDir(t)
  // The watch alone keeps no process alive.
  const alive = setInterval(() => undefined, 1000)
  t.teardown(() => clearInterval(alive))
  const file = join(directory, 'h.yaml')
  const link = join(directory, 'key.pub')
  mkdirSync(join(directory, 'v1'))
  mkdirSync(join(directory, 'v2'))
  writeFileSync(file, 'a')
  for (const version of ['v1', 'v2']) writeFileSync(join(directory, version, 'key'), version)
  symlinkSync(join(directory, 'v1/key'), link)
  let heard = Promise.withResolvers<void>()
  const watch = watchFiles(
    () => heard.resolve(),
    (error) => t.fail(String(error)),
  )
  t.teardown(() => watch.close())
  const files = [file, link, join(directory, 'later')]
  await watch.follow(files)
  const changes: Record<string, () => void> = {
    'written in place': () => writeFileSync(file, 'written in place'),
    'renamed over': () => {
      writeFileSync(`${file}.new`, 'b')
      renameSync(`${file}.new`, file)
    },
    'once more': () => {
      writeFileSync(`${file}.new`, 'cc')
      renameSync(`${file}.new`, file)
    },
    removed: () => rmSync(file),
    'made again': () => writeFileSync(file, 'ddd'),
    'one that was not there': () => writeFileSync(join(directory, 'later'), 'x'),
    'what a link leads to': () => writeFileSync(join(directory, 'v1/key'), 'other'),
    'a link that leads elsewhere': () => {
      symlinkSync(join(directory, 'v2/key'), `${link}.new`)
      renameSync(`${link}.new`, link)
    },
  }
  // In small steps: half a second in which this process runs.
  const heardSoon = async () => {
    let yes = false
    void heard.promise.then(() => {
      yes = true
    })
    for (let steps = 0; steps < 10 && !yes; steps++) await sleep(50)
    return yes
  }
  for (const [what, change] of Object.entries(changes)) {
    change()
    await heard.promise
    t.pass(what)
    heard = Promise.withResolvers()
    // As after a reload.
    await watch.follow(files)
    // Where the system is slow to tell of one change, it is heard of twice: that must not be taken for the next.
    while (await heardSoon()) heard = Promise.withResolvers()
  }
  writeFileSync(join(directory, 'another'), 'x')
  t.notOk(await heardSoon(), 'other files do not matter')
})
