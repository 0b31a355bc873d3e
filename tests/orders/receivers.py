"""A real HTTP server for tests: an endpoint that verifies, keeps what it takes, and misbehaves on demand."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook


class Endpoint:
    """`answers` are statuses, or (status, headers), for the next calls, then 204; each call waits `slow` seconds."""

    def __init__(self, slow=0.0):
        self.calls, self.answers, self.slow, self.url = [], [], slow, ""

    def take(self, handler):
        body = handler.rfile.read(int(handler.headers["content-length"]))
        self.calls.append((time.monotonic(), dict(handler.headers.items()), body))
        time.sleep(self.slow)
        answer = self.answers.pop(0) if self.answers else 204
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        said = b"" if status == 204 else b"said by\nthe receiver"
        handler.send_response(status)
        for name, value in {**headers, "content-length": str(len(said))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(said)

    @property
    def ids(self):
        return [header(headers, "webhook-id") for _, headers, _ in self.calls]


def header(headers, name):
    return {each.lower(): value for each, value in headers.items()}[name]


def verified(secret, call):
    """The payload, once the library of receivers has verified it. Raises WebhookVerificationError."""
    _, headers, body = call
    return Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})


@contextmanager
def serving(endpoint, tls=None):
    """Serve the endpoint on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            endpoint.take(self)

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    endpoint.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
