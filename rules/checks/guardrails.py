"""Guardrails proved: of every chain that real buyers have, and of each group alone. What was answered once is kept.

z3 is imported when something is to be proved, and not before.
"""

from collections.abc import Iterable, Iterator
from threading import Lock
from typing import Any

import msgspec

from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.core.problem import Faults, Problem, Text, problem, step
from houblon.engine.policy.lowering import lowered_rules
from houblon.engine.policy.policy import BASE, Policy
from houblon.engine.proofs.questions import BROKEN, UNKNOWN, Proof, Question, Stock
from houblon.rules.checks.check_context import Chain, CheckContext
from houblon.rules.model.content import Content, canonical
from houblon.rules.model.guardrail import Guardrail, guardrail_of
from houblon.rules.model.inherit import resolve

MOST_KEPT = 50_000

Key = tuple[Any, ...]


class GuardrailProof(msgspec.Struct, frozen=True):
    """What came of one guardrail for one chain."""

    guardrail: str
    label: Text
    chain: Chain
    proof: Proof


class _Kept:
    """Proofs by what they depend on, the newest MOST_KEPT; policies by their hash, so that one that did not change is
    not proved again."""

    def __init__(self) -> None:
        self._proofs: dict[Key, Proof] = {}
        self._lock = Lock()

    def get(self, key: Key) -> Proof | None:
        return self._proofs.get(key)

    def keep(self, key: Key, proof: Proof) -> None:
        with self._lock:
            while len(self._proofs) >= MOST_KEPT:
                self._proofs.pop(next(iter(self._proofs)))
            self._proofs[key] = proof


_KEPT = _Kept()


def guardrails_of(content: Content) -> list[Guardrail]:
    """The guardrails of a content by id, without those that were kept before they could claim anything."""
    found = (guardrail_of(content.guardrails[id]) for id in sorted(content.guardrails))
    return [each for each in found if each is not None]


def prove_guardrails(
    content: Content,
    check_context: CheckContext,
    guardrails: Iterable[Guardrail] | None = None,
    chains: Iterable[Chain] | None = None,
    stock: Stock | None = None,
) -> list[GuardrailProof]:
    """Every guardrail, of all unless some are named, for every chain that it speaks of."""
    asked = guardrails_of(content) if guardrails is None else list(guardrails)
    known = list(check_context.chains(content, content.groups) if chains is None else chains)
    # One that compares with a group that is not there is told as a fault of its own.
    asked = [each for each in asked if _alone(each)[0] in content.groups]
    pairs = [(each, chain) for each in asked for chain in known if each.speaks_of(chain)]
    if not pairs:
        return []
    policies = {chain: resolve(content, chain) for chain in {*known, *(_alone(each) for each in asked)}}
    kept = {**check_context.memberships, **content.moved}
    stock = msgspec.structs.replace(stock or Stock(), kept=kept)
    questions = [_question(each, chain, policies) for each, chain in pairs]
    proofs = _proved(questions, check_context, stock)
    return [
        GuardrailProof(each.id, each.label, chain, proof) for (each, chain), proof in zip(pairs, proofs, strict=True)
    ]


def _alone(guardrail: Guardrail) -> Chain:
    """The chain of the group that a claim compares with."""
    group = guardrail.claim.group
    return (BASE,) if group in ("", BASE) else (group, BASE)


def _question(guardrail: Guardrail, chain: Chain, policies: dict[Chain, Policy]) -> Question:
    other = policies[_alone(guardrail)] if guardrail.claim.group else None
    return Question(guardrail.claim, policies[chain], guardrail.when, other)


def _proved(questions: list[Question], check_context: CheckContext, stock: Stock) -> list[Proof]:
    """The proof of each question, each that is not known yet proved once."""
    keys = [_key(question, check_context, stock) for question in questions]
    found = {key: proof for key in keys if (proof := _KEPT.get(key)) is not None}
    wanting = {key: question for key, question in zip(keys, questions, strict=True) if key not in found}
    if wanting:
        from houblon.engine.proofs.prove import answer_all

        for key, proof in zip(wanting, answer_all(wanting.values(), check_context.installation, stock), strict=True):
            found[key] = proof
            if not proof.fault:
                _KEPT.keep(key, proof)
    return [found[key] for key in keys]


def _key(question: Question, check_context: CheckContext, stock: Stock) -> Key:
    """All that an answer depends on: policies, the claim, where Houblon runs, and who is kept where of those named."""
    policies = [question.policy, *([question.other] if question.other else [])]
    conditions = [rule.condition for policy in policies for rule in lowered_rules(policy)]
    conditions += [question.when] if question.when else []
    named = {
        test.value: stock.kept.get(test.value, ())
        for condition in conditions
        for test in comparisons_of(condition)
        if test.name == "buyer_id" and test.operator == "equal_to"
    }
    installation = check_context.installation
    return (
        *(policy.hash for policy in policies),
        question.claim,
        question.when,
        (str(installation.zone), installation.currency, installation.province),
        canonical(named),
    )


def guardrail_faults(
    content: Content, check_context: CheckContext, groups: Iterable[str], guardrails: Iterable[str]
) -> Iterator[Problem]:
    """Every guardrail that does not hold of a chain of the changed `groups`, or that is itself one of `guardrails`.

    What is unknown does not hold anything up: nobody says of it that it was proved.
    """
    changed = set(guardrails)
    everything = guardrails_of(content)
    touched = [each for each in everything if each.id not in changed]
    proofs = prove_guardrails(content, check_context, touched, check_context.chains(content, groups))
    proofs += prove_guardrails(content, check_context, [each for each in everything if each.id in changed])
    for each in proofs:
        if each.proof.result == BROKEN:
            yield fault_of(content, each)


def fault_of(content: Content, found: GuardrailProof) -> Problem:
    names = " > ".join(content.groups[id].name for id in found.chain)
    because = found.proof.because
    return problem(
        "guardrail" if found.proof.result != UNKNOWN else "guardrail_unknown",
        step("/guardrails", found.guardrail),
        f"Le garde-fou « {found.label.fr} » ne tient pas ({names}). {because.fr}",
        f"The guardrail “{found.label.en}” does not hold ({names}). {because.en}",
    )


def check_groups_named(content: Content, faults: Faults) -> None:
    """Groups that guardrails name and that are not there."""
    for each in guardrails_of(content):
        for member, group in (("group", each.group), ("claim/not_looser_than", each.claim.group)):
            if group and group not in content.groups:
                faults.add(
                    "unknown_group",
                    step("/guardrails", each.id) + f"/{member}",
                    f"Le garde-fou « {each.label.fr} » nomme un groupe qui n’existe pas : « {group} ».",
                    f"The guardrail “{each.label.en}” names a group that does not exist: “{group}”.",
                )
