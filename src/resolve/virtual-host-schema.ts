// `virtualHosts.<name>` of a manifest, parsed strictly: what of it ends up in an answer's header is printable ASCII by then.
import { z } from 'zod'
import { REDIRECT_CODES, wrongLocation, wrongReturn } from '../lib/return-directive.ts'

const hostName = z
  .string()
  .max(253)
  .regex(/^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*$/, 'is not a host name (RFC 1123, lower case)')

const hostAndPort = z
  .string()
  .max(259)
  .refine(
    (value) =>
      hostName.safeParse(value.replace(/:\d{1,5}$/, '')).success && Number(/:(\d+)$/.exec(value)?.[1] ?? 1) < 65536,
    'is not a host name, with or without a port',
  )

const headerValue = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII, and not empty')

const location = z.string().max(1000).superRefine(refusing(wrongLocation))

const directive = z
  .union([z.int(), z.string().max(4000)])
  .transform(String)
  .pipe(
    z
      .string()
      .regex(/^[\x20-\x7e]+$/, 'must be printable ASCII, and not empty')
      .superRefine(refusing(wrongReturn)),
  )

const referrerPolicy = z.enum([
  ...(['no-referrer', 'no-referrer-when-downgrade', 'same-origin', 'origin', 'strict-origin'] as const),
  ...(['origin-when-cross-origin', 'strict-origin-when-cross-origin', 'unsafe-url'] as const),
])

const security = z.object({
  csp: headerValue(8000).nullable().default(null),
  cspMode: z.enum(['enforce', 'report-only']).default('enforce'),
  cspReportTo: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,200}$/, 'is not the name of a report-to group')
    .nullable()
    .default(null),
  reportTo: headerValue(8000).nullable().default(null),
  referrerPolicy: referrerPolicy.nullable().default('strict-origin-when-cross-origin'),
  xFrameOptions: z.enum(['SAMEORIGIN', 'DENY']).nullable().default('SAMEORIGIN'),
  xContentTypeOptions: z.boolean().default(true),
  hsts: z.boolean().default(true),
})

const virtualHost = z.object({
  globalRedirect: hostAndPort.nullable().default(null),
  enableLetsEncrypt: z.boolean().default(true),
  redirectCode: z
    .int()
    .refine((code) => REDIRECT_CODES.includes(code), `is not one of ${REDIRECT_CODES.join(', ')}`)
    .default(301),
  locations: z
    .record(location, z.object({ return: directive.nullable().default(null) }))
    .refine((all) => Object.keys(all).length <= 1000, 'has more than 1000 locations')
    .default({}),
  allowIndexing: z.boolean().nullable().default(null),
  hsts: z.boolean().default(true),
  security: security.prefault({}),
})

/** All virtual hosts of one environment. */
export const virtualHosts = z
  .record(hostName, virtualHost)
  .superRefine((hosts, ctx) => {
    if (Object.keys(hosts).length > 100) ctx.addIssue({ code: 'custom', message: 'has more than 100 host names' })
    for (const [name, { globalRedirect }] of Object.entries(hosts))
      if (globalRedirect === name)
        ctx.addIssue({ code: 'custom', path: [name, 'globalRedirect'], message: 'redirects the host to itself' })
  })
  .default({})

/** Says which host name two environments of a manifest have, or null: a name belongs to one. */
export function sharedName(
  environments: Readonly<
    Record<string, { readonly virtualHosts: object; readonly hostenv: { readonly hostname: string } }>
  >,
): string | null {
  const owners = new Map<string, string>()
  for (const [key, { virtualHosts, hostenv }] of Object.entries(environments))
    for (const name of new Set([hostenv.hostname, ...Object.keys(virtualHosts)])) {
      const other = owners.get(name)
      if (other !== undefined) return `${name} belongs to ${other} and to ${key}: a host name has one environment`
      owners.set(name, key)
    }
  return null
}

function refusing(wrong: (value: string) => string | null) {
  return (value: string, ctx: z.RefinementCtx): void => {
    const message = wrong(value)
    if (message !== null) ctx.addIssue({ code: 'custom', message })
  }
}
