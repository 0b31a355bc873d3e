"""Decision, Outcome, Reason, Obligation: what is answered about an order, as data."""

from enum import StrEnum
from typing import Any

import msgspec

from houblon.engine.core.problem import Text
from houblon.engine.policy.terms import DueDate, Terms, terms_document


class Outcome(StrEnum):
    """What happens to the order; held means that a person decides."""

    ACCEPTED = "accepted"
    HELD = "held"
    REFUSED = "refused"


class Provenance(msgspec.Struct, frozen=True):
    """The group that stated a value and the version in which it last did."""

    group: str
    version: int


class Reason(msgspec.Struct, frozen=True):
    """Why: `effect` is the action that fired, `rule` the rule id or setting path it came from.

    `facts` holds the facts that were read, in document form (money as decimal strings).
    """

    code: str
    effect: str
    rule: str
    message: Text
    provenance: tuple[Provenance, ...]
    facts: dict[str, Any]


class Obligation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must follow: `issue_invoice`, `notify_buyer`, `notify_team` (channel), `tag` (label)."""

    kind: str
    event: str | None = None
    channel: str | None = None
    label: str | None = None


class Invoicing(msgspec.Struct, frozen=True):
    """How an accepted order is invoiced.

    `issue`: the invoice goes out at the acceptance; `owed`: by itself, then or at the delivery.
    """

    trigger: str
    issue: bool
    terms: Terms
    version: int
    policy_hash: str
    due: DueDate
    owed: bool = False


class Reading(msgspec.Struct, frozen=True):
    """One comparison as it was read: the fact's value, the rule's value, and what came of it.

    `result` None is unknown. Values are in document form.
    """

    fact: str
    operator: str
    value: Any
    actual: Any
    result: bool | None


class RuleTrace(msgspec.Struct, frozen=True):
    """One rule as it was evaluated: its readings in the order written, and its own result."""

    rule: str
    result: bool | None
    readings: tuple[Reading, ...]


class Decision(msgspec.Struct, frozen=True):
    """The answer about one order, by the policy of one chain at one version."""

    order_id: str
    outcome: Outcome
    version: int
    policy_hash: str
    chain: tuple[str, ...]
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...]
    invoice: Invoicing | None
    trace: tuple[RuleTrace, ...] | None = None
    # Where facts come from that the order did not say: `ledger` or `setting`, by the fact's name.
    facts_from: dict[str, str] | None = None


def invoicing_document(invoicing: Invoicing | None) -> dict[str, Any] | None:
    if invoicing is None:
        return None
    due = invoicing.due
    return {
        "trigger": invoicing.trigger,
        "issue": invoicing.issue,
        "terms": terms_document(invoicing.terms),
        "version": invoicing.version,
        "policy_hash": invoicing.policy_hash,
        "basis": due.basis,
        "delivery_date": due.delivery_date and due.delivery_date.isoformat(),
        "due_date": due.due_date and due.due_date.isoformat(),
    }


def decision_document(decision: Decision) -> dict[str, Any]:
    """The decision as it goes out, in plain JSON values."""
    reasons, obligations = plain((decision.reasons, decision.obligations))
    document = {
        "order_id": decision.order_id,
        "outcome": decision.outcome.value,
        "version": decision.version,
        "policy_hash": decision.policy_hash,
        "chain": list(decision.chain),
        "reasons": reasons,
        "obligations": obligations,
        "invoice": invoicing_document(decision.invoice),
    }
    if decision.facts_from is not None:
        document["facts_from"] = decision.facts_from
    if decision.trace is not None:
        document["trace"] = plain(decision.trace)
    return document


def plain(value: Any) -> Any:
    """Structs and documents in plain JSON values. Written and read again, which is faster than a walk through them
    here."""
    return _DECODE(_ENCODE(value))


_ENCODE, _DECODE = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode
