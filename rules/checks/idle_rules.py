"""Rules that say nothing: names that nobody has, conditions that never hold or always do. Told, never refused."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from houblon.engine.conditions.certainty import always, never
from houblon.engine.conditions.tree import comparisons_of
from houblon.engine.core.places import province_code
from houblon.engine.core.problem import Problem, Text, problem
from houblon.engine.core.texts import identity
from houblon.engine.policy.policy import Rule
from houblon.rules.model.content import Content
from houblon.rules.model.statements import RULES, pointer_of

_KINDS = {
    "buyer_groups": ("unknown_group", Text("le groupe", "the group")),
    "distributor": ("unknown_distributor", Text("le distributeur", "the distributor")),
    "province": ("unknown_province", Text("la province", "the province")),
    "skus": ("unknown_sku", Text("le produit", "the product")),
    "buyer_id": ("unknown_buyer", Text("le détaillant", "the retailer")),
}
# Of a text, only what is compared whole is a name; a part of one names nobody.
_WHOLE = ("equal_to", "equal_to_case_insensitive")


class Seen(msgspec.Struct, frozen=True):
    """What the last orders named, and who buys, by identity; a product or a retailer is unknown only where some are known."""

    distributors: frozenset[str] = frozenset()
    provinces: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()
    buyers: frozenset[str] = frozenset()


def idle_rules(content: Content, seen: Seen, groups: Iterable[str] | None = None) -> tuple[Problem, ...]:
    """What the rules of some groups, of all unless named, say to no effect."""
    found: list[Problem] = []
    for id in content.groups if groups is None else [each for each in groups if each in content.groups]:
        for rule in content.groups[id].rules.values():
            if rule is not None and rule.enabled:
                found += _of_rule(content, id, rule, seen)
    return tuple(found)


def newly_idle(before: Content, after: Content, seen: Seen) -> tuple[Problem, ...]:
    """What `after` makes idle in groups that did not change themselves: a name that is no longer there."""
    known = {(each.pointer, each.message.fr) for each in idle_rules(before, seen)}
    return tuple(each for each in idle_rules(after, seen) if (each.pointer, each.message.fr) not in known)


def naming(content: Content, fact: str, name: str) -> tuple[tuple[str, Rule], ...]:
    """The groups' rules that name a group (`buyer_groups`), a distributor or a buyer (`buyer_id`), each with its group."""
    return tuple(
        (group.id, rule)
        for group in content.ranked()
        for rule in group.rules.values()
        if rule is not None and any(identity(each) == identity(name) for each in _named(rule, fact))
    )


def _of_rule(content: Content, group: str, rule: Rule, seen: Seen) -> Iterator[Problem]:
    pointer, name = pointer_of("group", group, f"{RULES}{rule.id}"), rule.label
    for fact, (code, what) in _KINDS.items():
        for said in dict.fromkeys(_named(rule, fact, _WHOLE if fact == "buyer_id" else None)):
            if not _is_known(content, fact, said, seen):
                yield problem(
                    code,
                    pointer,
                    f"La règle « {name.fr} » nomme {what.fr} « {said} », que personne n’a.",
                    f"The rule “{name.en}” names {what.en} “{said}”, which nobody has.",
                )
    if never(rule.condition):
        yield problem(
            "never_true",
            pointer,
            f"La règle « {name.fr} » n’est jamais vraie : ses conditions se contredisent.",
            f"The rule “{name.en}” is never true: its conditions contradict one another.",
        )
    elif always(rule.condition):
        yield problem(
            "always_true",
            pointer,
            f"La règle « {name.fr} » est toujours vraie : elle vaut pour toutes les commandes.",
            f"The rule “{name.en}” is always true: it holds for every order.",
        )


def _named(rule: Rule, fact: str, operators: Collection[str] | None = None) -> list[str]:
    values: list[str] = []
    for comparison in comparisons_of(rule.condition):
        if comparison.name == fact and (operators is None or comparison.operator in operators):
            several = comparison.value if isinstance(comparison.value, tuple) else (comparison.value,)
            values += [str(each) for each in several]
    return values


def _is_known(content: Content, fact: str, name: str, seen: Seen) -> bool:
    it = identity(name)
    if fact == "buyer_groups":
        return it in content.groups
    if fact == "distributor":
        return content.cycle_of(name) is not None or it in seen.distributors
    if fact == "province":
        return province_code(name) is not None or it in seen.provinces
    known = seen.buyers if fact == "buyer_id" else seen.skus
    return not known or it in known
