"""The filters of the lists of orders, as addresses and forms write them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from houblon.engine.core.money import cents
from houblon.engine.core.problem import Invalid, Problem, refuse
from houblon.orders.queries.lists import OrderFilter
from houblon.web.presentation.typed_numbers import money_typed

MEMBERS = ("q", "groupe", "du", "au", "minimum", "etat", "raison", "attend", "tri")


def order_filter(
    said: Mapping[str, str], zone: ZoneInfo, language: str, states: tuple[str, ...] = ()
) -> tuple[OrderFilter, dict[str, Problem]]:
    """What an address asks, and by filter's name what can't be read, which asks nothing and is told.

    Days are the installation's, both included.
    """
    read: dict[str, Any] = {}
    problems: dict[str, Problem] = {}
    for name, reader in (
        ("du", lambda text: _day(text, zone)),
        ("au", lambda text: _day(text, zone)),
        ("minimum", lambda text: cents(money_typed(text, language))),
    ):
        text = said.get(name, "").strip()
        try:
            read[name] = reader(text) if text else None
        except Invalid as invalid:
            read[name], problems[name] = None, invalid.problems[0]
    state = said.get("etat")
    asked = OrderFilter(
        state=state if state in states else None,
        search=said.get("q", "").strip()[:100],
        group=said.get("groupe") or None,
        since=read["du"],
        until=read["au"] and read["au"] + timedelta(days=1),
        at_least=read["minimum"],
    )
    return asked, problems


def kept(said: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set, by name, for links and saved views."""
    return {name: said[name].strip() for name in MEMBERS if said.get(name, "").strip()}


def _day(text: str, zone: ZoneInfo) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone)
    except ValueError:
        raise refuse(
            "date", "", "Une date comme « 2021-06-19 » est attendue.", 'A date such as "2021-06-19" is expected.'
        ) from None
