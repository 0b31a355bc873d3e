"""What the API answers, as types: the very structs that describe it in the OpenAPI document."""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from houblon.engine.core.order import Moment
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Obligation, Provenance, RuleTrace
from houblon.rules.model.content import Version
from houblon.web.api.spec import types
from houblon.web.api.spec.types import Day, Hash, Key, Money

# Types of members, and a shape of the rules, by which other rooms name them.
__all__ = ["Day", "Hash", "Key", "Money", "Version"]

Kind = Literal["group", "cycle", "scenario", "guardrail"]


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong: a stable code, a JSON pointer (RFC 6901) to its place, a sentence to act on."""

    code: str
    pointer: str
    message: str


class Problem(msgspec.Struct, frozen=True):
    """A refusal (RFC 9457), with every fault at once; `type` is where its `code` is told."""

    type: str
    code: str
    title: str
    status: int
    errors: tuple[Fault, ...]
    detail: str | UnsetType = UNSET


class ReasonProvenance(msgspec.Struct, frozen=True):
    """Where it was stated: the group, and the version that did, null where a proposal would."""

    group: str
    version: int | None


class Reason(msgspec.Struct, frozen=True):
    """Why: what an action of a rule did, where it came from, and the facts that it read."""

    code: str
    effect: str
    rule: str
    message: Text
    provenance: tuple[ReasonProvenance, ...]
    facts: types.Facts


class Invoicing(msgspec.Struct, frozen=True):
    """How an accepted order is invoiced, and when it is due."""

    trigger: Literal["on_acceptance", "on_delivery", "manual"]
    issue: bool
    terms: types.Terms
    version: int | None
    policy_hash: Hash
    basis: Literal["planned_delivery", "cycle", "acceptance"]
    delivery_date: Day | None
    due_date: Day | None


class UnknownMember(msgspec.Struct, frozen=True):
    """A member of an order that nobody reads: its place, and the one that is near where there is one."""

    code: Literal["unknown_member"]
    pointer: str
    message: Text


class Decision(msgspec.Struct, frozen=True):
    """The answer about one order. `if_accepted` is what would follow if a person accepted a held one,
    `warnings` names the members of the order that nobody knows. By a `proposal`, there is no version yet: null."""

    order_id: str
    outcome: Literal["accepted", "held", "refused"]
    version: int | None
    policy_hash: Hash
    chain: tuple[str, ...]
    reasons: tuple[Reason, ...]
    obligations: tuple[Obligation, ...]
    invoice: Invoicing | None
    if_accepted: Invoicing | UnsetType = UNSET
    trace: tuple[RuleTrace, ...] | UnsetType = UNSET
    warnings: tuple[UnknownMember, ...] | UnsetType = UNSET
    proposal: str | UnsetType = UNSET


class NotDecided(msgspec.Struct, frozen=True):
    """In a batch, in the place of an order that can't be read."""

    errors: tuple[Fault, ...]


class Group(msgspec.Struct, frozen=True):
    """What a group states itself; a setting or rule that is null is explicitly none."""

    id: str
    name: str
    colour: str
    settings: types.GroupSettings
    rules: types.GroupRules
    rank: int | UnsetType = UNSET


class Groups(msgspec.Struct, frozen=True):
    """Every group in force, from the highest rank to Tous."""

    version: int
    items: tuple[Group, ...]


class PolicyRule(msgspec.Struct, frozen=True):
    """A rule as it is written, with where it came from."""

    label: Text
    conditions: types.Condition
    actions: types.Actions
    provenance: Provenance
    message: Text | UnsetType = UNSET
    enabled: bool = True


class Policy(msgspec.Struct, frozen=True):
    """Settings and rules in force for a chain, every value with its provenance."""

    chain: tuple[str, ...]
    version: int
    hash: Hash
    settings: types.PolicySettings
    rules: dict[str, PolicyRule]


class Cycles(msgspec.Struct, frozen=True):
    """Every delivery cycle in force."""

    version: int
    items: tuple[types.Cycle, ...]


class Scenarios(msgspec.Struct, frozen=True):
    """Every scenario in force."""

    version: int
    items: tuple[types.Scenario, ...]


class Guardrails(msgspec.Struct, frozen=True):
    """Every guardrail in force."""

    version: int
    items: tuple[types.Guardrail, ...]


class GuardrailProof(msgspec.Struct, frozen=True):
    """What came of one guardrail for one chain; an order that breaks it, and the decision that it gets."""

    id: str
    chain: tuple[str, ...]
    result: Literal["proved", "broken", "unknown"]
    counterexample: types.OrderAsSent | None
    decision: Decision | None
    because: Text


