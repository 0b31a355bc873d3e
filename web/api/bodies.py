"""What the API takes in query strings and bodies, as marshmallow schemas: every fault is a Problem."""

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from marshmallow import RAISE, Schema, fields

from houblon.engine.core.moments import read_day, read_moment
from houblon.engine.core.money import price
from houblon.engine.core.problem import Invalid, problem, refuse
from houblon.engine.core.texts import MAX_ID
from houblon.orders.bookkeeping.accounts import LONGEST as ACCOUNT
from houblon.orders.events.catalogue import EVENTS
from houblon.orders.invoicing.payments import MEANS
from houblon.orders.queries.lists import INVOICE_STATES
from houblon.orders.queries.receivables import OWED_KINDS
from houblon.rules.model.content import KINDS
from houblon.rules.model.faults import MESSAGES, SCHEMA_MESSAGES, Checked
from houblon.rules.model.moves import MEMBERSHIP
from houblon.web.api.spec.schemas import ref
from houblon.web.foundation.paging import LIMIT, MAX_KEY, MOST

MOST_LINES, MOST_OF_A_LINE = 5_000, 1_000_000
_UNKNOWN_PARAMETER = problem(
    "unknown_parameter", "", "Ce paramètre n’existe pas ici.", "There is no such parameter here."
)
# A Problem stands where marshmallow expects a text; `problems_of` takes it out again.
_MESSAGES: dict[str, Any] = MESSAGES
_SCHEMA_MESSAGES: dict[str, Any] = SCHEMA_MESSAGES
_QUERY_MESSAGES: dict[str, Any] = {**SCHEMA_MESSAGES, "unknown": _UNKNOWN_PARAMETER}


def text(most: int, least: int = 0, **options: Any) -> Checked:
    """A text of `least` to `most` characters."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or not least <= len(value.strip()) or len(value) > most or "\0" in value:
            raise refuse(
                "text", "", f"Un texte de {least} à {most} caractères.", f"A text of {least} to {most} characters."
            )
        return value

    said = {"type": "string", "maxLength": most, **({"minLength": least} if least else {})}
    return Checked(read, metadata=said, **options)


def choice(*known: str, **options: Any) -> Checked:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise refuse(
                "unknown_option", "", f"Choisissez parmi {', '.join(known)}.", f"Choose among {', '.join(known)}."
            )
        return value

    return Checked(read, metadata={"type": "string", "enum": list(known)}, **options)


def whole(least: int, most: int, **options: Any) -> Checked:
    """A whole number; in a query string, its digits."""

    def read(value: Any) -> int:
        number = int(value) if isinstance(value, str) and value.isascii() and value.isdecimal() else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise refuse(
                "number", "", f"Un nombre entier de {least} à {most}.", f"A whole number from {least} to {most}."
            )
        return number

    return Checked(read, metadata={"type": "integer", "minimum": least, "maximum": most}, **options)


def amount(**options: Any) -> Checked:
    """Money that is never negative, as cents."""

    def read(value: Any) -> int:
        try:
            return price(value)
        except ValueError:
            raise refuse(
                "money",
                "",
                "Un montant en texte, avec au plus deux décimales, comme « 54.00 ».",
                'An amount as a text, with at most two decimals, such as "54.00".',
            ) from None

    return Checked(read, metadata={"type": "string", "pattern": r"^\d{1,12}(\.\d{1,2})?$"}, **options)


def day(**options: Any) -> Checked:
    return Checked(read_day, metadata={"type": "string", "format": "date"}, **options)


def moment(**options: Any) -> Checked:
    return Checked(read_moment, metadata={"type": "string", "format": "date-time"}, **options)


def bound(**options: Any) -> Checked:
    """An instant, or a day, which is meant from its beginning on the installation's clocks."""

    def read(value: Any) -> date | datetime:
        with suppress(Invalid):
            return read_day(value)
        return read_moment(value)

    said = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    return Checked(read, metadata=said, **options)


def _typed(kind: type, code: str, fr: str, en: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, kind):
            raise refuse(code, "", fr, en)
        return value

    return read


