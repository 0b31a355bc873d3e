"""Which days a retailer's policy says, on each day: as it was, as it is, and as it is planned to be."""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection

from houblon.engine.policy.policy import Policy
from houblon.engine.policy.reminders import Step
from houblon.orders.reminders.due import last_moment
from houblon.orders.reminders.owed import OpenInvoice
from houblon.orders.retailers.brought import groups_among
from houblon.orders.services import Services
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of, resolve

DAYS, LETTER = "invoicing.reminders", "messages.reminder"


class Calendar:
    """The policies of retailers by day, seen at one moment; `today` is the installation's day of it."""

    def __init__(self, services: Services, now: datetime):
        self.services, self.now = services, now
        self.zone = services.installation.zone
        self.today = now.astimezone(self.zone).date()
        self._history = services.policies.store.history()
        self._live = services.policies.live(now)
        self.content = cache(self._content)
        self._planned = cache(lambda on, chain: resolve(self.content(on), chain))

    def days_anywhere(self, until: date | None = None) -> frozenset[int]:
        """Every day that some group says, now or up to a day; none where nobody is ever reminded."""
        contents = [self._live]
        moment = self._history.next_due
        if until is not None and moment is not None and moment.astimezone(self.zone).date() <= until:
            planned = [each.effective_from for each in self._history.scheduled() if each.effective_from is not None]
            contents += [self.services.policies.scheduled_content(each) for each in planned]
        said = (group.settings.get(DAYS) for content in contents for group in content.groups.values())
        return frozenset(day for value in said if value is not None for day in value["days"])

    def groups(self, connection: Connection, ids: list[str]) -> dict[str, tuple[str, ...]]:
        """The groups that some retailers are in now."""
        return groups_among(connection, self._history, ids)

    def policy(self, retailer: str, groups: tuple[str, ...], on: date) -> Policy:
        """The retailer's policy on a day."""
        content = self.content(on)
        chain = chain_of(content, content.moved.get(retailer, groups), ())[0]
        # What is only planned has no version yet that a policy could be remembered by.
        return self.services.policies.policy_in(content, chain) if on <= self.today else self._planned(on, chain)

    def days(self, retailer: str, groups: tuple[str, ...], on: date) -> tuple[int, ...]:
        """The days from an invoice's due date on which that policy has its buyer reminded."""
        value = self.policy(retailer, groups, on).settings[DAYS].value
        return () if value is None else tuple(value["days"])

    def counts(self, retailer: str, groups: tuple[str, ...], invoice: OpenInvoice, step: Step) -> bool:
        """Whether a day of an invoice calls for a reminder: by the policy of that day, unless a person stopped it."""
        return step.days in self.days(retailer, groups, step.on) and not any(
            each.covers(step.on) for each in invoice.stops
        )

    def _content(self, on: date) -> Content:
        if on == self.today:
            return self._live
        policies, moment = self.services.policies, last_moment(on, self.zone)
        if on < self.today:
            return policies.content(self._history.in_force(moment).number)
        if self._history.next_due is None or self._history.next_due > moment:
            return self._live
        return policies.scheduled_content(moment)


def letter_of(policy: Policy) -> Mapping[str, Any] | None:
    """The words that the retailer's group writes, None for the usual ones."""
    value: Mapping[str, Any] | None = policy.settings[LETTER].value
    return value
