"""Random lives of orders after their acceptance, two people at once now and then, beside a plain model."""

import copy
import dataclasses
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any, NamedTuple

from houblon.engine.core.money import dollars
from houblon.engine.core.problem import Invalid
from houblon.orders.db import tables
from houblon.orders.handling import credit_notes, deliveries, lifecycle, review, undo
from houblon.orders.handling.changes import history
from houblon.orders.handling.changes import review as change_review
from houblon.orders.handling.credit_notes import Asked
from houblon.orders.handling.deliveries import LineDelivered
from houblon.orders.invoicing import disputes, payments
from houblon.orders.invoicing.credits import Words
from houblon.orders.invoicing.delivered import delivery_of
from houblon.orders.invoicing.owing import open_invoices
from houblon.orders.invoicing.payments import Payment, payments_of
from houblon.orders.invoicing.transitions import balance_of
from houblon.orders.services import Conflict, Services
from tests.clock import day_of
from tests.orders.handling.plain_model import Content, Goods, Life, Paper, Refused
from tests.orders.services import group, join, later, make_services, order_body, send, tous

Step = tuple[str, tuple[Any, ...]]
TRIGGERS = {"on_acceptance": "tout-de-suite", "on_delivery": "a-la-livraison", "manual": "a-la-main"}
PERCENTS = (None, "7.5")
_OF_BILLS = ("credit", "pay", "pay_rest", "reverse", "dispute", "close_dispute")


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
    wait = {
        "conditions": {"all": [{"name": "note", "operator": "starts_with", "value": "attendre"}]},
        "actions": [{"name": "hold", "params": {"reason": "attendre"}}],
    }
    base = tous({"attendre": wait}, acceptance_amendable=True, **free)
    services = make_services(folder, base, *groups, url=url)
    for each in groups:
        join(services, each["id"], each["id"])
    return services


class Born(NamedTuple):
    """An order of a seed as it is sent first: its body, its life from then on, and the chances of what follows."""

    body: bytes
    life: Life
    chance: random.Random
    told: list[str]


def born(seed: int) -> Born:
    chance = random.Random(seed)
    trigger, percent = chance.choice(list(TRIGGERS)), chance.choice(PERCENTS)
    content = _content(chance, Fraction(percent or 0))
    buyer = {"id": f"{TRIGGERS[trigger]}-{percent or 0}".replace(".", ""), "province": "QC"}
    body = _body(f"L-{seed}", buyer, content)
    return Born(body, Life(content, trigger), chance, [f"seed {seed}: {trigger} {percent} {content.goods}"])


def play(services: Services, seed: int, acts: int) -> None:
    """One life of so many acts. Raises AssertionError where the ledger and the model differ."""
    body, life, chance, told = born(seed)
    assert send(services, body).document["outcome"] == "accepted"
    key = key_of(services, f"L-{seed}")
    for _ in range(acts):
        if chance.random() < 0.15:
            two = [_any(chance, life), _any(chance, life)]
            told.append(f"at once {two}")
            life = _at_once(services, key, life, two, told)
        else:
            act = _any(chance, life)
            told.append(f"{act}")
            life = _one(services, key, life, act, told)


def play_alone(services: Services, seed: int, acts: int, say: Callable[[int], None]) -> None:
    """One life, an act after the other; `say` how many are done, the order's reception first."""
    body, life, chance, _told = born(seed)
    send(services, body)
    key = key_of(services, f"L-{seed}")
    say(0)
    for number in range(1, acts + 1):
        act = _any(chance, life)
        _do(services, key, act)
        life, _ = _on_model(life, act)
        say(number)


def lived(seed: int, acts: int) -> list[dict[str, Any]]:
    """What the ledger has to have of `play_alone` after its reception, and after each act."""
    _body, life, chance, _told = born(seed)
    found = [life.seen()]
    for _ in range(acts):
        life, _ = _on_model(life, _any(chance, life))
        found.append(life.seen())
    return found


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
        entries = {row.key: [each.amount for each in payments_of(connection, row.key)] for row in papers}
        delivery = delivery_of(connection, key)
        change = history.waiting_change(connection, key)
        own = {row.key for row in papers}
        owed = sum(each.left for each in open_invoices(connection, order.retailer_id) if each.key in own)
    lines = None
    if delivery is not None:
        whole = {place: line["quantity"] for place, line in enumerate(_lines_of(order.body), 1)}
        lines = {line["line"]: line["delivered"] for line in delivery.lines} if delivery.lines else whole
    return {
        "state": order.state,
        "said": _said_in(order.body),
        "waiting": _said_in(change.body) if change else None,
        "bills": [
            {
                "state": row.state,
                "total": row.total,
                "balance": balance_of(row),
                "notes": [note.total for note in papers if note.credits == row.key],
                "payments": entries[row.key],
                "disputed": row.disputed_at is not None,
            }
            for row in papers
            if row.kind == "invoice"
        ],
        "delivered": lines,
        "owed": owed,
    }


def _any(chance: random.Random, life: Life) -> Step:
    names = ["deliver", "issue", "cancel", "undo_delivery", "change", "change", "change"]
    names += ["accept_change", "dismiss_change"] if life.waiting else []
    # Most of what is done is about the invoice in force; somebody may still have one of before in hand.
    place = chance.randrange(len(life.bills)) if life.bills else 0
    place = place if chance.random() < 0.3 else max(0, len(life.bills) - 1)
    bill = life.bills[place] if life.bills else None
    if bill is not None:
        names += ["credit", "credit", "credit", "pay", "pay", "pay_rest"] + ["reverse"] * 2 * bool(bill.payments)
        names += ["dispute", "close_dispute"]
    name = chance.choice(names)
    if name == "deliver":
        return name, ({number: _parts(chance, q) for number, q in life.ordered.all.items() if chance.random() < 0.6},)
    if name == "change":
        return name, (_said(chance, life),)
    if bill is None or name not in _OF_BILLS:
        return name, ()
    if name == "credit":
        chosen = chance.sample(sorted(bill.paper.all), chance.randint(1, len(bill.paper.all)))
        wanted = {number: chance.randint(1, bill.paper.all[number] + (chance.random() < 0.1)) for number in chosen}
        return name, (place, wanted)
    if name == "pay":
        return name, (place, chance.choice((1, 10_000, max(1, bill.balance), chance.randint(1, 50_000))))
    return name, (place, chance.randrange(len(bill.payments))) if name == "reverse" else (place,)


