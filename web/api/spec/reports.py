"""A simulation's report in types: docs/simulation.md tells what each member says."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment
from houblon.engine.core.problem import Text
from houblon.web.api.spec.types import Day, Hash, Key, Money

Outcome = Literal["accepted", "held", "refused"]
Shown = Annotated[str | int | None, msgspec.Meta(description="Money as a decimal string, else a whole number.")]
Rate = Annotated[float | None, msgspec.Meta(description="In percent of all orders; null without any.")]


class Amount(msgspec.Struct, frozen=True):
    orders: int
    value: Money


class MatrixCell(Amount, frozen=True, kw_only=True):
    """The orders of one outcome before and one after."""

    before: Outcome
    after: Outcome


class Share(Amount, frozen=True, kw_only=True):
    rate: Rate


class Shares(msgspec.Struct, frozen=True):
    before: Share
    after: Share


class FileFault(msgspec.Struct, frozen=True):
    """What can't be read in a file, by its row and its column's header."""

    row: int
    column: str
    pointer: str
    code: str
    message: Text


class ReportSource(msgspec.Struct, frozen=True):
    """Where the orders came from: the `ledger`, or a `file` that is told with its rows and faults."""

    kind: Literal["ledger", "file"]
    since: Moment | None = msgspec.field(name="from")
    until: Moment | None = msgspec.field(name="to")
    name: str | UnsetType = UNSET
    hash: str | UnsetType = UNSET
    rows: int | UnsetType = UNSET
    orders: int | UnsetType = UNSET
    faulty_rows: int | UnsetType = UNSET
    faults: tuple[FileFault, ...] | UnsetType = UNSET


class ReportSide(msgspec.Struct, frozen=True):
    """One of the two policies; of a proposal its id, its name, and the hash of what it changes."""

    version: int
    note: str
    hash: Hash
    proposal: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    changes: str | UnsetType = UNSET


class Affected(Amount, frozen=True, kw_only=True):
    """A retailer or a group whose orders are decided otherwise; `gained` and `lost` count acceptances."""

    id: str
    name: str
    gained: int
    lost: int


class ChangedReason(msgspec.Struct, frozen=True):
    code: str
    message: Text


class ChangedSide(msgspec.Struct, frozen=True):
    outcome: Outcome
    reasons: tuple[ChangedReason, ...]
    issue: bool
    due_date: Day | None


class ChangedOrder(msgspec.Struct, frozen=True):
    """An order whose verdict changes; `key` is null where it is none of the ledger."""

    order_id: str
    key: Key | None
    retailer: str
    retailer_id: str
    groups: tuple[str, ...]
    at: Moment
    value: Money
    before: ChangedSide
    after: ChangedSide


class DueShift(Amount, frozen=True, kw_only=True):
    """Orders whose due date moves by so many days."""

    days: int


class DueWeek(msgspec.Struct, frozen=True):
    """What is due in the week of a Monday."""

    week: Day
    before: Money
    after: Money


class Due(msgspec.Struct, frozen=True):
    shifts: tuple[DueShift, ...]
    weeks: tuple[DueWeek, ...]


class Within(msgspec.Struct, frozen=True):
    percent: int
    orders: int


class NearOrder(msgspec.Struct, frozen=True):
    order_id: str
    key: Key | None
    retailer: str
    actual: Shown
    minimum: Shown
    missing: Shown
    value: Money


class ThresholdName(msgspec.Struct, frozen=True):
    """A minimum by its setting's `path`; a rule's number by the group, and the comparison's place in the rule."""

    path: str
    group: str | UnsetType = UNSET
    label: Text | UnsetType = UNSET
    fact: str | UnsetType = UNSET
    operator: str | UnsetType = UNSET
    place: int | UnsetType = UNSET


class NearMiss(ThresholdName, frozen=True, kw_only=True):
    """The orders that nothing but this threshold held, the nearest first."""

    orders: int
    value: Money
    within: tuple[Within, ...]
    nearest: tuple[NearOrder, ...]


class ExplorerPoint(Amount, frozen=True, kw_only=True):
    """What is accepted with the threshold at `minimum`."""

    minimum: Shown
    rate: Rate


class Explored(ThresholdName, frozen=True, kw_only=True):
    """What passes as a threshold moves; `chosen` and `before` are among the points where there are such."""

    chosen: Shown
    before: Shown
    points: tuple[ExplorerPoint, ...]


class NamedChange(msgspec.Struct, frozen=True):
    """A version, or what is scheduled (`version` null), and from when on."""

    version: int | None
    name: str
    at: Moment


class ReportPeriod(NamedChange, frozen=True, kw_only=True):
    orders: int
    value: Money


class Straddling(msgspec.Struct, frozen=True):
    """An order that came before a change and is delivered after it."""

    order_id: str
    key: Key | None
    retailer: str
    at: Moment
    delivery: Day
    value: Money
    before: NamedChange = msgspec.field(name="from")
    after: NamedChange = msgspec.field(name="to")


class ReportTime(msgspec.Struct, frozen=True):
    periods: tuple[ReportPeriod, ...]
    straddling: tuple[Straddling, ...]


class SimulationReport(msgspec.Struct, frozen=True):
    """What the second side would have done, beside the first; `docs/simulation.md` tells every member."""

    orders: int
    value: Money
    inputs_hash: Hash
    source: ReportSource
    before: ReportSide
    after: ReportSide
    matrix: tuple[MatrixCell, ...]
    automation: Shares
    invoices: Shares
    other_terms: Amount
    affected: int
    retailers: tuple[Affected, ...]
    groups: tuple[Affected, ...]
    flips: tuple[ChangedOrder, ...]
    due: Due
    near_misses: tuple[NearMiss, ...]
    explorer: tuple[Explored, ...]
    time: ReportTime
    omitted: tuple[str, ...]
    # Whose word what buyers owe is: as the ledger had it when each order came, or as orders say.
    balances: Literal["ledger", "orders"] = "orders"
