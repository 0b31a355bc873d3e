"""An order's bytes to an Order: decoded at speed, explained in full when they don't decode."""

import hashlib

import msgspec

from houblon.engine.core.money import MOST
from houblon.engine.core.order import Buyer, Charge, Line, Order, Payment, decode_order, order_of
from houblon.engine.core.problem import Faults, Problem, problem, refuse, step
from houblon.engine.core.strict_json import check_depth, read_json
from houblon.engine.core.texts import MAX_ID, is_id
from houblon.orders.intake.order_schema import ORDER
from houblon.orders.intake.unknown_members import unknown_members
from houblon.rules.model.faults import load

MAX_BODY = 1_000_000
# Dates outside of these years are slips of a keyboard, and sums on them may leave the calendar.
YEARS = range(1900, 3000)
# How long the texts of an order may be, and how many groups it may claim. Here and not in the decoder: what was taken
# before there was a limit must be readable for ever.
LENGTHS = {
    "currency": 10,
    "distributor": 200,
    "delivery_method": 200,
    "source": 200,
    "note": 5_000,
    "status": 200,
    "payment_terms": 200,
    "tax_exempt_reason": 300,
}
BUYER_LENGTHS = {
    "name": 300,
    "email": 320,
    "language": 35,
    "province": 100,
    "country": 100,
    "company": 300,
    "po_number": 200,
}
CHARGE_LENGTHS, PAYMENT_LENGTHS = {"name": 300}, {"reference": 200}
LINE_LENGTHS = {"name": 300, "category": 200}
MAX_GROUPS, MAX_GROUP = 100, 200
_SHORTEST = min(LINE_LENGTHS.values())
_NO_ID = problem(
    "id",
    "",
    f"Un identifiant de 1 à {MAX_ID} caractères visibles.",
    f"An id of 1 to {MAX_ID} visible characters.",
)


def read_order(body: bytes) -> Order:
    """The order in `body`. Raises Invalid with every fault, each at its pointer."""
    return _order_of(body, parse_json(body))


def read_order_and_hash(body: bytes) -> tuple[Order, str, tuple[Problem, ...]]:
    """`read_order`, `content_hash` and `unknown_members`, for the price of one reading."""
    document = _decoded(body)
    canonical = _canonical(document)
    _check_names(body, canonical)
    order = _order_of(body, document)
    return order, hashlib.sha256(canonical).hexdigest(), unknown_members(document)


def _order_of(body: bytes, document: object) -> Order:
    """The order in `body`, all of which was parsed: members that no rule reads are kept too, and must be readable
    later."""
    try:
        order = decode_order(body)
    except (msgspec.MsgspecError, ValueError) as fault:
        load(ORDER, document)
        # The schema finds nothing wrong only if it and the decoder differ, which a test rules out.
        raise refuse("order", "", "Cette commande ne se lit pas.", "This order can't be read.") from fault
    faults = Faults()
    with faults.gather():
        check_order(order)
    # PostgreSQL keeps no null character, no screen shows one; JSON writes it in this one way.
    if b"\\u0000" in body:
        _check_texts(document, "", faults)
    faults.raise_if_any()
    return order


def order_in(document: object) -> Order:
    """The order in a parsed JSON document. Raises Invalid with every fault."""
    try:
        order = order_of(document)
    except (msgspec.MsgspecError, ValueError):
        load(ORDER, document)
        raise refuse("order", "", "Cette commande ne se lit pas.", "This order can't be read.") from None
    check_order(order)
    return order


def check_order(order: Order) -> None:
    """What can be counted, dated and kept. Raises Invalid with every fault."""
    faults = Faults()
    _check_ids(order, faults)
    _check_sizes(order, faults)
    for name, moment in (("placed_at", order.placed_at), ("planned_delivery", order.planned_delivery)):
        if moment is not None and moment.year not in YEARS:
            faults.add(
                "date",
                step("", name),
                f"Une date des années {YEARS[0]} à {YEARS[-1]}.",
                f"A date of the years {YEARS[0]} to {YEARS[-1]}.",
            )
    faults.raise_if_any()


def parse_json(body: bytes) -> object:
    """The JSON value of a body. Raises Invalid where it is none, too deep, or says a member of an object twice."""
    document = _decoded(body)
    _check_names(body, msgspec.json.encode(document))
    return document


