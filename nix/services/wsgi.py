"""Serves a WSGI application (PEP 3333) on a Unix socket, one thread for each request, with the standard library alone.

    wsgi.py MODULE:CALLABLE SOCKET
"""

import importlib
import os
import signal
import socket
import socketserver
import sys
import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer


class Handler(WSGIRequestHandler):
    protocol_version = "HTTP/1.0"
    timeout = 60

    def get_environ(self):
        environ = super().get_environ()
        # The front door says who asked, for which host and how; nobody else reaches the socket.
        forwarded = self.headers.get("X-Forwarded-For", "").split(",")[-1].strip()
        environ["REMOTE_ADDR"] = forwarded
        secure = self.headers.get("X-Forwarded-Proto") == "https"
        if secure:
            # wsgiref makes wsgi.url_scheme of it.
            environ["HTTPS"] = "on"
        host, _, port = self.headers.get("Host", "localhost").rpartition(":")
        environ["SERVER_NAME"] = host or port
        environ["SERVER_PORT"] = port if host else "443" if secure else "80"
        return environ

    def address_string(self):
        return self.headers.get("X-Forwarded-For", "-") if getattr(self, "headers", None) else "-"

    def log_request(self, code="-", size="-"):
        pass


class Server(socketserver.ThreadingMixIn, WSGIServer):
    address_family = socket.AF_UNIX
    daemon_threads = False
    request_queue_size = 128

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", 80
        self.setup_environ()

    def get_request(self):
        request, _ = super().get_request()
        return request, ("", 0)


def main(named, path):
    module, _, attribute = named.partition(":")
    application = importlib.import_module(module)
    for name in attribute.split("."):
        application = getattr(application, name)
    if os.path.exists(path):
        os.unlink(path)
    server = Server(path, Handler)
    server.set_app(application)
    server.base_environ["wsgi.multithread"] = True
    # What is being answered is answered; then the process ends.
    stop = lambda *_: threading.Thread(target=server.shutdown).start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: wsgi.py MODULE:CALLABLE SOCKET")
    main(sys.argv[1], sys.argv[2])
