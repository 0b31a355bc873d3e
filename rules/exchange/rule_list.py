"""What can be imported: a bundle, or a plain business-rules rule list into a group's rules."""

from collections.abc import Iterable, Mapping
from typing import Any

from houblon.engine.core.problem import Faults, refuse, step
from houblon.engine.policy.decision import Provenance
from houblon.engine.policy.policy import BASE, MAX_RULES, Rule, rule_document, rule_of
from houblon.rules.exchange.bundle import Bundle, read_bundle
from houblon.rules.exchange.patterns import check_patterns
from houblon.rules.model.content import Content
from houblon.rules.model.statements import RULES, Document, Edit, Statement, stated

_PLAIN = ("conditions", "actions")


def read_import(document: object, group: str | None, content: Content, taken: Iterable[str] = ()) -> Bundle:
    """A bundle, or a rule list as the bundle of the group that it is added to (Tous unless named).

    `taken` are the ids of rules that anything has beside `content`: other drafts, earlier versions. Raises Invalid with every fault.
    """
    if not isinstance(document, list) and group is None:
        return read_bundle(document, content)
    id = group or BASE
    changed: Document | None = content.document("group", id)
    for statement in rule_statements(document, id, content, taken):
        changed = stated(changed, statement)
    return Bundle((Edit("group", id, changed),), {}, {})


def rule_statements(rules: object, group: str, content: Content, taken: Iterable[str] = ()) -> list[Statement]:
    """The statements that add a rule list to `group`; a rule that it has already is left as it is.

    Raises Invalid with every fault at its place in the list (`/0/conditions`), and when there is no
    such group.
    """
    if group not in content.groups:
        raise refuse("unknown_group", "/group", "Ce groupe n’existe pas.", "There is no such group.")
    if not isinstance(rules, list):
        raise refuse("type", "", "Une liste de règles est attendue.", "A list of rules is expected.")
    if len(rules) > MAX_RULES:
        raise refuse("too_many", "", f"Pas plus de {MAX_RULES} règles.", f"No more than {MAX_RULES} rules.")
    check_patterns(rules)
    used = {*taken, *(id for each in content.groups.values() for id in each.rules)}
    known = [plain(rule) for rule in content.groups[group].rules.values() if rule is not None]
    faults, statements = Faults(), []
    for index, document in enumerate(rules):
        with faults.gather(step("", index)):
            rule = rule_of(_free_id(used), document, Provenance(group, 0))
            if plain(rule) not in known:
                used.add(rule.id)
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
