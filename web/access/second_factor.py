"""The second factor: codes of an authenticator application and recovery codes, each good for one use.

Both are spent by one conditional write, so that of two browsers that show the same code at once only one comes in.
"""

from typing import Any

from flask_security import MfRecoveryCodesUtil
from flask_security import Totp as FsTotp
from flask_security.proxies import _security
from passlib.exc import TokenError, UsedTokenError  # type: ignore[import-untyped]
from sqlalchemy import Connection, or_, select, update

from houblon.web.access import account_commands
from houblon.web.access.account_mail import RECOVERY_CODE_USED, queue_email
from houblon.web.access.accounts import accounts
from houblon.web.access.audit import by, noted
from houblon.web.foundation.current_app import house

# How many seconds before and after now a code is taken from, for clocks that differ.
_WINDOW = 120
RECOVERY_CODES = 8


class Totp(FsTotp):
    """Remembers the last code's number with the account: a code that was seen over a shoulder is spent."""

    def get_last_counter(self, user: Any) -> int | None:
        last: int | None = user.totp_counter
        return last

    def set_last_counter(self, user: Any, tmatch: Any) -> None:
        """Spend the code. Raises UsedTokenError when another browser has just spent it."""
        is_fresh = or_(accounts.c.totp_counter.is_(None), accounts.c.totp_counter < tmatch.counter)
        spend = update(accounts).where(accounts.c.id == user.id, is_fresh).values(totp_counter=tmatch.counter)
        if house().services.ledger.write(lambda connection: connection.execute(spend).rowcount) == 0:
            raise UsedTokenError(expire_time=tmatch.expire_time)

    def number_of(self, code: str, secret: str) -> int | None:
        """The number of a code of an authenticator that is being enrolled; None when the code is not right."""
        try:
            number: int = self._totp.verify(code, secret, window=_WINDOW).counter
        except TokenError:
            return None
        return number


class RecoveryCodes(MfRecoveryCodesUtil):
    """Recovery codes, whose making and use are in the audit log and told to the person."""

    def create_recovery_codes(self, user: Any) -> list[str]:
        codes: list[str] = _security.totp_factory.generate_recovery_codes(RECOVERY_CODES)
        kept, services, who, id = self._encrypt_codes(codes), house().services, by(house(), user.email), user.id
        services.ledger.write(
            lambda connection: account_commands.replace_recovery_codes(connection, services, id, kept, by=who)
        )
        return codes

    def check_recovery_code(self, user: Any, code: str) -> bool:
        """Whether the code is one of the person's; if it is, it is one no more."""
        services, who, language = house().services, by(house(), user.email), user.language or "fr"
        id = user.id
        mine = select(accounts.c.mf_recovery_codes).where(accounts.c.id == id)
        with services.ledger.reading() as connection:
            found = connection.execute(mine).scalar_one() or []
        spent = next((each for each in found if self._decrypt_codes([each]) == [code]), None)

        def work(connection: Connection) -> bool:
            codes = connection.execute(mine.with_for_update()).scalar_one() or []
            if spent not in codes:
                return False
            left = [each for each in codes if each != spent]
            connection.execute(update(accounts).where(accounts.c.id == id).values(mf_recovery_codes=left))
            noted(connection, who, "user.recovery_code_used", who.who, len(codes), len(left))
            queue_email(connection, services, RECOVERY_CODE_USED, who.who, language, who.at, None)
            return True

        return services.ledger.write(work)

    def delete_recovery_code(self, user: Any, code: str) -> bool:
        """It went when it was checked."""
        return True
