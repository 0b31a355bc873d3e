"""The audit entries of reminders that somebody stopped or started again: the same from a page, by key and from a shell."""

from collections.abc import Callable

from houblon.orders.reminders.stops import Changed, Whose
from houblon.rules.model.entry import Entry
from houblon.web.access.account_commands import By

STOPPED, STARTED = "reminders.stopped", "reminders.started"


def stopped(by: By, whose: Whose) -> Callable[[Changed], Entry]:
    return lambda done: by.entry(STOPPED, done.subject, None, {"of": _kind(whose), "why": done.why})


def started(by: By, whose: Whose) -> Callable[[Changed], Entry]:
    return lambda done: by.entry(STARTED, done.subject, None, {"of": _kind(whose)})


def _kind(whose: Whose) -> str:
    return "retailer" if whose.invoice_key is None else "invoice"
