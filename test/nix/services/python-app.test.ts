// services.python-app: a WSGI application on the server that comes with the library.
import t from 'tap'
import { ask, logOf, testServices } from './service.ts'

const app = `import time
from wsgiref.validate import validator

def echo(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        time.sleep(0.5)
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    names = ["REMOTE_ADDR", "wsgi.url_scheme", "SERVER_NAME", "SERVER_PORT", "PATH_INFO", "QUERY_STRING"]
    text = " ".join(str(environ[name]) for name in names) + " " + body.decode()
    if environ["PATH_INFO"] == "/fail":
        raise ValueError("no such word")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [text.encode()]

class Web:
    application = staticmethod(validator(echo))
`
const lines = 'services.python-app = { enable = true; root = ../src; app = "shop.web:Web.application"; };'
const files = { 'src/shop/__init__.py': '', 'src/shop/web.py': app }

testServices(t, ['python3'], async (t, services) => {
  const tree = await services.start(lines, files)
  const forwarded = { 'x-forwarded-for': '192.0.2.7', 'x-forwarded-proto': 'https', host: 'example.org' }
  t.match(await ask(tree, '/a%20b?c=d', { headers: forwarded }), {
    status: 200,
    body: '192.0.2.7 https example.org 443 /a b c=d ',
  })
  t.match(await ask(tree, '/', { headers: { host: 'example.org:8080' } }), { body: ' http example.org 8080 / ' })
  t.match(await ask(tree, '/', { method: 'POST', body: 'some words' }), { body: /some words$/ })
  t.match(await ask(tree, '/fail'), { status: 500 })
  t.match(await logOf(tree, 'python-app', /ValueError: no such word/), /ValueError: no such word/)
  t.notMatch(tree.log('python-app'), /AssertionError/, 'it keeps to PEP 3333')

  const slow = Promise.all(['/slow', '/slow', '/slow'].map((path) => ask(tree, path)))
  t.same(
    (await slow).map(({ status }) => status),
    [200, 200, 200],
  )
  const last = ask(tree, '/slow')
  await tree.sh('sleep 0.2; s6-svc -wD -T 5000 -d "$HOSTENV_RUNTIME_DIR/s6/service/python-app"')
  t.match(await last, { status: 200 }, 'what is being answered when it is stopped is answered')

  const wrong = await services.activate(tree, lines.replace('shop.web', 'shop.wbe'), files)
  t.not(wrong.code, 0)
  t.match(wrong.stderr, /ModuleNotFoundError: No module named 'shop\.wbe'/)
})
