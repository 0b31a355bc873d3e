"""What must hold of a version before it is published: names, ranks, policies, scenarios, the reference."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from houblon.engine.conditions.tree import condition_document
from houblon.engine.core.order import order_of
from houblon.engine.core.problem import Faults, Invalid, Problem, Text, problem, step
from houblon.engine.core.texts import identity
from houblon.engine.decide.evaluate import decide
from houblon.engine.decide.verdict import Judge
from houblon.engine.oracle.reference import Difference, difference
from houblon.engine.policy.decision import Decision
from houblon.engine.policy.lowering import lowered_rules
from houblon.engine.policy.policy import BASE, Policy, Rule, check_policy
from houblon.rules.checks.check_context import CheckContext as CheckContext
from houblon.rules.checks.check_context import Touched as Touched
from houblon.rules.checks.guardrails import check_groups_named, guardrail_faults
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.inherit import buyer_chain, resolve
from houblon.rules.model.names import looks
from houblon.rules.model.statements import Document

# A whole policy takes some 3 ms beside the reference; past these many, rule by rule is what a
# publication has time for.
COMPARED_WHOLE = 60
_TOGETHER = 12


def check(content: Content, touched: Touched, check_context: CheckContext) -> None:
    """Everything; policies that no group of `touched` has a part in are taken as checked before, and so are
    scenarios of whose chain, cycle and buyer nothing changes.

    Raises Invalid with every fault, pointers starting with `/groups/<id>`, `/scenarios/<id>` or `/guardrails/<id>`.
    """
    policies = check_structure(content, touched.groups, check_context)
    faults = Faults()
    faults.extend(scenario_faults(content, check_context, touched))
    faults.extend(reference_faults(policies, set(touched.groups)))
    faults.extend(guardrail_faults(content, check_context, touched.groups, touched.guardrails))
    faults.raise_if_any()


def check_structure(content: Content, changed: Iterable[str], check_context: CheckContext) -> list[Policy]:
    """What no document shows alone: names, ranks, and the policies that a change touches, which it returns."""
    faults = Faults()
    _check_names(content, faults)
    _check_ranks(content, faults)
    _check_distributors(content, faults)
    check_groups_named(content, faults)
    policies = []
    for chain in check_context.chains(content, changed):
        policies.append(resolve(content, chain))
        with faults.gather(step("/groups", chain[0])):
            check_policy(policies[-1])
    # Policies that contradict themselves decide nothing worth comparing.
    faults.raise_if_any()
    return policies


def scenario_faults(content: Content, check_context: CheckContext, touched: Touched | None = None) -> Iterator[Problem]:
    """Every scenario whose order does not get the decision that it must; with `touched`, of those it bears on."""
    for id, scenario in content.scenarios.items():
        if touched is not None and not _bears_on(touched, id, scenario, check_context):
            continue
        expected, decision = scenario["expect"], decided(content, scenario, check_context)
        found = _expected_members(decision, expected)
        if found != expected:
            wanted, given = _said(expected), _said(found)
            yield problem(
                "scenario",
                step("/scenarios", id),
                f"Le cas de test « {scenario['name']} » attend : {wanted.fr}. Il obtient : {given.fr}.",
                f"The scenario “{scenario['name']}” expects: {wanted.en}. It gets: {given.en}.",
            )


def _bears_on(touched: Touched, id: str, scenario: Document, check_context: CheckContext) -> bool:
    """Whether something changes of the scenario itself, of its buyer's groups, or of its distributor's cycle."""
    order = order_of(scenario["order"])
    claimed = map(identity, order.buyer.groups or ())
    groups = {BASE, *check_context.memberships.get(order.buyer.id, ()), *claimed}
    return (
        id in touched.scenarios
        or order.buyer.id in touched.buyers
        or identity(order.distributor or "") in map(identity, touched.cycles)
        or not touched.groups.isdisjoint(groups)
    )


def decided(content: Content, scenario: Document, check_context: CheckContext) -> Decision:
    """The decision that a scenario's order gets by `content`; dates count from its `accepted_at`, else its own."""
    order = order_of(scenario["order"])
    chain, unknown = buyer_chain(content, order.buyer, check_context.memberships.get(order.buyer.id, ()))
    at = scenario.get("accepted_at")
    return decide(
        order,
        resolve(content, chain),
        accepted_at=datetime.fromisoformat(at) if at else order.placed_at,
        cycle=content.cycle_of(order.distributor),
        installation=check_context.installation,
        unknown_groups=unknown,
    )


def reference_faults(policies: Iterable[Policy], changed: set[str]) -> Iterator[Problem]:
    """Every policy whose compiled form answers otherwise than business-rules on its boundary.

    Policies of the groups that changed come first and are compared whole; when there are very many,
    the changed groups' rules in what is left are compared rule by rule, each once: the rules of
    other groups were when they were published.
    """
    ordered = sorted(policies, key=lambda policy: changed.isdisjoint(policy.chain[:-1]))
    for policy in ordered[:COMPARED_WHOLE]:
        found = difference(policy)
        if found is not None:
            yield _differs(policy.chain[0], found)
    for policy in _packed(ordered[COMPARED_WHOLE:], changed):
        found = difference(policy, Judge(policy))
        if found is not None:
            yield _differs(BASE, found)


