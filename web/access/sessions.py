"""Sessions of people: one row a browser that signed in, so that each can be seen and ended.

The cookie names its row; a row that is gone, ended or too long unused is a session that is over.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, g, request, session
from flask_login import current_user, user_logged_in, user_logged_out
from sqlalchemy import Connection, Row, delete, insert, select, update

from houblon.web.access.account_state import State, state_of
from houblon.web.access.accounts import sessions
from houblon.web.foundation.composition import House

KEPT_FOR = timedelta(days=14)  # unused longer, a session is over
_FORGOTTEN_AFTER = timedelta(days=90)
_SEEN_EVERY = timedelta(minutes=1)  # being seen is noted, but not with a disk write at each page
KEY = "seance"


def register(app: Flask, house: House) -> None:
    """Begin a row when somebody signs in, end it when they leave."""

    def _began(_: Flask, user: Any, **__: Any) -> None:
        now, id, before = house.now(), secrets.token_urlsafe(24), session.get(KEY)
        address, agent = request.remote_addr or "", request.user_agent.string[:300]

        def work(connection: Connection) -> None:
            if before is not None:
                end_one(connection, now, user.id, before)
            connection.execute(delete(sessions).where(sessions.c.seen_at < now - _FORGOTTEN_AFTER))
            row = {"id": id, "account_id": user.id, "started_at": now, "seen_at": now}
            connection.execute(insert(sessions).values(**row, address=address, agent=agent))

        house.services.ledger.write(work)
        session[KEY] = id

    def _left(_: Flask, user: Any, **__: Any) -> None:
        id = session.pop(KEY, None)
        if id is not None and user.is_authenticated:
            house.services.ledger.write(lambda connection: end_one(connection, house.now(), user.id, id))

    _load_live_alone(app, house)
    user_logged_in.connect(_began, app)
    user_logged_out.connect(_left, app)
    # flask-login sends these to whoever listens weakly: the app keeps the listeners alive.
    app.extensions["houblon.sessions"] = (_began, _left)


def _load_live_alone(app: Flask, house: House) -> None:
    """Have nobody be signed in whose session is over: not for a page, nor for what flask-security asks by itself."""
    manager: Any = app.extensions["security"].login_manager
    load = manager._user_callback

    def _live(id: str) -> Any:
        if g.get("is_unknown_who"):
            return None  # the page that tells of the fault is nobody's
        g.is_unknown_who = True
        user = load(id)
        is_theirs = user is not None and state_of(user) is State.ACTIVE and is_live(house, user.id)
        g.is_unknown_who, g.session_is_over = False, not is_theirs
        return user if is_theirs else None

    manager.user_loader(_live)
    # Tokens in a header or an address are nobody's way in: programs have keys, at their own doors.
    manager.request_loader(lambda _: None)


def forget_if_over() -> bool:
    """Whether the browser's session is over, and if so forget what it holds but the token of the form at hand."""
    if current_user.is_authenticated or not g.get("session_is_over"):
        return False
    token = session.get("csrf_token")
    session.clear()
    if token is not None:
        session["csrf_token"] = token
    return True


def is_live(house: House, account: int) -> bool:
    """Whether the browser's session is open still; notes now and then that it was seen."""
    id, now = session.get(KEY), house.now()
    if not isinstance(id, str):
        return False
    with house.services.ledger.reading() as connection:
        seen_at = connection.execute(
            select(sessions.c.seen_at).where(*_open_at(now), sessions.c.id == id, sessions.c.account_id == account)
        ).scalar_one_or_none()
    if seen_at is None:
        return False
    if now - seen_at > _SEEN_EVERY:
        seen = update(sessions).where(sessions.c.id == id).values(seen_at=now)
        house.services.ledger.write(lambda connection: connection.execute(seen))
    return True


def open_sessions(connection: Connection, account: int, now: datetime) -> Sequence[Row[Any]]:
    """An account's open sessions, the last seen first."""
    query = select(sessions).where(*_open_at(now), sessions.c.account_id == account)
    return connection.execute(query.order_by(sessions.c.seen_at.desc())).all()


def end_one(connection: Connection, at: datetime, account: int, id: str) -> int:
    """End one open session of an account; how many that were."""
    return connection.execute(_ending(at, account).where(sessions.c.id == id)).rowcount


def end_all(connection: Connection, at: datetime, account: int, but: str | None = None) -> int:
    """End an account's open sessions, `but` one; how many."""
    query = _ending(at, account)
    return connection.execute(query if but is None else query.where(sessions.c.id != but)).rowcount


def _ending(at: datetime, account: int) -> Any:
    return update(sessions).where(*_open_at(at), sessions.c.account_id == account).values(ended_at=at)


def _open_at(now: datetime) -> tuple[Any, ...]:
    return sessions.c.ended_at.is_(None), sessions.c.seen_at > now - KEPT_FOR
