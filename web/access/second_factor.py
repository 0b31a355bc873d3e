"""Codes of an authenticator application, each good for one use."""

from typing import Any

from flask_security import Totp as FsTotp


class Totp(FsTotp):
    """Remembers the last code's number with the account: a code that was seen over a shoulder is spent."""

    def get_last_counter(self, user: Any) -> int | None:
        last: int | None = user.totp_counter
        return last

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        user.totp_counter = tmatch.counter
