"""Guardrails proved for whoever asks: pages, API and shell get the same answers."""

import logging
from typing import Any

import msgspec

from houblon.engine.core.problem import Invalid, Problem
from houblon.engine.policy.decision import decision_document
from houblon.engine.proofs.questions import PROVED, Stock
from houblon.orders.handling.whatif import content_asked
from houblon.orders.queries.seen_values import seen_values
from houblon.rules.checks.comparisons import ChainDifference, compare_contents
from houblon.rules.checks.guardrails import GuardrailProof, prove_guardrails
from houblon.rules.model.content import Content
from houblon.web.foundation.composition import House

_log = logging.getLogger("houblon.proofs")


def proofs_asked(
    house: House, version: int | None = None, proposal: str | None = None
) -> tuple[Content, list[GuardrailProof]]:
    """Every guardrail of a version, of a proposal, else of what is in force. Raises Invalid where there is none such."""
    content = content_asked(house.services, now=house.now(), version=version, proposal=proposal)
    return content, proofs_of(house, content)


def proofs_of(house: House, content: Content) -> list[GuardrailProof]:
    """Every guardrail of a content, for the chains of real buyers and each group alone; faults of ours are logged."""
    if not content.guardrails:
        return []
    found = prove_guardrails(content, house.check_context, stock=stock_of(house))
    for each in found:
        if each.proof.fault:
            _log.error("proof of %s for %s: %s", each.guardrail, " > ".join(each.chain), each.proof.fault)
    return found


def by_guardrail(found: list[GuardrailProof]) -> list[tuple[str, list[GuardrailProof]]]:
    """The answers of each guardrail together, those that do not hold first."""
    gathered: dict[str, list[GuardrailProof]] = {}
    for each in found:
        gathered.setdefault(each.guardrail, []).append(each)
    return sorted(gathered.items(), key=lambda each: all(one.proof.result == PROVED for one in each[1]))


def counterexample(house: House, proposal: str, guardrail: str, chain: tuple[str, ...]) -> Any:
    """The order that breaks a guardrail of a proposal for a chain; None where none is known."""
    _, found = proofs_asked(house, proposal=proposal)
    shown = (each.proof.order for each in found if (each.guardrail, each.chain) == (guardrail, chain))
    return next(shown, None)


def stock_of(house: House) -> Stock:
    """What the newest orders name, for the orders that are shown."""
    seen = seen_values(house.services.ledger)
    return Stock(
        day=house.now().astimezone(house.services.installation.zone).date(),
        skus=tuple(sorted(each.upper() for each in seen.skus)),
        distributors=tuple(sorted(seen.distributors)),
    )


def proofs_document(content: Content, found: list[GuardrailProof]) -> dict[str, Any]:
    """The answers in plain JSON values."""
    return {
        "version": content.version.number,
        "guardrails": [
            {
                "id": each.guardrail,
                "chain": list(each.chain),
                "result": each.proof.result,
                "counterexample": each.proof.order,
                "decision": each.proof.decision and decision_document(each.proof.decision),
                "because": msgspec.to_builtins(each.proof.because),
            }
            for each in found
        ],
    }


def comparison_asked(house: House, before: str, after: str) -> list[ChainDifference]:
    """Two versions or proposals, by number or id, chain by chain. Raises Invalid where there is none such."""
    contents = [_content(house, said, f"/{name}") for name, said in (("before", before), ("after", after))]
    found = compare_contents(contents[0], contents[1], house.check_context, stock_of(house))
    for each in found:
        if each.fault:
            _log.error("comparison for %s: %s", " > ".join(each.chain), each.fault)
    return found


def _content(house: House, said: str, pointer: str) -> Content:
    """A version by its number, a proposal by its id: no id of a proposal is a number alone."""
    number = int(said) if said.isascii() and said.isdigit() and len(said) < 10 else None
    try:
        return content_asked(house.services, now=house.now(), version=number, proposal=said if number is None else None)
    except Invalid as invalid:
        raise Invalid(Problem(each.code, pointer, each.message) for each in invalid.problems) from None


def comparison_document(found: list[ChainDifference]) -> dict[str, Any]:
    """The comparison in plain JSON values."""
    return {
        "chains": [
            {
                "chain": list(each.chain),
                "verdict": each.difference.verdict,
                "invoicing": "differs" if each.difference.invoicing else "equal",
                "regions": [
                    {
                        "before": region.before.value,
                        "after": region.after.value,
                        "sentence": msgspec.to_builtins(region.sentence),
                        "witness": region.witness,
                    }
                    for region in each.difference.regions
                ],
            }
            for each in found
        ]
    }
