"""Who calls the API: the key in `Authorization: Bearer`, its scopes, and how often it may call."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from flask import abort, g, request

from houblon.orders.credentials.credentials import known_key, touch_key
from houblon.orders.records.decision_log import API
from houblon.web.api.rates import Rates, Spent
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.limits.sizes import UPLOAD_BY_KEY

RATES = "houblon.rates"  # the app's extension that counts calls
_NOTED_EVERY = timedelta(minutes=1)  # a use is noted, but not with a disk write at each call


class Admission(NamedTuple):
    """Who calls and what is left to them: the key if it is known, the call counted if the key may make it, and the
    status of the refusal where the call goes no further."""

    key: Any = None
    spent: Spent | None = None
    refusal: int | None = None


def admission(house: House, rates: Rates, scope: str, authorization: str) -> Admission:
    """The admission of one call, which is counted here and nowhere else: 401 without a known key, 403 without the
    scope, 429 when it calls too often."""
    written, now = _written(authorization), house.now()
    key = known_key(house.recent_services.ledger, written) if written else None
    if key is None:
        return Admission(refusal=401)
    if scope not in key.scopes:
        return Admission(key, refusal=403)
    spent = rates.spend(key.key, scope)
    if not spent.is_allowed:
        return Admission(key, spent, 429)
    if _is_to_be_noted(key, now):
        house.services.ledger.write(lambda connection: touch_key(connection, written, now))
    return Admission(key, spent)


def may_send_long(house: House, environ: dict[str, Any]) -> bool:
    """Whether a call brings a file of orders by a key that may: such a body is given time."""
    if environ["PATH_INFO"] != UPLOAD_BY_KEY:
        return False
    written = _written(environ.get("HTTP_AUTHORIZATION", ""))
    key = known_key(house.recent_services.ledger, written) if written else None
    return key is not None and "write" in key.scopes


def admit(scope: str, rates: Rates) -> None:
    """`admission` of the request that Flask answers."""
    found = admission(house(), rates, scope, request.headers.get("Authorization", ""))
    # Set where they are: what follows asks whether there is a key.
    if found.key is not None:
        g.api_key = found.key
    if found.spent is not None:
        g.rate = found.spent
    if found.refusal is not None:
        abort(found.refusal)


def _is_to_be_noted(key: Any, now: datetime) -> bool:
    """Whether this use of the key is to be written down."""
    return key.last_used_at is None or now - key.last_used_at > _NOTED_EVERY


def _written(authorization: str) -> str:
    scheme, _, key = authorization.partition(" ")
    return key if scheme.lower() == "bearer" else ""


def caller() -> str:
    """The key's name as histories write it: `api:caisse`."""
    return f"{API}{g.api_key.name}"
