"""Who calls the API: the key in `Authorization: Bearer`, its scopes, and how often it may call."""

from datetime import datetime, timedelta
from typing import Any

from flask import abort, g, request

from houblon.orders.credentials.credentials import known_key, touch_key
from houblon.web.api.rates import Rates
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house

RATES = "houblon.rates"  # the app's extension that counts calls
_NOTED_EVERY = timedelta(minutes=1)  # a use is noted, but not with a disk write at each call


def admit(scope: str, rates: Rates) -> Any:
    """The caller's key: 401 without a known one, 403 without the scope, 429 when it calls too often."""
    given, now = request.headers.get("Authorization", ""), house().now()
    key = known(house(), given)
    if key is None:
        abort(401)
    g.api_key = key
    if scope not in key.scopes:
        abort(403)
    g.rate = rates.spend(key.key, scope)
    if not g.rate.is_allowed:
        abort(429)
    if is_to_be_noted(key, now):
        house().services.ledger.write(lambda connection: touch_key(connection, _written(given), now))
    return key


def known(house: House, given: str) -> Any:
    """The active key of an `Authorization` header; None without one."""
    written = _written(given)
    return known_key(house.recent_services.ledger, written) if written else None


def is_to_be_noted(key: Any, now: datetime) -> bool:
    """Whether this use of the key is to be written down."""
    return key.last_used_at is None or now - key.last_used_at > _NOTED_EVERY


def _written(given: str) -> str:
    scheme, _, key = given.partition(" ")
    return key if scheme.lower() == "bearer" else ""


def caller() -> str:
    """The key's name as histories write it: `api:caisse`."""
    return f"api:{g.api_key.name}"
