"""The settings of a group: which there are, and what each may hold."""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.mail_address import read_address
from houblon.engine.core.money import cents, dollars
from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.core.texts import is_text
from houblon.engine.policy.reminders import read_letter, read_reminders
from houblon.engine.policy.terms import parse_terms, terms_document

EVENTS = ("order.accepted", "order.held", "order.refused", "invoice.issued")
MAX_TEXT = 2_000
MAX_DAYS = 3_650
MAX_HOURS = 8_760


class SettingKind(msgspec.Struct, frozen=True):
    """How a setting's value is checked; `nullable` when a group may state that there is none.

    `unstated` is what it is where Tous does not state it, having been written before there was such a setting; those
    that Tous must state have none.
    """

    path: str
    check: Callable[[Any], Any]
    nullable: bool = False
    unstated: Any = msgspec.UNSET

    @property
    def is_required(self) -> bool:
        """Whether Tous must state it."""
        return self.unstated is msgspec.UNSET


def check_setting(path: str, value: object, pointer: str = "") -> Any:
    """The value in its one written form ("200" → "200.00"). Raises Invalid, placed under `pointer`."""
    kind = SETTINGS.get(path)
    faults = Faults()
    with faults.gather(pointer):
        if kind is None:
            raise refuse(
                "unknown_setting", "", f"Le paramètre « {path} » n’existe pas.", f"There is no setting “{path}”."
            )
        if value is None and not kind.nullable:
            raise refuse("required", "", "Ce paramètre doit avoir une valeur.", "This setting must have a value.")
        return None if value is None else kind.check(value)
    faults.raise_if_any()


def _one_of(*choices: str) -> Callable[[Any], str]:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in choices:
            raise refuse(
                "unknown_option", "", f"Choisissez parmi {', '.join(choices)}.", f"Choose among {', '.join(choices)}."
            )
        return value

    return check


def _item_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 1_000_000:
        raise refuse("range", "", "Un nombre entier d’articles, au moins 1.", "A whole number of items, at least 1.")
    return value


def _day_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_DAYS:
        raise refuse(
            "range", "", f"Un nombre entier de jours, de 0 à {MAX_DAYS}.", f"A whole number of days, 0 to {MAX_DAYS}."
        )
    return value


def _hour_count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MAX_HOURS:
        raise refuse(
            "range",
            "",
            f"Un nombre entier d’heures, de 1 à {MAX_HOURS}.",
            f"A whole number of hours, 1 to {MAX_HOURS}.",
        )
    return value


def _money(value: Any) -> str:
    try:
        amount: int = cents(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)
    except (ValueError, TypeError):
        amount = -1
    if amount < 0:
        raise refuse(
            "money",
            "",
            "Un montant positif avec au plus deux décimales, comme « 200.00 ».",
            'A positive amount with at most two places, such as "200.00".',
        )
    return dollars(amount)


def _percent(value: Any) -> str:
    try:
        # Decimal reads digits of every script, and "1_0" as ten.
        is_plain = isinstance(value, str) and len(value) <= 12 and value.isascii() and "_" not in value
        percent = Decimal(value) if is_plain else Decimal("NaN")
        if isinstance(value, int) and not isinstance(value, bool):
            percent = Decimal(value)
    except InvalidOperation:
        percent = Decimal("NaN")
    if not (percent.is_finite() and 0 <= percent <= 100 and percent.as_tuple().exponent >= -4):  # type: ignore[operator]
        raise refuse(
            "range",
            "",
            "Un pourcentage de 0 à 100, au plus quatre décimales, comme « 7.5 ».",
            'A percentage from 0 to 100, at most four places, such as "7.5".',
        )
    return f"{percent:f}"


def _yes_no(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse("type", "", "Répondez par vrai ou faux.", "Answer true or false.")
    return value


def _text(value: Any) -> dict[str, str]:
    faults = Faults()
    if not isinstance(value, dict) or set(value) != {"fr", "en"}:
        raise refuse(
            "type", "", "Un texte dans les deux langues : « fr » et « en ».", 'A text in both languages: "fr" and "en".'
        )
    for language, text in value.items():
        if not is_text(text, MAX_TEXT, lines=True):
            faults.add(
                "text",
                step("", language),
                f"Un texte lisible d’au plus {MAX_TEXT} caractères.",
                f"A readable text of at most {MAX_TEXT} characters.",
            )
    faults.raise_if_any()
    return {"fr": value["fr"], "en": value["en"]}


def _events(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(event, str) and event in EVENTS for event in value):
        raise refuse(
            "unknown_option",
            "",
            f"Une liste d’événements parmi {', '.join(EVENTS)}.",
            f"A list of events among {', '.join(EVENTS)}.",
        )
    return [event for event in EVENTS if event in value]


def _team(value: Any) -> dict[str, list[str]]:
    """Events alone, or `{"events": […], "to": [addresses]}`; always written the second way."""
    if isinstance(value, list):
        value = {"events": value}
    if not isinstance(value, dict) or not set(value) <= {"events", "to"}:
        raise refuse(
            "type",
            "",
            "Des événements et leurs destinataires : « events », « to ».",
            'Events and who is told: "events", "to".',
        )
    faults = Faults()
    with faults.gather("/events"):
        events = _events(value.get("events", []))
    to = value.get("to", [])
    read = [read_address(each) if isinstance(each, str) else None for each in to] if isinstance(to, list) else [None]
    if None in read:
        faults.add("address", "/to", "Une liste d’adresses de courriel.", "A list of email addresses.")
    faults.raise_if_any()
    return {"events": events, "to": list(dict.fromkeys(filter(None, read)))}


SETTINGS: Mapping[str, SettingKind] = MappingProxyType(
    {
        kind.path: kind
        for kind in (
            SettingKind("acceptance.mode", _one_of("automatic", "manual")),
            SettingKind("acceptance.minimum_items", _item_count, nullable=True),
            SettingKind("acceptance.minimum_value", _money, nullable=True),
            SettingKind("acceptance.credit_limit", _money, nullable=True, unstated=None),
            SettingKind("acceptance.maximum_days_overdue", _day_count, nullable=True, unstated=None),
            SettingKind("acceptance.tell_team_after_hours", _hour_count, nullable=True, unstated=None),
            SettingKind("acceptance.amendable", _yes_no, unstated=False),
            SettingKind("invoicing.trigger", _one_of("on_acceptance", "on_delivery", "manual")),
            SettingKind("invoicing.terms", lambda value: terms_document(parse_terms(value))),
            SettingKind("invoicing.discount_percent", _percent, nullable=True),
            SettingKind("invoicing.tax_exempt", _yes_no),
            SettingKind("invoicing.deposit_exempt", _yes_no),
            SettingKind("invoicing.note", _text, nullable=True),
            SettingKind("invoicing.reminders", read_reminders, nullable=True, unstated=None),
            SettingKind("messages.before_order", _text, nullable=True),
            SettingKind("messages.confirmation", _text, nullable=True),
            SettingKind("messages.order_note", _text, nullable=True),
            SettingKind("messages.reminder", read_letter, nullable=True, unstated=None),
            SettingKind("notifications.buyer", _events),
            SettingKind("notifications.team", _team),
        )
    }
)
