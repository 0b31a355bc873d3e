"""Guardrails: what must hold for every possible order, of some group's buyers or of all, as people write it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from houblon.engine.conditions.tree import Condition, condition_document
from houblon.engine.core.problem import Text
from houblon.engine.policy.policy import read_text
from houblon.engine.proofs.claims import Claim, claim_document, read_claim, read_when


class Guardrail(msgspec.Struct, frozen=True):
    """A claim about the orders of every chain that holds `group` (None: every chain) for which `when` is true."""

    id: str
    label: Text
    group: str | None
    when: Condition | None
    claim: Claim

    def speaks_of(self, chain: tuple[str, ...]) -> bool:
        return self.group is None or self.group in chain


def guardrail_of(document: Mapping[str, Any]) -> Guardrail | None:
    """The guardrail that a checked document is; None for one of the days when they claimed nothing."""
    if "claim" not in document:
        return None
    return Guardrail(
        document["id"],
        read_text(document["label"]),
        document.get("group"),
        read_when(document.get("when")),
        read_claim(document["claim"]),
    )


def claims_nothing(document: object) -> bool:
    """Whether it is a guardrail as it was kept before it could claim anything: an id and a name."""
    return isinstance(document, dict) and set(document) == {"id", "name"}


def read_condition(value: Any) -> dict[str, Any] | None:
    """A condition in its one written form. Raises Invalid with every fault."""
    condition = read_when(value)
    return None if condition is None else condition_document(condition)


def read_claim_document(value: Any) -> dict[str, Any]:
    """A claim in its one written form. Raises Invalid."""
    return claim_document(read_claim(value))
