// What the front door says itself: one plain sentence, which tells nothing of what else is here.
import { type ServerResponse, STATUS_CODES } from 'node:http'

export const SENTENCES = {
  400: 'The request does not say clearly which host it is for.',
  404: 'No environment has this name.',
  408: 'The request did not arrive in time.',
  501: 'The front door does not know this way of sending a request.',
  502: 'The environment did not answer.',
  503: 'The environment cannot take this request at the moment: try again in a few seconds.',
  504: 'The environment did not answer in time.',
} as const

/** Seconds after which a client is asked to try again (RFC 9110 §10.2.3). */
const RETRY_AFTER = 5

/** Answers with a status of our own, or ends the connection where an answer has begun already. */
export function answer(response: ServerResponse, status: keyof typeof SENTENCES): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const body = `${SENTENCES[status]}\n`
  // With its own words: the response may hold those of an environment that node:http refused to write.
  response.writeHead(status, STATUS_CODES[status], {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(body),
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 503 ? { 'Retry-After': RETRY_AFTER } : {}),
    // What of the request is not read yet must not be taken for the next one.
    ...(response.req.complete ? {} : { Connection: 'close' }),
  })
  response.end(body)
}
