// What the versions of Nix say of a failed derivation.
import { t } from 'tap'
import { readFailure } from '../../../src/build/failure.ts'

const drv = '/nix/store/0y0jz1i6sia87lh1z70g0b8w8737imb9-asdf-b.drv'
const table: readonly (readonly [string, string | null])[] = [
  [`error: builder for '\u001b[35;1m${drv}\u001b[0m' failed with exit code 1`, 'exit 1'],
  [`error: builder for '${drv}' failed with exit code 100;\n       last 1 log lines:\n       > x`, 'exit 100'],
  [`error: Cannot build '${drv}'.\n       Reason: builder failed with exit code 2.\n       Output paths:\n`, 'exit 2'],
  [`error: builder for '${drv}' failed due to signal 9 (Killed)`, 'signal 9'],
  [`error: Cannot build '${drv}'.\n       Reason: builder failed due to signal 11 (Segmentation fault).`, 'signal 11'],
  [`error: Cannot build '${drv}'.\n       Reason: 1 dependency failed.\n       Output paths:\n`, null],
  [`error: 2 dependencies of derivation '${drv}' failed to build`, null],
  [`error: building of '${drv}!out' from .drv file timed out after 3 seconds`, 'timed out after 3 s'],
  [`error: builder for '${drv}' failed to produce output path for output 'out' at '/nix/x'`, 'made no output out'],
  [
    `error: ${drv} killed after writing more than 4096 bytes of log output`,
    'wrote more than 4KiB of log (limits.derivationLogBytes)',
  ],
  [
    `error: a 'riscv64-linux' with features {} is required to build '${drv}', but I am a …`,
    'needs another kind of machine',
  ],
  ['error: writing to file: No space left on device', null],
  ['', null],
]

for (const [message, how] of table)
  t.test(`${how}: ${message.slice(0, 100)}`, async (t) => {
    t.equal(readFailure(message)?.how ?? null, how)
  })
