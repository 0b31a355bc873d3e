"""Random lives of orders after their acceptance, two people at once now and then, beside a plain model."""

import copy
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle, review, undo
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.invoicing import payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.delivered import delivery_of
from houblon.orders.invoicing.payments import Payment, payments_of
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.services import Conflict, Services
from tests.clock import NOW, day_of
from tests.orders.handling.plain_model import Goods, Life, Paper, Refused
from tests.orders.services import group, join, later, make_services, order_body, send, tous

Step = tuple[str, Any]
TRIGGERS = {"on_acceptance": "tout-de-suite", "on_delivery": "a-la-livraison", "manual": "a-la-main"}
PERCENTS = (None, "7.5")


def make_lives(folder: Any, url: str | None = None) -> Services:
    """Services in which each trigger and discount has a retailer of its own, and every order is accepted."""
    free = {
        "acceptance_minimum_items": None,
        "acceptance_minimum_value": None,
        "notifications_buyer": ["invoice.issued"],
    }
    groups = [
        group(
            f"{name}-{percent or 0}".replace(".", ""),
            rank,
            invoicing_trigger=trigger,
            invoicing_discount__percent=percent,
        )
        for rank, (trigger, name, percent) in enumerate(
            ((trigger, name, percent) for trigger, name in TRIGGERS.items() for percent in PERCENTS), 20
        )
    ]
    for each in groups:
        each["settings"] = {path.replace("__", "_"): value for path, value in each["settings"].items()}
    services = make_services(folder, tous(**free), *groups, url=url)
    for each in groups:
        join(services, each["id"], each["id"])
    return services


def play(services: Services, seed: int, acts: int) -> None:
    """One life of so many acts. Raises AssertionError where the ledger and the model differ."""
    chance = random.Random(seed)
    trigger, percent = chance.choice(list(TRIGGERS)), chance.choice(PERCENTS)
    lines = [_line(chance) for _ in range(chance.randint(1, 4))]
    charges = [_charge(chance) for _ in range(chance.choice((0, 0, 1, 2)))]
    buyer = {"id": f"{TRIGGERS[trigger]}-{percent or 0}".replace(".", ""), "province": "QC"}
    said = {"charges": charges} if charges else {}
    assert send(services, order_body(f"L-{seed}", buyer=buyer, lines=lines, **said)).document["outcome"] == "accepted"
    life = Life(_paper(lines, charges, percent), trigger)
    key = _key(services, f"L-{seed}")
    told = [f"seed {seed}: {trigger} {percent} {lines} {charges}"]
    for _ in range(acts):
        if chance.random() < 0.15:
            two = [_any(chance, life), _any(chance, life)]
            told.append(f"at once {two}")
            life = _at_once(services, key, life, two, told)
        else:
            act = _any(chance, life)
            told.append(f"{act}")
            life = _one(services, key, life, act, told)


def _one(services: Services, key: int, life: Life, act: Step, told: list[str]) -> Life:
    after, expected = _on_model(life, act)
    code = _do(services, key, act)
    assert (code, seen(services, key)) == (expected, after.seen()), "\n".join(told)
    return after


def _at_once(services: Services, key: int, life: Life, two: list[Step], told: list[str]) -> Life:
    """Both come at once: what is there is what one after the other gives, in one order or the other."""
    with ThreadPoolExecutor(2) as pool:
        codes = list(pool.map(lambda act: _do(services, key, act), two))
    found, possible = seen(services, key), []
    for places in ((0, 1), (1, 0)):
        after, expected = life, {}
        for place in places:
            after, expected[place] = _on_model(after, two[place])
        possible.append(([expected[0], expected[1]], after.seen()))
        if possible[-1] == (codes, found):
            return after
    raise AssertionError("\n".join([*told, f"{codes} {found}", *map(str, possible)]))


def seen(services: Services, key: int) -> dict[str, Any]:
    """What the ledger has of an order, as the model tells it."""
    with services.ledger.reading() as connection:
        order = connection.execute(tables.orders.select().where(tables.orders.c.key == key)).one()
        mine = tables.invoices.select().where(tables.invoices.c.order_key == key).order_by(tables.invoices.c.key)
        papers = connection.execute(mine).all()
        invoice = next((row for row in papers if row.kind == "invoice"), None)
        entries = payments_of(connection, invoice.key) if invoice else []
        delivery = delivery_of(connection, key)
    lines = None
    if delivery is not None:
        whole = {place: line["quantity"] for place, line in enumerate(_lines_of(order), 1)}
        lines = {line["line"]: line["delivered"] for line in delivery.lines} if delivery.lines else whole
    return {
        "state": order.state,
        "invoice": invoice and invoice.state,
        "total": invoice.total if invoice else 0,
        "balance": balance_of(invoice) if invoice else 0,
        "notes": [row.total for row in papers if row.kind == "credit_note"],
        "payments": [row.amount for row in entries],
        "delivered": lines,
    }


