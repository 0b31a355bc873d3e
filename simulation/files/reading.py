"""How a file's columns are understood: guessed from its header and first rows, corrected by people, remembered."""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path

import msgspec
from sqlalchemy import Connection, delete, insert, select

from houblon.engine.core.problem import Faults, Invalid, refuse
from houblon.orders.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT, Cell, guess_day_order, guess_mark
from houblon.orders.csv_text import folded, word
from houblon.orders.db.tables import file_readings
from houblon.simulation.files.guard import ORDERS
from houblon.simulation.files.lines import discounts_in
from houblon.simulation.files.upload import Upload, rows_of
from houblon.simulation.files.words import MEANINGS, meaning_of

SAMPLE = 300  # rows that a guess looks at
AMOUNTS, RATES = "amount", "rate"
# How a file says what was ordered.
IN_A_CELL, BY_LINE, BY_ORDER = "cell", "line", "order"
_NUMBERS = ("value", "items", "unit_price", "discount", "amount", "quantity", "overdue_balance", "credit_limit")
_LINE_SIGNS = ("sku", "unit_price")


class Reading(msgspec.Struct, frozen=True):
    """What each column means (`""` for nothing), and how its numbers and days are written.

    `decimal` is the mark before decimals, `days` says whether the day or the month comes first, `discounts`
    whether a line's discount is an amount or a rate.
    """

    meanings: tuple[str, ...]
    decimal: str = POINT
    days: str = DAY_FIRST
    discounts: str = AMOUNTS

    def places(self) -> dict[str, int]:
        """The column of each meaning that some column has."""
        return {meaning: place for place, meaning in enumerate(self.meanings) if meaning}

    @property
    def shape(self) -> str | None:
        """How the file says what was ordered; None when it does not."""
        places = self.places()
        if "lines" in places:
            return IN_A_CELL
        if "quantity" in places and ("unit_price" in places or "amount" in places):
            return BY_LINE
        return BY_ORDER if "value" in places else None


def check_reading(reading: Reading, width: int) -> None:
    """Raises Invalid, with all that is wanting or said twice."""
    faults = Faults()
    if len(reading.meanings) != width or any(each and each not in MEANINGS for each in reading.meanings):
        raise refuse("columns", "/columns", "Relisez les colonnes.", "Read the columns again.")
    for meaning in MEANINGS:
        if reading.meanings.count(meaning) > 1:
            label = MEANINGS[meaning].label
            faults.add(
                "twice",
                f"/columns/{meaning}",
                f"Deux colonnes disent «\u00a0{label.fr}\u00a0»\u00a0: gardez-en une.",
                f"Two columns say “{label.en}”: keep one.",
            )
    places = reading.places()
    for meaning in ("order", "date"):
        if meaning not in places:
            label = MEANINGS[meaning].label
            faults.add(
                "required",
                f"/columns/{meaning}",
                f"Dites quelle colonne donne\u00a0: {label.fr}.",
                f"Say which column gives: {label.en}.",
            )
    if "buyer" not in places and "buyer_name" not in places:
        faults.add(
            "required",
            "/columns/buyer",
            "Dites quelle colonne nomme le détaillant.",
            "Say which column names the retailer.",
        )
    if reading.shape is None:
        faults.add(
            "required",
            "/columns/value",
            "Dites quelle colonne donne la valeur de la commande, ou la quantité et le prix de chaque ligne.",
            "Say which column gives the order’s value, or each line’s quantity and price.",
        )
    # Automatic acceptance itself reads both: without them, no order of the file could be decided.
    if reading.shape == BY_ORDER and "items" not in places:
        faults.add(
            "required",
            "/columns/items",
            "Dites quelle colonne donne le nombre d’articles de la commande\u00a0: aucune ne s’accepte sans.",
            "Say which column gives the order’s number of items: none is accepted without it.",
        )
    allowed = {
        "decimal": (reading.decimal, (COMMA, POINT)),
        "days": (reading.days, (DAY_FIRST, MONTH_FIRST)),
        "discounts": (reading.discounts, (AMOUNTS, RATES)),
    }
    for name, (value, values) in allowed.items():
        if value not in values:
            faults.add("choice", f"/{name}", "Choisissez dans la liste.", "Choose from the list.")
    faults.raise_if_any()