def listed(shape: str, **options: Any) -> Checked:
    """Documents of a shape in a list; what they hold is read where they are used."""
    read = _typed(list, "type", "Une liste de documents est attendue.", "A list of documents is expected.")
    return Checked(read, metadata={"type": "array", "items": ref(shape)}, **options)


def objects(said: dict[str, Any], **options: Any) -> Checked:
    read = _typed(dict, "type", "Un objet JSON est attendu ici.", "A JSON object is expected here.")
    return Checked(read, metadata={"type": "object", **said}, **options)


class Body(Schema):
    """A body says what it means: what is not known here is refused."""

    class Meta:
        unknown = RAISE

    error_messages = _SCHEMA_MESSAGES


class Query(Schema):
    """A query string says what it means: a parameter that is not known here is refused, as in a body."""

    class Meta:
        unknown = RAISE

    error_messages = _QUERY_MESSAGES


class Listing(Query):
    """One page of a list; `after` is the cursor that `Link` gave."""

    limit = whole(1, MOST, load_default=LIMIT)


class ProofsAsked(Query):
    """A version or a proposal, else what is in force."""

    version = whole(1, 1_000_000)
    proposal = text(100, 1)


class ComparisonAsked(Query):
    """Two versions by number, or proposals by id."""

    before = text(100, 1, required=True)
    after = text(100, 1, required=True)


class ByKey(Listing):
    after = whole(1, MAX_KEY)


class OrderListing(ByKey):
    """`buyer` is the retailer's id, `since` and `until` bound the reception (`until` excluded); `search` is a part of the
    order's id, or of its buyer's id or name."""

    source = text(60, 1)
    order_id = text(MAX_ID, 1)
    buyer = text(MAX_ID, 1)
    state = choice("held", "accepted", "refused", "delivered", "cancelled")
    since = bound()
    until = bound()
    search = text(100, load_default="")


class EventListing(Listing):
    """`after` is the last event that the caller has; without it, from the oldest that is kept."""

    after = whole(0, MAX_KEY)
    type = choice(*EVENTS)


class RefusedListing(ByKey):
    source = text(60, load_default="")


class InvoiceListing(ByKey):
    """`buyer` is the retailer's id, `since` and `until` bound the issue (`until` excluded). `owed` asks for what is
    still to be paid: all of it, what is late, what is paid in part, what is disputed."""

    number = text(100, 1)
    state = choice(*INVOICE_STATES)
    owed = choice(*OWED_KINDS)
    buyer = text(MAX_ID, 1)
    since = bound()
    until = bound()


class ExportPeriod(Query):
    """Days of the installation's zone, `until` excluded; last month, where neither is said."""

    since = day()
    until = day()


class AccountNames(Body):
    """The journal's accounts, each its number, its name or both."""

    receivables = text(ACCOUNT, 1)
    bank = text(ACCOUNT, 1)
    credits = text(ACCOUNT, 1)
    revenue = text(ACCOUNT, 1)
    discounts = text(ACCOUNT, 1)
    charges = text(ACCOUNT, 1)
    deposits = text(ACCOUNT, 1)
    taxed_deposits = text(ACCOUNT, 1)
    gst = text(ACCOUNT, 1)
    qst = text(ACCOUNT, 1)
    hst = text(ACCOUNT, 1)


class ProposalListing(Listing):
    after = text(60, 1)
    state = choice("open", "scheduled", "published", "discarded")


class NewProposal(Body):
    """A name, and what changes: documents as in a bundle, each replacing the one of its id."""

    name = text(300, 1, required=True)
    description = text(2_000, load_default="")
    groups = listed("NewGroup", load_default=list)
    cycles = listed("Cycle", load_default=list)
    scenarios = listed("Scenario", load_default=list)
    guardrails = listed("Guardrail", load_default=list)
    memberships = objects({"additionalProperties": {"type": "array", "items": {"type": "string"}}}, load_default=dict)
    memberships_by_source = objects(
        {"additionalProperties": {"additionalProperties": {"type": "array", "items": {"type": "string"}}}},
        load_default=dict,
    )


