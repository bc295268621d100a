// Lines that Nix never wrote, or that a later version might: none of them ends a deploy.
import fc from 'fast-check'
import { t } from 'tap'
import { parseNixLine } from '../../../src/build/nix-log.ts'

const table: readonly (readonly [string, string])[] = [
  ['', 'text'],
  ['warning: something', 'text'],
  ['@nix', 'text'],
  ['@nix ', 'other'],
  ['@nix ][', 'other'],
  ['@nix null', 'other'],
  ['@nix 7', 'other'],
  ['@nix []', 'other'],
  ['@nix {}', 'other'],
  ['@nix {"action":"start"}', 'other'],
  ['@nix {"action":"start","id":1,"type":105}', 'other'],
  ['@nix {"action":"start","id":1,"type":105,"fields":[7]}', 'other'],
  ['@nix {"action":"start","id":1,"type":9999,"fields":["/nix/store/x"]}', 'other'],
  ['@nix {"action":"start","id":"1","type":105,"fields":["/nix/store/x"]}', 'other'],
  ['@nix {"action":"stop"}', 'other'],
  ['@nix {"action":"explode","id":1}', 'other'],
  ['@nix {"action":"result","id":1,"type":101,"fields":[{}]}', 'other'],
  ['@nix {"action":"result","id":1,"type":105,"fields":[1,2,"3",4]}', 'other'],
  ['@nix {"action":"result","id":1,"type":105,"fields":[1,2]}', 'other'],
  ['@nix {"action":"msg","level":"0","msg":"x"}', 'other'],
  ['@nix {"__proto__":{"action":"stop","id":1}}', 'other'],
  ['@nix {"action":"start","id":1,"level":3,"text":"","type":105,"fields":["/nix/store/x.drv","",1,1]}', 'build-start'],
  ['@nix {"action":"start","id":1,"level":3,"text":"","type":100,"fields":["/nix/store/x","a","b"]}', 'copy-start'],
  ['@nix {"action":"start","id":1,"level":3,"text":"","type":108,"fields":["/nix/store/x","a"]}', 'other'],
  ['@nix {"action":"result","id":1,"type":107,"fields":["post"]}', 'line'],
  ['@nix {"action":"msg","level":0,"msg":"x"}', 'message'],
  [`@nix {"action":"result","id":1,"type":101,"fields":["${'x'.repeat(1_000_000)}"]}`, 'line'],
  [`@nix ${'['.repeat(100_000)}`, 'other'],
]

for (const [line, kind] of table)
  t.test(`${kind}: ${line.slice(0, 90)}`, async (t) => {
    t.equal(parseNixLine(line).kind, kind)
  })

t.test('any text and any JSON gives some entry', async (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.json().map((json) => `@nix ${json}`),
      ),
      (line) => {
        t.type(parseNixLine(line).kind, 'string')
      },
    ),
    { numRuns: 300 },
  )
})