def guess_reading(upload: Upload, folder: Path, groups: Iterable[str] = ()) -> Reading:
    """The reading that the header and the first rows speak for; `groups` are the groups' names, folded."""
    if upload.found.kind == ORDERS:
        return Reading(())
    sample = [cells for _, cells in islice(rows_of(folder), SAMPLE)]
    meanings = _meanings(upload.header, upload.found.width)
    _resolve_groups(meanings, sample, frozenset(groups))
    _resolve_lines(meanings)
    decided = Reading(tuple(meanings))
    places = decided.places()
    numbers = [cell for name in _NUMBERS if name in places for cell in _column(sample, places[name])]
    semicolons = upload.found.details.get("delimiter") == ";"
    days = [cell for name in ("date", "planned") if name in places for cell in _column(sample, places[name])]
    return msgspec.structs.replace(
        decided,
        decimal=guess_mark(numbers, COMMA if semicolons else POINT),
        days=guess_day_order(days)[0],
        discounts=_guess_discounts(decided, sample),
    )


def days_are_certain(reading: Reading, folder: Path) -> bool:
    """Whether the first rows prove which of day and month comes first, or write none that could be mistaken."""
    place = reading.places().get("date")
    sample = [cells for _, cells in islice(rows_of(folder), SAMPLE)]
    return place is None or guess_day_order(_column(sample, place))[1]


def _meanings(header: Sequence[str], width: int) -> list[str]:
    """The first column that says a meaning has it."""
    found: list[str] = []
    for name in header:
        meaning = meaning_of(name) or ""
        found.append("" if meaning in found else meaning)
    return [*found, *[""] * (width - len(found))]


def _resolve_groups(meanings: list[str], sample: Sequence[Sequence[Cell]], groups: frozenset[str]) -> None:
    """A segment is a group only where there are groups of these names."""
    if "groups" not in meanings:
        return
    place = meanings.index("groups")
    said = {folded(str(cell)) for cell in _column(sample, place)}
    if not said & groups:
        meanings[place] = ""


def _resolve_lines(meanings: list[str]) -> None:
    """Words that speak of an order or of a line, by the company they keep."""
    is_by_line = "quantity" in meanings and any(each in meanings for each in _LINE_SIGNS)
    if is_by_line and not {"unit_price", "amount"} & set(meanings) and "value" in meanings:
        meanings[meanings.index("value")] = "amount"
    if not is_by_line and "lines" not in meanings:
        for line, order in (("quantity", "items"), ("amount", "value")):
            if line in meanings and order not in meanings:
                meanings[meanings.index(line)] = order
    if "lines" in meanings or not is_by_line:
        # Without lines of their own, columns about a line would say nothing.
        meanings[:] = ["" if each and MEANINGS[each].place == "line" else each for each in meanings]
    if "buyer" not in meanings and "buyer_name" in meanings:
        meanings[meanings.index("buyer_name")] = "buyer"


def _guess_discounts(reading: Reading, sample: Sequence[Sequence[Cell]]) -> str:
    places = reading.places()
    if "lines" in places:
        cells = discounts_in(_column(sample, places["lines"]))
    else:
        cells = _column(sample, places["discount"]) if "discount" in places else []
    said = [each for each in cells if each not in ("", 0, "0")]
    if not said:
        return AMOUNTS
    if any(isinstance(each, str) and each.endswith("%") for each in said):
        return RATES
    try:
        values = [float(str(each).replace(",", ".")) for each in said]
    except ValueError:
        return AMOUNTS
    return RATES if all(0 <= value <= 1 for value in values) else AMOUNTS


def _column(sample: Sequence[Sequence[Cell]], place: int) -> list[Cell]:
    return [cells[place] for cells in sample if place < len(cells) and cells[place] is not None]


def key_of(upload: Upload) -> str:
    """What files of the same headers share."""
    named = "\n".join([str(upload.found.width), *(word(each) for each in upload.header)])
    return "sha256:" + hashlib.sha256(named.encode()).hexdigest()


def remembered(connection: Connection, upload: Upload) -> Reading | None:
    """The reading that somebody kept for files with these headers."""
    if not upload.header:
        return None
    query = select(file_readings.c.reading).where(file_readings.c.headers == key_of(upload))
    kept = connection.execute(query).scalar_one_or_none()
    if kept is None:
        return None
    reading = msgspec.convert(kept, Reading)
    try:
        check_reading(reading, upload.found.width)
    except Invalid:  # meanings that this Houblon does not know
        return None
    return reading


def remember(connection: Connection, upload: Upload, reading: Reading, *, by: str, at: datetime) -> None:
    """Keep a reading for the next files with these headers; one without headers is not kept."""
    if not upload.header:
        return
    key = key_of(upload)
    connection.execute(delete(file_readings).where(file_readings.c.headers == key))
    values = {"headers": key, "reading": msgspec.to_builtins(reading), "by": by, "at": at}
    connection.execute(insert(file_readings), values)


def forget(connection: Connection, upload: Upload) -> None:
    connection.execute(delete(file_readings).where(file_readings.c.headers == key_of(upload)))