def _said(chance: random.Random, life: Life) -> Content:
    """Other goods, or the same in other words; what stands once more, or what waits."""
    again = chance.random()
    if again < 0.1:
        return life.content
    if again < 0.2 and life.waiting is not None:
        return life.waiting
    is_held = chance.random() < 0.4
    words = f"{'attendre ' if is_held else ''}{chance.randint(1, 10**6)}"
    new = life.content if chance.random() < 0.2 else _content(chance, life.ordered.percent)
    return dataclasses.replace(new, words=words, is_held=is_held)


def _parts(chance: random.Random, quantity: int) -> tuple[int, int, int]:
    lost, back = chance.randint(0, min(quantity, 3)), chance.choice((0, 0, 1))
    return max(0, quantity - lost - back), lost, back


def _on_model(life: Life, act: Step) -> tuple[Life, str | None]:
    after, (name, said) = copy.deepcopy(life), act
    try:
        method: Callable[..., None] = getattr(after, name)
        method(*said)
    except Refused as refused:
        return life, str(refused)
    return after, None


def _do(services: Services, key: int, act: Step) -> str | None:
    """Do the act in the ledger; the code of its refusal."""
    name, said = act
    by: dict[str, Any] = {"by": "anne", "at": later(hours=1)}
    try:
        if name in _OF_BILLS:
            _do_to_bill(services, key, name, said, by)
        elif name == "deliver":
            lines = [LineDelivered(number, *parts) for number, parts in said[0].items()]
            deliveries.deliver(services, key, lines=lines, **by)
        elif name == "issue":
            review.issue_invoice(services, key, **by)
        elif name == "cancel":
            lifecycle.cancel(services, key, was="accepted", why="non", **by)
        elif name == "undo_delivery":
            undo.undo(services, key, was="delivered", **by)
        elif name == "accept_change":
            change_review.accept(services, key, **by)
        elif name == "dismiss_change":
            change_review.dismiss(services, key, **by)
        else:
            with services.ledger.reading() as connection:
                row = connection.execute(tables.orders.select().where(tables.orders.c.key == key)).one()
            send(services, _body(row.order_id, json.loads(row.body)["buyer"], said[0]), at=later(hours=1))
    except Conflict as conflict:
        return conflict.code
    except Invalid as invalid:
        return invalid.problems[0].code
    return None


def _do_to_bill(services: Services, key: int, name: str, said: tuple[Any, ...], by: dict[str, Any]) -> None:
    mine = tables.invoices.select().where(tables.invoices.c.order_key == key, tables.invoices.c.kind == "invoice")
    with services.ledger.reading() as connection:
        invoice = connection.execute(mine.order_by(tables.invoices.c.key)).all()[said[0]]
        entries = payments_of(connection, invoice.key)
    if name == "credit":
        asked = tuple(Asked(number, quantity) for number, quantity in said[1].items())
        credit_notes.credit(services, invoice.key, asked, Words(), **by)
    elif name == "pay":
        payments.pay(services, invoice.key, Payment(said[1], day_of(by["at"])), **by)
    elif name == "pay_rest":
        payments.pay_rest(services, invoice.key, on=day_of(by["at"]), **by)
    elif name == "dispute":
        disputes.dispute(services, invoice.key, "une caisse manque", **by)
    elif name == "close_dispute":
        disputes.close(services, invoice.key, **by)
    else:
        payments.reverse(services, invoice.key, entries[said[1]].key, **by)


def _body(id: str, buyer: dict[str, Any], content: Content) -> bytes:
    words = {"note": content.words} if content.words else {}
    return order_body(id, buyer=buyer, **json.loads(content.goods), **words)


def _content(chance: random.Random, percent: Fraction) -> Content:
    """Lines and charges, which are not below zero together: such an order is held."""
    lines = [_line(chance) for _ in range(chance.randint(1, 4))]
    charges = [_charge(chance) for _ in range(chance.choice((0, 0, 1, 2)))]
    goods = sum(each["quantity"] * Fraction(each["unit_price"]) - Fraction(each["discount"]) for each in lines)
    if goods + sum(Fraction(each["amount"]) for each in charges) < 0:
        charges = []
    return Content(json.dumps({"lines": lines, "charges": charges}), _paper(lines, charges, percent))


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


def _paper(lines: list[dict[str, Any]], charges: list[dict[str, Any]], percent: Fraction) -> Paper:
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
    return Paper(goods, tuple((cents(each["amount"]), each["taxable"]) for each in charges), percent)


def key_of(services: Services, order_id: str) -> int:
    with services.ledger.reading() as connection:
        found = connection.execute(tables.orders.select().where(tables.orders.c.order_id == order_id))
        key: int = found.one().key
    return key


def _lines_of(body: bytes) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(body)["lines"]
    return lines


def _said_in(body: bytes) -> tuple[int, str]:
    """How many items a body orders, and in what words."""
    return sum(line["quantity"] for line in _lines_of(body)), json.loads(body).get("note", "")