class Proofs(msgspec.Struct, frozen=True):
    """Every guardrail asked of every possible order, for the chains of real buyers and each group alone."""

    version: int
    guardrails: tuple[GuardrailProof, ...]


Result = Literal["accepted", "held", "refused"]


class Region(msgspec.Struct, frozen=True):
    """Orders that had the one outcome and would have the other: in words, and one of them."""

    before: Result
    after: Result
    sentence: Text
    witness: types.OrderAsSent


class ChainComparison(msgspec.Struct, frozen=True):
    """How one chain differs; `unknown` where nobody can tell. `invoicing` is about orders that both accept."""

    chain: tuple[str, ...]
    verdict: Literal["equal", "stricter", "looser", "mixed", "unknown"]
    invoicing: Literal["equal", "differs"]
    regions: tuple[Region, ...]


class PolicyComparison(msgspec.Struct, frozen=True):
    """Two policies over every possible order, chain by chain."""

    chains: tuple[ChainComparison, ...]


class Versions(msgspec.Struct, frozen=True):
    items: tuple[Version, ...]


class MembershipMove(msgspec.Struct, frozen=True):
    """A retailer's groups before and after."""

    buyer: str
    before: tuple[str, ...] = msgspec.field(name="from")
    after: tuple[str, ...] = msgspec.field(name="to")


class VersionContent(msgspec.Struct, frozen=True):
    """A version and all that it holds, as a bundle writes it; `moves` are the memberships that it brought."""

    version: Version
    groups: tuple[Group, ...]
    cycles: tuple[types.Cycle, ...]
    scenarios: tuple[types.Scenario, ...]
    guardrails: tuple[types.Guardrail, ...]
    moves: tuple[MembershipMove, ...]


class Approved(msgspec.Struct, frozen=True):
    by: str
    at: Moment
    hash: Hash


class ProposalNotice(msgspec.Struct, frozen=True):
    """What befell the proposal: `conflict`, `rolled_back`, `invalid`, `asked` (to approve it), …, and the newest version then."""

    code: str
    version: int
    at: Moment


class ProposalHead(msgspec.Struct, frozen=True):
    """A proposal without its content; `revision` counts its changes and is its entity tag."""

    id: str
    name: str
    description: str
    state: Literal["open", "scheduled", "published", "discarded"]
    author: str
    editors: tuple[str, ...]
    base: int
    revision: int
    created_at: Moment
    changed_at: Moment
    approval: Approved | None
    effective_from: Moment | None
    ends: str | None
    version: int | None
    notices: tuple[ProposalNotice, ...]


class ProposalChange(msgspec.Struct, frozen=True):
    """One statement that the proposal changes; a side that states nothing is absent."""

    pointer: str
    kind: Kind
    id: str
    path: str
    before: types.StatementValue | UnsetType = UNSET
    after: types.StatementValue | UnsetType = UNSET


class ProposalClash(msgspec.Struct, frozen=True):
    """A statement that somebody else published meanwhile with another value.

    With `both`, two drafts made something new under one id, and both can be kept; `met` is another group, in which a
    rule of that id was published. A retailer moved otherwise meanwhile is of the kind `membership`.
    """

    pointer: str
    kind: Kind | Literal["membership"]
    id: str
    path: str
    mine: types.StatementValue | UnsetType = UNSET
    theirs: types.StatementValue | UnsetType = UNSET
    both: bool = False
    met: str | UnsetType = UNSET


class PlannedValue(msgspec.Struct, frozen=True):
    """Another proposal that is to change one of the same statements, and when."""

    pointer: str
    effective_from: Moment
    proposal: str


class ProposalRemark(msgspec.Struct, frozen=True):
    """What somebody said of a proposal."""

    by: str
    at: Moment
    text: str


class Proposal(ProposalHead, frozen=True, kw_only=True):
    """A proposal, what it changes (of a scheduled one: in what will be in force then), and what the checks say of it.

    `planned` is what else is to change its statements, `dropped` what was planned behind it until this call.
    """

    changes: tuple[ProposalChange, ...]
    clashes: tuple[ProposalClash, ...]
    memberships: dict[str, tuple[str, ...]]
    moves: tuple[MembershipMove, ...]
    planned: tuple[PlannedValue, ...]
    dropped: tuple[str, ...]
    comments: tuple[ProposalRemark, ...]
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class Proposals(msgspec.Struct, frozen=True):
    items: tuple[ProposalHead, ...]


class OrderDecision(msgspec.Struct, frozen=True):
    """A decision that was recorded: when, by whom (`houblon` is the policy), and of which content."""

    made_at: Moment
    who: str
    content_hash: str
    document: Decision


class Move(msgspec.Struct, frozen=True):
    """The order went from one state to another."""

    at: Moment
    who: str
    before: str | None
    after: str
    why: str