class ProposalStatement(Body):
    """One statement as it shall be; `remove` takes it back. Without a path, it is the whole document.

    Of the kind `membership`, the id is the retailer's and the value the ids of the groups that they are put into.
    """

    kind = choice(*KINDS, MEMBERSHIP, required=True)
    id = text(200, 1, required=True)
    path = text(100, load_default="")
    value = fields.Raw(allow_none=True, metadata={"allOf": [ref("StatementValue")]})
    remove = Checked(
        _typed(bool, "boolean", "Vrai ou faux.", "True or false."), metadata={"type": "boolean"}, load_default=False
    )


class ProposalRevision(Body):
    """What changes in a proposal; statements are made all or none."""

    name = text(300, 1)
    description = text(2_000)
    statements = fields.List(
        fields.Nested(ProposalStatement, error_messages=_MESSAGES), load_default=list, error_messages=_MESSAGES
    )


class ProposalComment(Body):
    comment = text(2_000, 1, required=True)


class ProposalSchedule(Body):
    """When it becomes a version; with `until`, when what it changes is put back."""

    effective_from = moment(required=True)
    until = moment()


class ClashChoice(Body):
    """Whose value a statement that clashes shall have; `both` where both sides made something new under one id.

    Of the kind `membership`, the id is the retailer's.
    """

    kind = choice(*KINDS, MEMBERSHIP, required=True)
    id = text(200, 1, required=True)
    path = text(100, load_default="")
    choose = choice("mine", "theirs", "both", required=True)


class ClashChoices(Body):
    choices = fields.List(fields.Nested(ClashChoice, error_messages=_MESSAGES), required=True, error_messages=_MESSAGES)


class Acceptance(Body):
    why = text(500, load_default="")


class Refusal(Body):
    why = text(500, 1, required=True)


class LineDelivery(Body):
    """What came of a line of the order, by its number from 1; what isn't said of it was delivered."""

    line = whole(1, MOST_LINES, required=True)
    delivered = whole(0, MOST_OF_A_LINE)
    lost = whole(0, MOST_OF_A_LINE, load_default=0)
    returned = whole(0, MOST_OF_A_LINE, load_default=0)


class Delivery(Body):
    """When it was delivered (today unless it is said), and what came of its lines; those that aren't named came whole.

    `reason` is for the house, `note` for the buyer, on the credit note of what did not come.
    """

    on = day()
    lines = fields.List(
        fields.Nested(LineDelivery, error_messages=_MESSAGES), load_default=list, error_messages=_MESSAGES
    )
    reason = text(500, load_default="")
    note = text(500, load_default="")


class Cancellation(Body):
    why = text(500, 1, required=True)


class Undoing(Body):
    """What the caller saw the order be, and takes back."""

    was = choice("delivered", "refused", "cancelled", required=True)


class PlannedDelivery(Body):
    date = day(required=True)
    why = text(500, 1, required=True)


class CreditedLine(Body):
    """So many of a line, by its number."""

    line = whole(1, MOST_LINES, required=True)
    quantity = whole(1, MOST_OF_A_LINE, required=True)


class NewCredit(Body):
    """What is credited of an invoice; `reason` is for the house, `note` for the buyer."""

    lines = fields.List(fields.Nested(CreditedLine, error_messages=_MESSAGES), required=True, error_messages=_MESSAGES)
    reason = text(500, load_default="")
    note = text(500, load_default="")


class NewPayment(Body):
    """What was paid of an invoice and on which day, by what means, and what finds it again at the bank."""

    amount = amount(required=True)
    on = day(required=True)
    reference = text(200, load_default="")
    means = choice(*MEANS)


class AppliedCredit(Body):
    """The key of the invoice that has too much, and how much of that is applied; without `amount`, as much as both allow."""

    source = whole(1, MAX_KEY, required=True)
    amount = amount()


class Reversal(Body):
    why = text(500, load_default="")


class Return(Body):
    """`base`, if given, is the version that must still be the newest."""

    base = whole(1, 1_000_000)
