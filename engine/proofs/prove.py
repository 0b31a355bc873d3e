"""prove(claim, …): proved of every possible order, broken by one that is shown, or unknown, with the reason.

What is shown was decided by the engine first: an order that does not do what the formulas say of it is a fault of the
prover, `Disagreement`, and nothing that anybody may rely on.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

import z3

from houblon.engine.conditions.targets.logic import Formula, Symbols, all_of, formula, none_of
from houblon.engine.conditions.targets.python import compile_careful
from houblon.engine.conditions.targets.readers import FactsReader
from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import Comparison, Condition, comparisons_of
from houblon.engine.core.order import Facts, Order, with_limit
from houblon.engine.core.problem import Text
from houblon.engine.decide.evaluate import decide, judge_of
from houblon.engine.decide.installation import Installation
from houblon.engine.policy.decision import Decision, Outcome
from houblon.engine.policy.lowering import credit_limit_of, lowered_rules
from houblon.engine.policy.policy import Policy
from houblon.engine.proofs.breaking import breaking
from houblon.engine.proofs.claims import Claim, claim_text, is_broken
from houblon.engine.proofs.possible import within
from houblon.engine.proofs.questions import BROKEN, NO_STOCK, PROVED, UNKNOWN, Proof, Question, Stock
from houblon.engine.proofs.search import Imagined, Search, Unsettled
from houblon.engine.proofs.texts import holds_of
from houblon.engine.proofs.verdict import PossibleVerdict, Reading
from houblon.engine.proofs.witness import Disagreement as Disagreement
from houblon.engine.proofs.witness import differing, made

_MOST_ORDERS = 20  # that can't be made as they were imagined, before nobody knows


class Prover:
    """Questions about some policies, over one set of symbols; ask all that is to be asked together of one.

    `installation` and `stock` are what orders that are shown are made of.
    """

    def __init__(self, questions: Iterable[Question], installation: Installation, stock: Stock = NO_STOCK):
        self.questions = tuple(questions)
        self.installation, self.stock = installation, stock
        policies = {policy.hash: policy for each in self.questions for policy in _policies(each)}
        conditions = [rule.condition for policy in policies.values() for rule in lowered_rules(policy)]
        conditions += [each.when for each in self.questions if each.when is not None]
        self.symbols = Symbols(comparison for condition in conditions for comparison in comparisons_of(condition))
        self.reading = Reading(self.symbols)
        self.search = Search(self.symbols, self.reading.barred)
        self._verdicts: dict[str, PossibleVerdict] = {}

    def answers(self) -> Iterator[Proof]:
        """The proof of each question, in their order. Raises Disagreement."""
        for question in self.questions:
            yield self.prove(question)

    def prove(self, question: Question) -> Proof:
        broken = self.broken_by(question)
        verdict, set_aside = self.verdict(question.policy), list[Formula]()
        doubtful: tuple[Comparison, ...] | None = None
        for _ in range(_MOST_ORDERS):
            found = self.search.find(
                [*broken, *set_aside], [z3.Not(verdict.doubt), *_accepted_first(question, verdict)]
            )
            if found is None:
                break
            if isinstance(found, Unsettled):
                doubtful = (*(doubtful or ()), *found.conditions)
                break
            shown = self.shown(question, found)
            if isinstance(shown, Proof):
                return shown
            set_aside.append(self.unlike(found, shown))
            doubtful = (*(doubtful or ()), *(each for each in self.symbols.comparisons if each.name in shown))
        if doubtful is None:
            return Proof(PROVED, _proved(question))
        return Proof(UNKNOWN, _unknown(doubtful))

    def verdict(self, policy: Policy) -> PossibleVerdict:
        if policy.hash not in self._verdicts:
            self._verdicts[policy.hash] = self.reading.verdict(policy)
        return self._verdicts[policy.hash]

    def broken_by(self, question: Question) -> list[Formula]:
        """What must hold of an order that breaks the claim."""
        chain = question.policy.chain
        other = None if question.other is None else self.verdict(question.other)
        broken = [breaking(question.claim, self.symbols, self.verdict(question.policy), other)]
        if question.when is not None:
            symbols = self.symbols.with_credit(credit_limit_of(question.policy))
            broken.append(formula(question.when, symbols, chain[:-1]).holds)
        return [*broken, *within(self.symbols, chain, self.stock.kept)]

    def shown(self, question: Question, imagined: Imagined) -> Proof | tuple[str, ...]:
        """The order that was imagined, decided; the facts that no order could be given so. Raises Disagreement."""
        chain = question.policy.chain
        document, order, facts = made(imagined, chain, self.stock, self.installation)
        wrong = differing(imagined, facts)
        if wrong:
            return wrong
        decision = self.decided(order, question.policy)
        other = None if question.other is None else self.decided(order, question.other).outcome
        judge = judge_of(question.policy)
        facts = with_limit(facts, judge.credit_limit)
        if not is_broken(question.claim, decision.outcome, judge, facts, other):
            raise Disagreement(f"this order keeps {question.claim.kind}, {decision.outcome}", document)
        if question.when is not None and not _holds(question.when, facts):
            raise Disagreement("this order is none of those that the claim speaks of", document)
        return Proof(BROKEN, _broken(question.claim, decision), document, decision)

    def decided(self, order: Order, policy: Policy) -> Decision:
        return decided(order, policy, self.installation)

    def unlike(self, imagined: Imagined, facts: tuple[str, ...]) -> Formula:
        """Another order than the one imagined, in one of the facts."""
        same = []
        for name in facts:
            if name in imagined.numbers:
                same.append(self.symbols.numbers[name] == imagined.numbers[name])
            for value, option in self.symbols.options.get(name, {}).items():
                named = {each.lower() for each in imagined.named.get(name, ())}
                same.append(option if value in named else z3.Not(option))
            for test, flag in self.symbols.texts.get(name, {}).items():
                same.append(flag if holds_of(test, imagined.texts[name]) else z3.Not(flag))
        return none_of(self.symbols, [all_of(self.symbols, same)])


def decided(order: Order, policy: Policy, installation: Installation) -> Decision:
    """The decision about an order placed and accepted at once; no cycle: only dates would follow from one."""
    at: datetime = order.placed_at
    return decide(order, policy, accepted_at=at, cycle=None, installation=installation)


def prove(question: Question, installation: Installation, stock: Stock = NO_STOCK) -> Proof:
    """One question by itself. Raises Disagreement."""
    return Prover([question], installation, stock).prove(question)


def answer_all(questions: Iterable[Question], installation: Installation, stock: Stock) -> Iterator[Proof]:
    """The proof of each question; a disagreement is told as the fault that it is, and proves nothing."""
    prover = Prover(questions, installation, stock)
    for question in prover.questions:
        try:
            yield prover.prove(question)
        except Disagreement as disagreement:
            yield Proof(UNKNOWN, _FAULT, disagreement.document, None, str(disagreement))


_FAULT = Text(
    "Erreur interne : la preuve et le moteur ne disent pas la même chose de cette commande. Signalez-le.",
    "Internal error: the proof and the engine say different things of this order. Report it.",
)


def _policies(question: Question) -> Iterator[Policy]:
    yield question.policy
    if question.other is not None:
        yield question.other


def _accepted_first(question: Question, verdict: PossibleVerdict) -> list[Formula]:
    """Of orders that break it, one that is accepted shows it best."""
    return [verdict.outcomes[Outcome.ACCEPTED]] if question.claim.kind == "terms_at_most_days" else []


def _holds(condition: Condition, facts: Facts) -> bool:
    """Whether the condition holds of the facts, by the compiled engine."""
    return bool(compile_careful([condition], FactsReader())(facts) & 1)


def _proved(question: Question) -> Text:
    said = claim_text(question.claim)
    return Text(f"Prouvé pour toutes les commandes possibles. {said.fr}", f"Proved for every possible order. {said.en}")


def _broken(claim: Claim, decision: Decision) -> Text:
    said = claim_text(claim)
    why = decision.reasons[0].message if decision.reasons else Text("", "")
    return Text(f"Cette commande ne le respecte pas : {why.fr}", f"This order breaks it: {why.en}") if why.fr else said


def _unknown(conditions: Iterable[Comparison]) -> Text:
    named: Mapping[Comparison, Text] = {each: condition_phrase(each) for each in conditions}
    if not named:
        return Text("Inconnu : la preuve demande trop de calcul.", "Unknown: the proof takes too much computing.")
    fr, en = (" ; ".join(getattr(each, language) for each in named.values()) for language in ("fr", "en"))
    return Text(
        f"Inconnu : personne ne peut dire quelles commandes répondent à « {fr} ».",
        f"Unknown: nobody can tell which orders answer “{en}”.",
    )
