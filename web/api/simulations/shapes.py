"""What the API answers of simulations, and of files of orders."""

from typing import Annotated, Any, Literal

import msgspec

from houblon.engine.core.order import Moment
from houblon.web.api.shapes import Fault
from houblon.web.api.spec.reports import SimulationReport
from houblon.web.api.spec.types import Day, Hash, Money


class FileReading(msgspec.Struct, frozen=True):
    """What each column means (an empty text: nothing), and how numbers, days and discounts are written."""

    meanings: tuple[str, ...]
    decimal: Literal[",", "."]
    days: Literal["dmy", "mdy"]
    discounts: Literal["amount", "rate"]


class Asked(msgspec.Struct, frozen=True):
    """What is simulated: a proposal or a version, beside `against`, over the orders received in a period.

    Of a `file` the orders are the file's, by a `reading`.
    """

    proposal: str | None
    version: int | None
    against: int | None
    since: Moment | None
    until: Moment | None
    reading: FileReading | None
    file: str | None


class Simulation(msgspec.Struct, frozen=True):
    """A simulation as it stands; `progress` is in percent, `report_hash` names the report of one that is done."""

    id: str
    asked: Asked
    state: Literal["pending", "running", "done", "failed", "cancelled"]
    progress: Annotated[int, msgspec.Meta(ge=0, le=100)]
    by: str
    created_at: Moment
    finished_at: Moment | None
    report_hash: Hash | None
    errors: tuple[Fault, ...]


class Simulations(msgspec.Struct, frozen=True):
    items: tuple[Simulation, ...]


class FileOrder(msgspec.Struct, frozen=True):
    """One of the file's first orders as it is understood; `lines` is null where the file does not say."""

    id: str
    retailer: str
    is_known: bool
    groups: tuple[str, ...]
    day: Day
    items: int
    lines: int | None
    value: Money


class FilePreview(msgspec.Struct, frozen=True):
    """What was understood of the first `rows` rows: orders, their value and days, retailers, and the faults."""

    rows: int
    orders: int
    value: Money
    since: Day | None
    until: Day | None
    retailers: int
    known_retailers: int
    unsaid: tuple[str, ...]
    faulty_rows: int
    faults: tuple[Fault, ...]
    first: tuple[FileOrder, ...]


class OrdersFile(msgspec.Struct, frozen=True):
    """A file that was read, kept for an hour unless it is simulated: its columns, and how they are understood.

    `errors` are what the reading lacks, and then there is no preview.
    """

    id: str
    name: str
    kind: Literal["csv", "xlsx", "jsonl", "parquet"]
    hash: Hash
    rows: int
    header: tuple[str, ...]
    reading: FileReading
    errors: tuple[Fault, ...]
    preview: FilePreview | None


ANSWERS: tuple[Any, ...] = (Simulations, Simulation, SimulationReport, OrdersFile)
