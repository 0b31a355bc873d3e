"""`Idempotency-Key`: a call that came before gets the answer that it got, and nothing is done twice.

Source: draft-ietf-httpapi-idempotency-key-header. Only what took effect is kept, for a day; after a
refusal the same key may try again. A call whose answer was lost in a crash may be done anew after
a minute.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, request
from sqlalchemy import ColumnElement, Connection, Row, delete, insert, select, update

from houblon.engine.core.problem import refuse
from houblon.orders.db.tables import idempotent_calls
from houblon.orders.services import Conflict
from houblon.web.foundation.current_app import house

KEPT = timedelta(days=1)
UNDER_WAY = timedelta(minutes=1)
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_HEADERS = ("Content-Type", "ETag", "Location")


def once(work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the stored one when this caller sent the same key and call before.

    Raises Invalid when the key came with another call, Conflict while the first one is under way.
    """
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise refuse(
            "idempotency_key", "", "Une clé de 1 à 200 caractères visibles.", "A key of 1 to 200 visible characters."
        )
    ledger, now, caller = house().services.ledger, house().now(), g.api_key.key
    said = b"\n".join((request.method.encode(), request.full_path.encode(), request.get_data()))
    asked = hashlib.sha256(said).hexdigest()
    before = ledger.write(lambda connection: _claim(connection, caller, key, asked, now))
    if before is not None:
        return _stored(before, asked)
    try:
        response = work()
    except BaseException:
        ledger.write(lambda connection: _forget(connection, caller, key))
        raise
    if response.status_code >= 300:
        ledger.write(lambda connection: _forget(connection, caller, key))
    else:
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        kept = {"status": response.status_code, "headers": headers, "body": response.get_data()}
        ledger.write(
            lambda connection: connection.execute(update(idempotent_calls).where(_is(caller, key)).values(kept))
        )
    return response


def _claim(connection: Connection, caller: int, key: str, asked: str, now: datetime) -> Row[Any] | None:
    """The call that came before under this key; None when it is claimed for this one."""
    table = idempotent_calls.c
    connection.execute(delete(idempotent_calls).where(table.at < now - KEPT))
    known = connection.execute(select(idempotent_calls).where(_is(caller, key))).one_or_none()
    if known is not None and known.status is None and now - known.at > UNDER_WAY:
        _forget(connection, caller, key)
        known = None
    if known is None:
        values = {"api_key": caller, "idempotency_key": key, "request_hash": asked, "at": now}
        connection.execute(insert(idempotent_calls), values)
    return known


def _stored(known: Row[Any], asked: str) -> Response:
    if known.request_hash != asked:
        raise refuse(
            "idempotency_key_reused",
            "",
            "Cette clé est déjà venue avec une autre demande.",
            "This key came before with another request.",
        )
    if known.status is None:
        raise Conflict(
            "under_way",
            "La même demande est encore en cours : réessayez dans un instant.",
            "The same request is still under way: try again in a moment.",
        )
    response = Response(known.body, known.status, known.headers)
    response.headers["Idempotent-Replay"] = "true"
    return response


def _forget(connection: Connection, caller: int, key: str) -> None:
    connection.execute(delete(idempotent_calls).where(_is(caller, key)))


def _is(caller: int, key: str) -> ColumnElement[bool]:
    return (idempotent_calls.c.api_key == caller) & (idempotent_calls.c.idempotency_key == key)
