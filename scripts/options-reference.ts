// Writes docs/reference/options.md from the options themselves: scripts/options.nix walks them. A test compares the two.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { mustRun } from '../src/lib/spawn.ts'

const optionList = z.array(
  z.object({
    name: z.string(),
    type: z.string(),
    description: z.string(),
    default: z.string().nullable(),
    example: z.string().nullable(),
    readOnly: z.boolean(),
    /** Files below `nix/`. */
    declarations: z.array(z.string()),
  }),
)
export type Option = z.output<typeof optionList>[number]

export const optionsFile = fileURLToPath(new URL('../docs/reference/options.md', import.meta.url))

/** Every option that a project may set or read, by name. Throws where the library does not evaluate. */
export async function readOptions(): Promise<Option[]> {
  const home = mkdtempSync(join(tmpdir(), 'hostenv-options-'))
  try {
    const file = fileURLToPath(new URL('options.nix', import.meta.url))
    const said = await mustRun({
      argv: ['nix-instantiate', '--store', join(home, 'store'), '--eval', '--strict', '--json', file],
      env: { PATH: process.env.PATH ?? '/usr/bin:/bin', HOME: home },
    })
    return optionList.parse(JSON.parse(said)).sort((a, b) => (a.name < b.name ? -1 : 1))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
}

/** The reference page, in Markdown. */
export function optionsPage(options: readonly Option[]): string {
  const groups = Map.groupBy(options, ({ name }) => /^services\.[^.]+|^[^.]+/.exec(name)?.[0] ?? name)
  const contents = [...groups].map(([group, { length }]) => `[\`${group}\`](#${anchor(group)}) (${length})`)
  const parts = [...groups].map(([group, all]) => {
    const own = all.filter(({ name }) => name === group).map(entry)
    const inner = all.filter(({ name }) => name !== group).map((option) => `### \`${option.name}\`\n\n${entry(option)}`)
    return [`## \`${group}\``, ...own, ...inner].join('\n\n')
  })
  return `${intro}\n${contents.join(' · ')}\n\n${parts.join('\n\n')}\n`
}

const intro = `# Options

<!-- Written by scripts/options-reference.ts from the options in nix/. -->

What \`.hostenv/hostenv.nix\` can say. \`<name>\` stands for a name that the project chooses, \`*\` for an element of a list. What the
receiver makes of it is in [manifest](manifest.md), what processes get in [processes](processes.md), and the functions of \`lib\` in
[lib](lib.md). Beside \`pkgs\`, \`lib\`, \`config\` and \`options\` a module may take \`revision\`: the pushed commit, null without a receiver.
`

function entry(option: Option): string {
  const facts = [
    `- type: ${typeText(option.type)}${option.readOnly ? ' (read only)' : ''}`,
    ...value('default', option.default),
    ...value('example', option.example),
    `- declared in ${option.declarations.map((file) => `[nix/${file}](../../nix/${file})`).join(', ')}`,
  ]
  const text = option.description.trim().replaceAll(/\{\w+\}`/g, '`')
  return `${text}\n\n${facts.join('\n')}`
}

// A pattern has characters that Markdown would take for a link or for emphasis.
function typeText(type: string): string {
  return type.replace(/(?<=matching the pattern )\S.*$/, '`$&`')
}

function value(what: string, text: string | null): string[] {
  if (text === null) return []
  if (!text.includes('\n')) return [`- ${what}: \`${text}\``]
  return [
    `- ${what}:`,
    '',
    ...['```nix', ...text.split('\n'), '```'].map((line) => (line === '' ? '' : `  ${line}`)),
    '',
  ]
}

function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^a-z0-9-]/g, '')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(optionsFile, optionsPage(await readOptions()))
