"""Random lives of two retailers beside a plain model: who is reminded of what and when, and what that comes to."""

import random
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest

from houblon.orders.db import tables
from houblon.orders.handling import credit_notes
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.outbox.delivery import deliver_due
from houblon.orders.reminders import remind
from houblon.orders.reminders.remind import remind_due
from houblon.orders.reminders.renew import renew
from houblon.orders.reminders.stops import Whose, start, stop
from houblon.orders.services import Conflict
from tests.clock import MONTREAL, NOW
from tests.orders.reminders.houses import DAYS, TOTAL, Post, house, morning, order, pay
from tests.orders.services import rows

BUYERS = ("depanneur-42", "bar-7")


class Killed(Exception):
    """What ends a process in the middle."""


class Model:
    """Plain sums and days of each invoice, by its key."""

    def __init__(self) -> None:
        self.invoices: dict[int, dict[str, Any]] = {}
        self.silences: dict[Any, list[list[date | None]]] = defaultdict(list)
        self.told: dict[int, list[date]] = defaultdict(list)
        self.written: dict[int, set[date]] = defaultdict(set)

    def issue(self, key: int, buyer: str, at: datetime) -> None:
        on = at.astimezone(MONTREAL).date()
        self.invoices[key] = {"buyer": buyer, "on": on, "due": on + timedelta(30), "left": TOTAL}

    def is_silent(self, key: int, on: date | None) -> bool:
        """Whether a person had stopped the invoice's reminders on a day; now, where it is None."""
        spans = [*self.silences[key], *self.silences[self.invoices[key]["buyer"]]]
        if on is None:
            return any(end is None for _, end in spans)
        return any(begin <= on and (end is None or on < end) for begin, end in spans)

    def listed(self, buyer: str) -> list[int]:
        return [
            k for k, i in self.invoices.items() if i["buyer"] == buyer and i["left"] and not self.is_silent(k, None)
        ]

    def work(self, at: datetime) -> dict[str, tuple[int, dict[int, int]]]:
        """The mails that are due: by buyer, what they come to, and the days of the invoices that call for them."""
        local, found = at.astimezone(MONTREAL), {}
        for buyer in BUYERS if 9 <= local.hour < 20 else ():
            listed, today = self.listed(buyer), local.date()
            total = sum(self.invoices[key]["left"] for key in listed)
            calls = {key: days for key in listed if (days := self._call(key, today)) is not None}
            if total > 0 and calls and not any(today in self.written[key] for key in listed):
                found[buyer] = (total, calls)
                for key in listed:
                    self.written[key].add(today)
                for key, days in calls.items():
                    self.told[key].append(self.invoices[key]["due"] + timedelta(days))
        return found

    def _call(self, key: int, today: date) -> int | None:
        invoice = self.invoices[key]
        come = [d for d in DAYS["days"] if invoice["on"] < invoice["due"] + timedelta(d) <= today]
        if invoice["left"] <= 0 or not come:
            return None
        on = invoice["due"] + timedelta(come[-1])
        is_told = any(each >= on for each in self.told[key])
        return None if is_told or self.is_silent(key, on) else come[-1]


