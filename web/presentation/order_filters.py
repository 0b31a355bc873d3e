"""The filters of the lists of orders, as addresses and forms write them."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from houblon.engine.core.money import cents
from houblon.engine.core.problem import Invalid
from houblon.orders.queries.lists import OrderFilter

MEMBERS = ("q", "groupe", "du", "au", "minimum", "etat", "raison")


def order_filter(said: Mapping[str, str], zone: ZoneInfo, states: tuple[str, ...] = ()) -> OrderFilter:
    """What an address asks; days are the installation's, both included. What can't be read asks nothing."""
    until = _day(said.get("au", ""), zone)
    state = said.get("etat")
    return OrderFilter(
        state=state if state in states else None,
        search=said.get("q", "").strip()[:100],
        group=said.get("groupe") or None,
        since=_day(said.get("du", ""), zone),
        until=until and until + timedelta(days=1),
        at_least=_amount(said.get("minimum", "")),
    )


def kept(said: Mapping[str, str]) -> dict[str, str]:
    """The filters that are set, by name, for links and saved views."""
    return {name: said[name].strip() for name in MEMBERS if said.get(name, "").strip()}


def _day(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone) if text else None
    except ValueError:
        return None


def _amount(text: str) -> int | None:
    plain = "".join(text.replace("$", "").split()).replace(",", ".")
    try:
        return cents(plain) if plain else None
    except (ValueError, Invalid):
        return None
