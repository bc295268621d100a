// The one import of ssh2, without its native part: compiled with the headers of Node 24.19 or later that ends the whole process when a
// cipher of a closed connection is collected (nodejs/node#65446). What it is compiled with cannot be seen, so none is loaded.
import { createRequire, registerHooks } from 'node:module'

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.endsWith('/sshcrypto.node')) throw new Error('the native part of ssh2 is not loaded')
    return next(specifier, context)
  },
})

/** What the package exports. Its types are imported from it by name, which loads nothing. */
export const ssh2 = createRequire(import.meta.url)('ssh2') as typeof import('ssh2')
