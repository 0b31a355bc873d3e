"""What the API takes about simulations and files of orders."""

from typing import Any

from marshmallow import fields

from houblon.engine.core.problem import refuse
from houblon.orders.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from houblon.rules.model.faults import MESSAGES, Checked
from houblon.simulation.files.guard import MAX_COLUMNS
from houblon.simulation.files.reading import AMOUNTS, RATES
from houblon.simulation.files.words import MEANINGS
from houblon.web.api.bodies import Body, Listing, Query, choice, moment, text, whole

_MESSAGES: dict[str, Any] = MESSAGES


def _read_meanings(value: Any) -> tuple[str, ...]:
    known = {"", *MEANINGS}
    if not isinstance(value, list) or not all(isinstance(each, str) and each in known for each in value):
        said = ", ".join(MEANINGS)
        raise refuse("columns", "", f"Pour chaque colonne, « » ou : {said}.", f'For each column "" or one of: {said}.')
    return tuple(value)


class NewReading(Body):
    """How a file is understood: what each of its columns means, and how numbers and days are written."""

    meanings = Checked(
        _read_meanings,
        required=True,
        metadata={
            "type": "array",
            "maxItems": MAX_COLUMNS,
            "items": {"type": "string", "enum": ["", *MEANINGS]},
        },
    )
    decimal = choice(COMMA, POINT, load_default=POINT)
    days = choice(DAY_FIRST, MONTH_FIRST, load_default=DAY_FIRST)
    discounts = choice(AMOUNTS, RATES, load_default=AMOUNTS)


class FileName(Query):
    """The file's own name, by which the simulation is told from others."""

    name = text(200, 1, required=True)


class FileRead(Body):
    reading = fields.Nested(NewReading, required=True, error_messages=_MESSAGES)


class SimulationListing(Listing):
    after = text(60, 1)


class NewSimulation(Body):
    """Either a proposal or a version, beside `against` (the version in force unless it is given), over the
    orders received from `since` on and before `until`; or over those of a `file`, by its `reading`: as it was
    understood unless it is given."""

    proposal = text(100, 1)
    version = whole(1, 1_000_000)
    against = whole(1, 1_000_000)
    since = moment()
    until = moment()
    file = text(60, 1)
    reading = fields.Nested(NewReading, error_messages=_MESSAGES)
