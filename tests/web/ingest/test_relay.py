"""docs/mappings/relay.py, run: what it passes on is signed as Houblon asks, and is taken."""

import importlib.util
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from houblon.web.ingest.signatures import verify
from tests.clock import real

RELAY = Path(__file__).resolve().parents[3] / "docs" / "mappings" / "relay.py"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_order_that_was_fetched_is_passed_on_signed(monkeypatch):
    taken = []

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            taken.append((dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    spec = importlib.util.spec_from_file_location("relay", RELAY)
    relay = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(relay)
    door = HTTPServer(("127.0.0.1", 0), Door)
    threading.Thread(target=door.handle_request, daemon=True).start()
    monkeypatch.setenv("HOUBLON_SOURCE_SECRET", SECRET)
    monkeypatch.setenv("HOUBLON_WEBHOOK", f"http://127.0.0.1:{door.server_port}/webhooks/orders")
    assert relay.pass_on({"order_id": "O-1"}, lambda event: {"order": {"id": event["order_id"]}}, "evt-1") == 200
    door.server_close()
    [(headers, body)] = taken
    assert verify([SECRET], headers, body, real()) == "evt-1"
    assert b'"O-1"' in body
