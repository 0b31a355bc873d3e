"""The signed link to a statement of account: what lets a retailer open the one that they were sent, without an account."""

from datetime import UTC, date, datetime, timedelta

import msgspec
from itsdangerous import BadSignature, URLSafeSerializer

from houblon.orders.services import Services

_SALT = "statement"
_DAY = timedelta(days=1)  # clocks that are ahead of UTC


class Opened(msgspec.Struct, frozen=True):
    """Which statement a link opens: whose, of which period, and when it was sent."""

    retailer: str
    since: date
    until: date
    sent_at: datetime


def statement_link(services: Services, opened: Opened) -> str:
    """The address of the statement's page, for its retailer only."""
    said = (opened.retailer, opened.since.isoformat(), opened.until.isoformat(), int(opened.sent_at.timestamp()))
    return f"{services.base_url.rstrip('/')}/r/{URLSafeSerializer(services.secret, salt=_SALT).dumps(said)}"


def read_statement_link(services: Services, token: str) -> Opened | None:
    """What the link opens; None when the token was not signed here, or by a former secret after that was one."""
    opened = _read(services.secret, token)
    if opened is not None:
        return opened
    for each in services.former:
        opened = _read(each.key, token)
        if opened is not None:
            # Who has a secret that leaked can sign what they like: it opens nothing of after it was given up.
            is_before = opened.sent_at <= each.until and opened.until <= (each.until + _DAY).date()
            return opened if is_before else None
    return None


def _read(secret: str, token: str) -> Opened | None:
    try:
        retailer, since, until, sent_at = URLSafeSerializer(secret, salt=_SALT).loads(token)
    except BadSignature:
        return None
    return Opened(retailer, date.fromisoformat(since), date.fromisoformat(until), datetime.fromtimestamp(sent_at, UTC))
