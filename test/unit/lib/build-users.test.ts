import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import t from 'tap'
import { writeBuildUsers } from '../../../src/lib/build-users.ts'

t.test('build users are added to what the machine has, with ids of their own', async (t) => {
  const accounts = writeBuildUsers(t.testdir())
  const rows = (file: string) => readFileSync(file, 'utf8').trimEnd().split('\n')
  const ids = (lines: string[]) => lines.map((line) => Number(line.split(':')[2]))
  const [passwd, group] = [rows(accounts.passwd), rows(accounts.group)]
  const machine = readFileSync('/etc/passwd', 'utf8').trimEnd().split('\n')
  for (const line of machine.filter((one) => !one.startsWith('nixbld'))) t.ok(passwd.includes(line), line)
  const own = passwd.filter((line) => /^nixbld\d+:/.test(line))
  t.equal(own.length, 16)
  const others = passwd.filter((line) => !own.includes(line))
  for (const id of ids(own)) t.notOk(ids(others).includes(id), `${id} is nobody else's`)
  const [line = ''] = group.filter((one) => one.startsWith('nixbld:'))
  t.same(
    line.split(':')[3]?.split(','),
    own.map((one) => one.split(':')[0]),
    'all are members of the group',
  )
  t.ok(own.every((one) => one.split(':')[3] === line.split(':')[2]))
  t.notMatch(execFileSync('id', ['-Gn'], { encoding: 'utf8' }), 'nixbld', 'and nobody is who runs')
})
