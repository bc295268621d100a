// Hears of changes to the configuration and the key files, however an editor or a deployment tool replaces them.
import { existsSync, realpathSync } from 'node:fs'
import { dirname } from 'node:path'
import { type FSWatcher, watch } from 'chokidar'

/** Milliseconds without a further change until it is told: editors write in several steps. */
const QUIET = 100

export interface FileWatch {
  /** Watches these files from now on instead; they need not exist. */
  follow(files: readonly string[]): Promise<void>
  close(): Promise<void>
}

/** Makes a watch that follows nothing yet. `changed` is called once for changes that come together. */
export function watchFiles(changed: () => void, failed: (error: unknown) => void): FileWatch {
  let watcher: FSWatcher | null = null
  let timer: NodeJS.Timeout | undefined
  const tell = () => {
    clearTimeout(timer)
    timer = setTimeout(changed, QUIET).unref()
  }
  return {
    async follow(files) {
      const wanted = new Set(files.flatMap((file) => [file, real(file)]))
      // The folders, not the files: a file that is replaced is another file, but the folder stays.
      const folders = new Set([...wanted].map((file) => dirname(file)).filter((folder) => existsSync(folder)))
      const before = watcher
      watcher = null
      // A watch of nothing is never ready.
      if (folders.size === 0) return void (await before?.close())
      const next = watch([...folders], {
        ...{ depth: 0, ignoreInitial: true, persistent: false },
        ignored: (path) => !folders.has(path) && !wanted.has(path),
      })
      watcher = next
      next.on('all', tell).on('error', failed)
      await new Promise<void>((resolve) => next.once('ready', () => resolve()))
      await before?.close()
    },
    async close() {
      clearTimeout(timer)
      await watcher?.close()
    },
  }
}

// A link may lead to a file that is replaced where it is.
function real(file: string): string {
  try {
    return realpathSync(file)
  } catch {
    return file
  }
}
