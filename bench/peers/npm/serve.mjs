// node-git-server as its own documentation starts it: every push is accepted, over plain HTTP. `node serve.mjs FOLDER PORT`.
import { Git } from 'node-git-server'

const [folder, port] = process.argv.slice(2)
const repositories = new Git(folder, { autoCreate: true })
repositories.on('push', (push) => push.accept())
repositories.on('fetch', (fetch) => fetch.accept())
repositories.listen(Number(port), { type: 'http' })
