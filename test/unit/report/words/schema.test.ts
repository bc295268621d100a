// The published schema is generated: `tap --snapshot` writes it again.
import { readFileSync, writeFileSync } from 'node:fs'
import t from 'tap'
import { wordsJsonSchema } from '../../../../src/report/words/schema.ts'

const file = new URL('../../../../docs/reference/words.schema.json', import.meta.url)

t.test('docs/reference/words.schema.json is what the code says', async (t) => {
  const now = wordsJsonSchema()
  if (process.env.TAP_SNAPSHOT === '1') writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`)
  const hint = 'else run: npx tap --snapshot test/unit/report/words/schema.test.ts && npx biome format --write docs'
  t.strictSame(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(JSON.stringify(now)), hint)
})
