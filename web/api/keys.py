"""Who calls the API: the key in `Authorization: Bearer`, its scopes, and how often it may call."""

from datetime import timedelta
from typing import Any

from flask import abort, g, request

from orders.doors import known_key, touch_key
from web.api.rates import Rates
from web.open import house

_NOTED_EVERY = timedelta(minutes=1)  # a use is noted, but not with a disk write at each call


def admit(scope: str, rates: Rates) -> Any:
    """The caller's key: 401 without a known one, 403 without the scope, 429 when it calls too often."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    ledger, now = house().desk.ledger, house().now()
    known = known_key(ledger, key) if scheme.lower() == "bearer" and key else None
    if known is None:
        abort(401)
    g.api_key = known
    if scope not in known.scopes:
        abort(403)
    g.rate = rates.spend(known.key, scope)
    if not g.rate.is_allowed:
        abort(429)
    if known.last_used_at is None or now - known.last_used_at > _NOTED_EVERY:
        ledger.write(lambda connection: touch_key(connection, key, now))
    return known


def caller() -> str:
    """The key's name as histories write it: `api:caisse`."""
    return f"api:{g.api_key.name}"
