const { HOSTENV_UPSTREAM_DIR, HOSTENV_ENVIRONMENT } = process.env
require('node:http')
  .createServer((_request, response) => response.end(`Hello from ${HOSTENV_ENVIRONMENT}\n`))
  .listen(`${HOSTENV_UPSTREAM_DIR}/in.sock`)
process.on('SIGTERM', () => process.exit(0))
