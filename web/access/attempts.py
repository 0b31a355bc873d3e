"""Failed sign-ins and asked-for mails, counted in the ledger: they hold over a restart, and for every process."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from limits.storage import MovingWindowSupport, Storage
from sqlalchemy import Connection, delete, func, insert, select

from houblon.orders.db.ledger import Ledger
from houblon.web.access.accounts import attempts

SCHEME = "ledger"
# No limit looks further back.
_FORGOTTEN_AFTER = timedelta(days=1)


class Attempts(Storage, MovingWindowSupport):
    """What flask-limiter counts with a moving window, a row an attempt; who tried is kept as a hash."""

    STORAGE_SCHEME = [SCHEME]
    base_exceptions = Exception

    def __init__(self, uri: str, ledger: Ledger, now: Callable[[], datetime], **options: Any):
        super().__init__(uri, **options)
        self._ledger, self._now = ledger, now

    def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        who, now = _hashed(key), self._now()

        def work(connection: Connection) -> bool:
            count, _ = _window(connection, who, now, expiry)
            if count + amount > limit:
                return False
            connection.execute(insert(attempts), [{"who": who, "at": now}] * amount)
            connection.execute(delete(attempts).where(attempts.c.at < now - _FORGOTTEN_AFTER))
            return True

        return self._ledger.write(work)

    def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._now()
        with self._ledger.reading() as connection:
            count, began = _window(connection, _hashed(key), now, expiry)
        return (began or now).timestamp(), count

    def clear(self, key: str) -> None:
        self._ledger.write(
            lambda connection: connection.execute(delete(attempts).where(attempts.c.who == _hashed(key)))
        )

    def reset(self) -> int | None:
        return self._ledger.write(lambda connection: connection.execute(delete(attempts)).rowcount)

    def check(self) -> bool:
        with self._ledger.reading() as connection:
            return bool(connection.execute(select(1)).scalar_one() == 1)

    # A fixed window is not kept: nothing asks for one.
    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        raise NotImplementedError

    def get(self, key: str) -> int:
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        raise NotImplementedError


def _window(connection: Connection, who: str, now: datetime, expiry: int) -> tuple[int, datetime | None]:
    """How many attempts are in the window that ends now, and when the first of them was."""
    since = now - timedelta(seconds=expiry)
    query = select(func.count(), func.min(attempts.c.at)).where(attempts.c.who == who, attempts.c.at > since)
    count, began = connection.execute(query).one()
    return count, began


def _hashed(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