def _check_names(body: bytes, written: bytes) -> None:
    """Raises Invalid where an object of the body says a member twice: whoever reads takes the first or the last.

    `written` is what was decoded, written again: the decoder keeps the last, so that the colons of the others are lost.
    Who writes colons in texts as `u003a` is read a second time.
    """
    if body.count(b":") != written.count(b":"):
        read_json(body)


def _decoded(body: bytes) -> object:
    check_depth(body)
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError):
        if not _is_utf8(body):
            raise refuse(
                "json", "", "Le corps n’est pas écrit en UTF-8.", "The body is not written in UTF-8."
            ) from None
        raise refuse("json", "", "Le corps n’est pas du JSON valide.", "The body is not valid JSON.") from None


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def content_hash(body: bytes) -> str:
    """The hash of what a JSON body says, whatever its spaces and the order of its members."""
    return hash_of(msgspec.json.decode(body))


def hash_of(document: object) -> str:
    """`content_hash` of a parsed body."""
    return hashlib.sha256(_canonical(document)).hexdigest()


_canonical = msgspec.json.Encoder(order="deterministic").encode


def _check_ids(order: Order, faults: Faults) -> None:
    """What is left of an id when it is made clean."""
    for pointer, id in (("/id", order.id), ("/buyer/id", order.buyer.id)):
        if not is_id(id) and "\0" not in id:  # null is told of every text
            faults.extend([_NO_ID.under(pointer)])
    for index, line in enumerate(order.lines):
        if not is_id(line.sku) and "\0" not in line.sku:
            faults.extend([_NO_ID.under(f"/lines/{index}/sku")])


def _check_sizes(order: Order, faults: Faults) -> None:
    _check_lengths(order, "", LENGTHS, faults)
    _check_lengths(order.buyer, "/buyer", BUYER_LENGTHS, faults)
    groups = order.buyer.groups or ()
    if len(groups) > MAX_GROUPS or any(len(each) > MAX_GROUP for each in groups):
        faults.add(
            "list",
            "/buyer/groups",
            f"Au plus {MAX_GROUPS} groupes, de {MAX_GROUP} caractères chacun.",
            f"At most {MAX_GROUPS} groups, of {MAX_GROUP} characters each.",
        )
    if order.payment is not None:
        _check_lengths(order.payment, "/payment", PAYMENT_LENGTHS, faults)
    if order.charges:
        _check_charges(order.charges, faults)
    gross = discounts = 0
    for index, line in enumerate(order.lines):
        name, category = line.name, line.category
        # Asked here first, for this runs for every line of every order.
        if (name is not None and len(name) > _SHORTEST) or (category is not None and len(category) > _SHORTEST):
            _check_lengths(line, step("/lines", index), LINE_LENGTHS, faults)
        deposit, discount = line.deposit, line.discount
        gross += line.quantity * (line.unit_price + deposit if deposit else line.unit_price)
        if discount:
            discounts += discount
    if gross > MOST or discounts > MOST:
        faults.add(
            "too_large",
            "/lines",
            "La valeur de cette commande dépasse ce qui se compte.",
            "The value of this order is beyond what can be counted.",
        )


def _check_charges(charges: tuple[Charge, ...], faults: Faults) -> None:
    for place, charge in enumerate(charges):
        _check_lengths(charge, f"/charges/{place}", CHARGE_LENGTHS, faults)
    if sum([abs(charge.amount) for charge in charges]) > MOST:
        faults.add(
            "too_large",
            "/charges",
            "La valeur de ces frais dépasse ce qui se compte.",
            "The value of these charges is beyond what can be counted.",
        )


def _check_lengths(
    part: Order | Buyer | Line | Charge | Payment, pointer: str, lengths: dict[str, int], faults: Faults
) -> None:
    for name, most in lengths.items():
        if len(getattr(part, name) or "") > most:
            faults.add(
                "text", step(pointer, name), f"Un texte d’au plus {most} caractères.", f"At most {most} characters."
            )


def _check_texts(value: object, pointer: str, faults: Faults) -> None:
    if isinstance(value, str) and "\0" in value:
        faults.add("text", pointer, "Un texte sans caractère nul.", "A text without a null character.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _check_texts(name, step(pointer, name), faults)
            _check_texts(member, step(pointer, name), faults)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            _check_texts(member, step(pointer, index), faults)
