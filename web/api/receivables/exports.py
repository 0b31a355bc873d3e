"""`/exports`: what a bookkeeper takes of a period, its totals, and the accounts that the journal posts to."""

from datetime import date
from typing import Any, Literal

import msgspec
from flask import Response

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Faults
from houblon.orders.bookkeeping.accounts import Accounts
from houblon.orders.bookkeeping.files import TYPES
from houblon.orders.bookkeeping.journal import journal_of
from houblon.orders.bookkeeping.period import Period, period_of
from houblon.orders.bookkeeping.tables import TABLES
from houblon.orders.bookkeeping.totals import Totals, totals_of
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import audited_profile
from houblon.web.access.audit import by as acting
from houblon.web.admin.accounts import read_accounts
from houblon.web.admin.profile import differing
from houblon.web.api.blueprint import not_found, operation
from houblon.web.api.bodies import AccountNames, ExportPeriod
from houblon.web.api.etags import seen, tagged
from houblon.web.api.keys import caller
from houblon.web.api.spec.types import Day, Money
from houblon.web.foundation.current_app import house
from houblon.web.foundation.data_folder import Profile
from houblon.web.foundation.errors import json_response, spoken
from houblon.web.foundation.stale import tag_of
from houblon.web.invoices.books import exported

_ROOM = "Exports"
AccountName = Literal[
    "receivables",
    "bank",
    "credits",
    "revenue",
    "discounts",
    "charges",
    "deposits",
    "taxed_deposits",
    "gst",
    "qst",
    "hst",
]


class JournalAccounts(msgspec.Struct, frozen=True):
    """The accounts that the journal posts to, each as the accounting software names it."""

    receivables: str
    bank: str
    credits: str
    revenue: str
    discounts: str
    charges: str
    deposits: str
    taxed_deposits: str
    gst: str
    qst: str
    hst: str


class KindTotal(msgspec.Struct, frozen=True):
    """How many entries of a kind, and what buyers owe by them: less, where it is below zero."""

    kind: Literal["invoice", "credit_note", "payment", "reversal"]
    entries: int
    amount: Money


class AccountTotal(msgspec.Struct, frozen=True):
    """What an account is debited and credited; `name` is what the installation calls it."""

    account: AccountName
    name: str
    debit: Money
    credit: Money


class CurrencyTotals(msgspec.Struct, frozen=True):
    """Of one currency. `debit` and `credit` are the same, unless an entry is damaged: `unbalanced` names those."""

    currency: str
    kinds: tuple[KindTotal, ...]
    accounts: tuple[AccountTotal, ...]
    debit: Money
    credit: Money
    unbalanced: tuple[str, ...]


class ExportTotals(msgspec.Struct, frozen=True):
    """What a period comes to, `until` not in it."""

    since: Day
    until: Day
    currencies: tuple[CurrencyTotals, ...]


ANSWERS = (JournalAccounts, ExportTotals)


@operation("GET", "/exports/totals", scope="read", room=_ROOM, answer="ExportTotals", query=ExportPeriod)
def get_export_totals(asked: dict[str, Any]) -> Response:
    """What a period's invoices, credit notes and payments come to, by account"""
    period, accounts = _period(asked), house().profile.accounts
    found = totals_of(journal_of(house().services.ledger, period))
    document = ExportTotals(
        period.first.isoformat(), period.until.isoformat(), tuple(_totals(each, accounts) for each in found)
    )
    return json_response(msgspec.to_builtins(document))


@operation(
    "GET",
    "/exports/<table>.csv",
    scope="read",
    room=_ROOM,
    answer="Csv",
    query=ExportPeriod,
    faults=(404,),
    media=TYPES["csv"],
)
def get_export_csv(asked: dict[str, Any], table: str) -> Response:
    """A table of a period as CSV: invoices, payments, journal, quickbooks or quickbooks-journal"""
    return _exported(table, "csv", asked)


@operation(
    "GET",
    "/exports/<table>.xlsx",
    scope="read",
    room=_ROOM,
    answer="Workbook",
    query=ExportPeriod,
    faults=(404,),
    media=TYPES["xlsx"],
)
def get_export_workbook(asked: dict[str, Any], table: str) -> Response:
    """The same table as a workbook, with real dates and numbers"""
    return _exported(table, "xlsx", asked)


@operation("GET", "/exports/accounts", scope="read", room=_ROOM, answer="JournalAccounts", etag=True)
def get_export_accounts() -> Response:
    """The accounts that the journal posts to"""
    return _shown(house().profile)


@operation(
    "PUT",
    "/exports/accounts",
    scope="write",
    room=_ROOM,
    answer="JournalAccounts",
    body=AccountNames,
    etag=True,
    if_match=False,
)
def put_export_accounts(asked: dict[str, Any]) -> Response:
    """Name the accounts that the journal posts to; one that is not named stays"""
    faults, by, check_seen = Faults(), acting(house(), caller()), seen()
    read_accounts(asked, house().profile.accounts, faults, "")
    faults.raise_if_any()

    def change(now: Profile) -> Profile:
        check_seen(_etag(now))
        return msgspec.structs.replace(now, accounts=read_accounts(asked, now.accounts, Faults(), ""))

    def entry_of(before: Profile, after: Profile) -> Entry:
        return by.entry("installation.changed", "installation", *differing(before, after))

    return _shown(audited_profile(house(), change, entry_of)[1])


def _exported(table: str, kind: str, asked: dict[str, Any]) -> Response:
    if table not in TABLES:
        not_found()
    return exported(house(), table, kind, _period(asked), spoken())


def _period(asked: dict[str, Any]) -> Period:
    """The days that are asked for, last month's unless any is. Raises Invalid."""
    zone = house().services.installation.zone
    since: date | None = asked.get("since")
    return period_of(since, asked.get("until"), house().now().astimezone(zone).date())


def _totals(totals: Totals, accounts: Accounts) -> CurrencyTotals:
    return CurrencyTotals(
        totals.currency,
        tuple(
            msgspec.convert({"kind": kind, "entries": count.entries, "amount": dollars(count.amount)}, KindTotal)
            for kind, count in totals.kinds.items()
        ),
        tuple(
            msgspec.convert(
                {
                    "account": account,
                    "name": accounts.name_of(account),
                    "debit": dollars(balance.debit),
                    "credit": dollars(balance.credit),
                },
                AccountTotal,
            )
            for account, balance in totals.accounts.items()
        ),
        dollars(totals.debit),
        dollars(totals.credit),
        totals.unbalanced,
    )


def _shown(profile: Profile) -> Response:
    return tagged(json_response(msgspec.to_builtins(profile.accounts)), _etag(profile))


def _etag(profile: Profile) -> str:
    return tag_of(profile.accounts)
