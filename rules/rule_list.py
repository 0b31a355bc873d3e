"""Plain business-rules rule lists, read into a group's rules."""

from collections.abc import Mapping
from typing import Any

from engine.decision import Provenance
from engine.policy import Rule, rule_document, rule_of
from engine.problem import Faults, refuse, step
from rules.content import Content
from rules.statements import RULES, Statement

_PLAIN = ("conditions", "actions")


def rule_statements(rules: object, group: str, content: Content) -> list[Statement]:
    """The statements that add a rule list to `group`; a rule that it has already is left as it is.

    Raises Invalid with every fault at its place in the list (`/0/conditions`), and when there is no
    such group.
    """
    if group not in content.groups:
        raise refuse("unknown_group", "/group", "Ce groupe n’existe pas.", "There is no such group.")
    if not isinstance(rules, list):
        raise refuse("type", "", "Une liste de règles est attendue.", "A list of rules is expected.")
    taken = {id for each in content.groups.values() for id in each.rules}
    known = [plain(rule) for rule in content.groups[group].rules.values() if rule is not None]
    faults, statements = Faults(), []
    for index, document in enumerate(rules):
        with faults.gather(step("", index)):
            rule = rule_of(_free_id(taken), document, Provenance(group, 0))
            if plain(rule) not in known:
                taken.add(rule.id)
                known.append(plain(rule))
                statements.append(Statement("group", group, f"{RULES}{rule.id}", rule_document(rule)))
    faults.raise_if_any()
    return statements


def plain(rule: Rule) -> Mapping[str, Any]:
    """The rule as the package alone reads it: conditions and actions, in the actions' order."""
    return {name: member for name, member in rule_document(rule).items() if name in _PLAIN}


def _free_id(taken: set[str]) -> str:
    number = 1
    while f"regle-{number}" in taken:
        number += 1
    return f"regle-{number}"