def _packed(policies: Sequence[Policy], changed: set[str]) -> Iterator[Policy]:
    """The distinct rules in the policies that groups of `changed` state, a few together."""
    rules: dict[tuple[str, bytes], Rule] = {}
    for policy in policies:
        for rule in lowered_rules(policy):
            if rule.provenance is None or rule.provenance.group in changed:
                rules.setdefault((rule.id, canonical(condition_document(rule.condition))), rule)
    kept = list(rules.values())
    for first in range(0, len(kept), _TOGETHER):
        yield msgspec.structs.replace(policies[0], rules=tuple(kept[first : first + _TOGETHER]))


def _differs(group: str, found: Difference) -> Problem:
    rules = ", ".join(found.rules)
    return problem(
        "reference",
        step("/groups", group),
        f"La politique compilée et business-rules ne répondent pas la même chose ({rules}) : rien n’est publié. "
        "C’est un défaut de Houblon ; signalez-le avec cette politique.",
        f"The compiled policy and business-rules answer differently ({rules}): nothing is published. "
        "This is a defect of Houblon; report it with this policy.",
    )


def _expected_members(decision: Decision, expected: Document) -> dict[str, Any]:
    """What the decision says of the members that the scenario names."""
    due = decision.invoice and decision.invoice.due.due_date
    found: dict[str, Any] = {
        "outcome": decision.outcome.value,
        "reasons": [reason.code for reason in decision.reasons],
        "due_date": due.isoformat() if due else None,
    }
    kept = {name: found[name] for name in expected}
    if "reasons" in kept and set(found["reasons"]) == set(expected["reasons"]):
        kept["reasons"] = expected["reasons"]  # in any order
    return kept


def _said(members: Mapping[str, Any]) -> Text:
    """« en attente (minimum_items), échéance 2021-06-19 »: what a scenario names of a decision."""
    outcome = _OUTCOMES[members["outcome"]]
    codes = f" ({', '.join(members['reasons'])})" if members.get("reasons") else ""
    due = Text("", "")
    if "due_date" in members:
        day = members["due_date"]
        due = Text(f", échéance {day}", f", due {day}") if day else Text(", sans échéance", ", no due date")
    return Text(f"{outcome.fr}{codes}{due.fr}", f"{outcome.en}{codes}{due.en}")


_OUTCOMES = {
    "accepted": Text("acceptée", "accepted"),
    "held": Text("en attente", "held"),
    "refused": Text("refusée", "refused"),
}


def check_names(content: Content, name: str) -> None:
    """Raises Invalid when a group's `name` can't be told from one that is there."""
    taken = {look: group for group in content.groups.values() for look in enumerate(looks(group.name))}
    taken.update((look, content.groups[BASE]) for look in enumerate(looks("Tous")))
    other = next((taken[look] for look in enumerate(looks(name)) if look in taken), None)
    if other is not None:
        raise Invalid([_name_taken("/name", other.name)])


def _check_names(content: Content, faults: Faults) -> None:
    # Tous first, and under its first name too: whatever it is called, nobody else gets to be Tous.
    base, taken = content.groups[BASE], {}
    for look in (*enumerate(looks(base.name)), *enumerate(looks("Tous"))):
        taken[look] = base
    for group in content.ranked():
        if group.id == BASE:
            continue
        found = [taken.setdefault(look, group) for look in enumerate(looks(group.name))]
        other = next((each for each in found if each.id != group.id), None)
        if other is not None:
            faults.extend([_name_taken(step("/groups", group.id, "name"), other.name)])


def _name_taken(pointer: str, name: str) -> Problem:
    return problem(
        "name_taken",
        pointer,
        f"Ce nom se confond avec celui du groupe « {name} ».",
        f"This name can't be told from that of the group “{name}”.",
    )


def _check_distributors(content: Content, faults: Faults) -> None:
    """Two cycles of one distributor, written in two ways."""
    for id in content.cycles:
        other = content.distributors[identity(id)]
        if other != id:
            faults.add(
                "taken",
                step("/cycles", id),
                f"« {id} » et « {other} » sont le même distributeur : gardez un seul cycle.",
                f"“{id}” and “{other}” are the same distributor: keep one cycle.",
            )


def _check_ranks(content: Content, faults: Faults) -> None:
    taken: dict[int, str] = {}
    for group in content.ranked():
        ahead = taken.setdefault(group.rank, group.id) if group.id != BASE else group.id
        if ahead != group.id:
            other = content.groups[ahead].name
            faults.add(
                "rank_taken",
                step("/groups", group.id, "rank"),
                f"Le groupe « {other} » a déjà ce rang.",
                f"The group “{other}” has this rank already.",
            )