class Life:
    """One random life, played on the ledger and on the model alike."""

    def __init__(self, services: Any, chance: random.Random, monkeypatch: pytest.MonkeyPatch):
        self.services, self.chance, self.monkeypatch = services, chance, monkeypatch
        self.model, self.at, self.paid = Model(), NOW, {}
        self.post = Post()

    def play(self) -> None:
        acts = (*[self.wait] * 9, *[self.order] * 3, self.pay, self.pay, self.reverse, self.credit)
        acts += (self.stop, *[self.start] * 3, self.die, self.deliver)
        self.order()
        for _ in range(60):
            self.chance.choice(acts)()
            self.work()

    def wait(self) -> None:
        """An hour, or some days until an hour at which somebody may be awake."""
        if self.chance.random() < 0.3:
            self.at += timedelta(hours=1)
        else:
            day = self._today() + timedelta(days=self.chance.choice((1, 1, 2, 3, 5, 8, 13)))
            self.at = morning(day, time(self.chance.randrange(7, 22), 59))

    def order(self) -> None:
        buyer = self.chance.choice(BUYERS)
        number = len(self.model.invoices) + 1
        order(self.services, f"PO-{number}", self.at, buyer={"id": buyer, "email": f"{buyer}@example.com"})
        # Credit notes have keys of the same table.
        self.model.issue(rows(self.services, tables.invoices)[-1].key, buyer, self.at)

    def pay(self) -> None:
        key = self.chance.choice(list(self.model.invoices))
        left = self.model.invoices[key]["left"]
        amount = self.chance.choice((1, 1, 12_345, 12_345, 12_345, max(1, left), max(1, left) + 7))
        done = pay(self.services, amount, self.at, key)
        self.paid[done.key] = (key, amount)
        self.model.invoices[key]["left"] -= amount

    def reverse(self) -> None:
        if self.paid:
            payment = self.chance.choice(list(self.paid))
            key, amount = self.paid.pop(payment)
            payments.reverse(self.services, key, payment, by="anne", at=self.at)
            self.model.invoices[key]["left"] += amount

    def credit(self) -> None:
        key = self.chance.choice(list(self.model.invoices))
        try:
            done = credit_notes.credit(
                self.services, key, (Asked(1, self.chance.choice((1, 5))),), Words(), by="anne", at=self.at
            )
        except Exception as refused:
            assert type(refused).__name__ in ("Invalid", "Conflict")
            return
        self.model.invoices[key]["left"] += done.note.document["cents"]["total"]

    def stop(self) -> None:
        self._switch(stop, lambda spans: spans.append([self._today(), None]))

    def start(self) -> None:
        self._switch(start, lambda spans: spans[-1].__setitem__(1, self._today()))

    def die(self) -> None:
        """Whoever writes is killed before it is committed: nothing of it is there."""

        def fail(*_: Any, **__: Any) -> Any:
            raise Killed

        with self.monkeypatch.context() as patch:
            patch.setattr(remind, "rows_of", fail)
            before = len(rows(self.services, tables.outbox))
            try:
                remind_due(self.services, self.at)
            except Killed:
                assert len(rows(self.services, tables.outbox)) == before

    def deliver(self) -> None:
        """The mail server takes what waits, some of it long after it was written: all of it is true by then."""
        before = len(self.post.taken)
        deliver_due(self.services.ledger, self.post, self.at)
        left = {row.number: self.model.invoices.get(row.key) for row in rows(self.services, tables.invoices)}
        for message in self.post.taken[before:]:
            for row in message["table"]["rows"] if message.get("table") else ():
                assert row["amount"] == _written(left[row["title"]]["left"])

    def work(self) -> None:
        renew(self.services, self.at)
        before = {row.key for row in rows(self.services, tables.reminders)}
        expected = self.model.work(self.at)
        assert remind_due(self.services, self.at) == len(expected)
        assert remind_due(self.services, self.at) == 0
        new = [row for row in rows(self.services, tables.reminders) if row.key not in before]
        found: dict[str, tuple[int, dict[int, int]]] = {}
        for row in new:
            buyer = self.model.invoices[row.invoice_key]["buyer"]
            total, calls = found.get(buyer, (0, {}))
            found[buyer] = (total + row.balance, calls | ({row.invoice_key: row.days} if row.step else {}))
        assert found == expected
        self._check_letters(new)

    def _check_letters(self, new: list[Any]) -> None:
        """What is written is the sum of what is listed, in figures that a person reads."""
        messages = {row.id: row for row in rows(self.services, tables.outbox)}
        for id in {row.message_id for row in new}:
            cents = sum(row.balance for row in new if row.message_id == id)
            assert messages[id].message["table"]["total"] == ["Total à payer", _written(cents)]

    def _switch(self, act: Any, note: Any) -> None:
        key, buyer = self.chance.choice(list(self.model.invoices)), self.chance.choice(BUYERS)
        whose, subject = self.chance.choice(((Whose(invoice_key=key), key), (Whose(retailer_id=buyer), buyer)))
        try:
            act(self.services, whose, by="anne", at=self.at)
        except (Conflict, LookupError):
            return
        note(self.model.silences[subject])

    def _today(self) -> date:
        return self.at.astimezone(MONTREAL).date()


def _written(cents: int) -> str:
    whole, part = divmod(abs(cents), 100)
    return ("−" if cents < 0 else "") + f"{whole:,}".replace(",", "\u00a0") + f",{part:02d}\u00a0$"


@pytest.mark.parametrize("seed", range(8))
def test_a_random_life_is_reminded_as_a_plain_model_says(tmp_path, monkeypatch, seed):
    services = house(tmp_path)
    life = Life(services, random.Random(seed), monkeypatch)
    life.play()
    reminded = rows(services, tables.reminders)
    days = [(row.invoice_key, row.step) for row in reminded if row.step]
    assert len(days) == len(set(days))
    assert len(days) > 1
    services.ledger.close()