def _any(chance: random.Random, life: Life) -> Step:
    names = ["deliver", "issue", "cancel", "undo_delivery"]
    if life.invoice is not None:
        names += ["credit", "credit", "credit", "pay", "pay", "pay_rest"] + ["reverse"] * bool(life.payments)
    name = chance.choice(names)
    if name == "deliver":
        return name, {number: _parts(chance, q) for number, q in life.ordered.all.items() if chance.random() < 0.6}
    if name == "credit":
        assert life.invoice is not None
        chosen = chance.sample(sorted(life.invoice.all), chance.randint(1, len(life.invoice.all)))
        return name, {
            number: chance.randint(1, life.invoice.all[number] + (chance.random() < 0.1)) for number in chosen
        }
    if name == "pay":
        return name, chance.choice((1, 10_000, max(1, life.balance), chance.randint(1, 50_000)))
    return name, chance.randrange(len(life.payments)) if name == "reverse" else None


def _parts(chance: random.Random, quantity: int) -> tuple[int, int, int]:
    lost, back = chance.randint(0, min(quantity, 3)), chance.choice((0, 0, 1))
    return max(0, quantity - lost - back), lost, back


def _on_model(life: Life, act: Step) -> tuple[Life, str | None]:
    after, (name, said) = copy.deepcopy(life), act
    try:
        method: Callable[..., None] = getattr(after, name)
        method() if said is None else method(said)
    except Refused as refused:
        return life, str(refused)
    return after, None


def _do(services: Services, key: int, act: Step) -> str | None:
    """Do the act in the ledger; the code of its refusal."""
    name, said = act
    by: dict[str, Any] = {"by": "anne", "at": later(hours=1)}
    with services.ledger.reading() as connection:
        invoice = connection.execute(
            tables.invoices.select().where(tables.invoices.c.order_key == key, tables.invoices.c.kind == "invoice")
        ).one_or_none()
        entries = payments_of(connection, invoice.key) if invoice else []
    try:
        if name == "deliver":
            lines = [LineDelivered(number, *parts) for number, parts in said.items()]
            deliveries.deliver(services, key, lines=lines, **by)
        elif name == "issue":
            review.issue_invoice(services, key, **by)
        elif name == "cancel":
            lifecycle.cancel(services, key, was="accepted", why="non", **by)
        elif name == "undo_delivery":
            undo.undo(services, key, was="delivered", **by)
        elif name == "credit":
            asked = tuple(Asked(number, quantity) for number, quantity in said.items())
            credit_notes.credit(services, invoice.key, asked, Words(), **by)
        elif name == "pay":
            payments.pay(services, invoice.key, Payment(said, day_of(NOW)), **by)
        elif name == "pay_rest":
            payments.pay_rest(services, invoice.key, on=day_of(NOW), **by)
        else:
            payments.reverse(services, invoice.key, entries[said].key, **by)
    except Conflict as conflict:
        return conflict.code
    except Invalid as invalid:
        return invalid.problems[0].code
    return None


def _line(chance: random.Random) -> dict[str, Any]:
    quantity, price = chance.randint(1, 30), chance.randint(1, 9_999)
    discount = chance.choice((0, 0, chance.randint(0, quantity * price)))
    return {
        "sku": f"S-{chance.randint(1, 99)}",
        "quantity": quantity,
        "unit_price": dollars(price),
        "discount": dollars(discount),
        "deposit": dollars(chance.choice((0, 10, 240))),
        "taxable": chance.random() < 0.8,
    }


def _charge(chance: random.Random) -> dict[str, Any]:
    if chance.random() < 0.5:
        return {"kind": "shipping", "amount": dollars(chance.randint(0, 4_000)), "taxable": chance.random() < 0.5}
    return {"kind": "discount", "amount": dollars(-chance.randint(1, 900)), "taxable": chance.random() < 0.5}


def _paper(lines: list[dict[str, Any]], charges: list[dict[str, Any]], percent: str | None) -> Paper:
    def cents(text: str) -> int:
        return int(Fraction(text) * 100)

    goods = {
        number: Goods(
            line["quantity"],
            cents(line["unit_price"]),
            cents(line["discount"]),
            cents(line["deposit"]),
            line["taxable"],
        )
        for number, line in enumerate(lines, 1)
    }
    return Paper(goods, tuple((cents(each["amount"]), each["taxable"]) for each in charges), Fraction(percent or 0))


def _key(services: Services, order_id: str) -> int:
    with services.ledger.reading() as connection:
        found = connection.execute(tables.orders.select().where(tables.orders.c.order_id == order_id))
        key: int = found.one().key
    return key


def _lines_of(order: Any) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(order.body)["lines"]
    return lines
