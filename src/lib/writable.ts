// Whether this user may write in a directory: of a store that is Nix's daemon's, for one, nobody else may.
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'

/** False also where there is no such directory (access(2)). */
export async function isWritable(directory: string): Promise<boolean> {
  return await access(directory, constants.W_OK).then(
    () => true,
    () => false,
  )
}
