"""Stands between Houblon and a sender that signs otherwise, or sends ids only: fetch the order, sign it, pass it on.

`fetch(event)` is yours: verify the sender's own signature, then ask its API for the order.
"""

import json
import os
import time
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook


def pass_on(event: dict[str, Any], fetch: Callable[[dict[str, Any]], Any], name: str) -> int:
    """Send the order that an event speaks of; `name` is the event's own id, so that it is taken once."""
    body, now = json.dumps(fetch(event)), datetime.fromtimestamp(int(time.time()), UTC)
    signature = Webhook(os.environ["HOUBLON_SOURCE_SECRET"]).sign(name, now, body)
    headers = {"webhook-id": name, "webhook-timestamp": str(int(now.timestamp())), "webhook-signature": signature}
    call = urllib.request.Request(os.environ["HOUBLON_WEBHOOK"], body.encode(), headers)
    with urllib.request.urlopen(call, timeout=10) as answer:
        return int(answer.status)
