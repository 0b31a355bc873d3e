"""What a group's page shows: each setting with its state and origin, rules as trees, what the policy does."""

import re
from typing import Any

import msgspec
from flask_babel import gettext as _
from markupsafe import Markup, escape

from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import AllOf, Comparison, Condition
from houblon.engine.core.problem import Problem, Text
from houblon.engine.policy.policy import BASE, Policy, Rule
from houblon.engine.policy.sentences import policy_sentences
from houblon.orders.queries import lists
from houblon.orders.queries.seen_values import seen_values
from houblon.rules.checks.checks import scenario_faults
from houblon.rules.checks.idle_rules import idle_rules
from houblon.rules.checks.lint import warnings
from houblon.rules.checks.overlap import overlaps
from houblon.rules.model.content import Content, Group, Version
from houblon.rules.model.inherit import resolve
from houblon.rules.model.proposal import Proposal
from houblon.rules.store.history import UnknownVersion
from houblon.web.drafts import drafting
from houblon.web.drafts.live_preview import trial_of
from houblon.web.foundation.current_app import house
from houblon.web.foundation.language import current
from houblon.web.presentation.change_text import statement_label
from houblon.web.presentation.policy_document import policy_document
from houblon.web.presentation.setting_forms import EVENT_LABELS, SECTIONS, TERMS_LABELS, SettingForm
from houblon.web.presentation.setting_text import value_text


class Row(msgspec.Struct, frozen=True):
    """One setting. `state` is inherited, own or none; `since` is the version that said so, None in a draft.

    `was` is the value in force where the draft gives another, `tous` what giving it back would give.
    """

    form: SettingForm
    value: Any
    text: Text
    state: str
    since: Version | None
    was: Text | None
    tous: Text | None

    @property
    def own(self) -> bool:
        return self.state != "inherited"

    @property
    def none(self) -> bool:
        return self.state == "none"


class Section(msgspec.Struct, frozen=True):
    title: Text
    rows: tuple[Row, ...]

    @property
    def own(self) -> int:
        return sum(row.own for row in self.rows)


class Branch(msgspec.Struct, frozen=True):
    """A condition to read: a phrase, or `word` (all, any) over branches."""

    phrase: Text | None = None
    word: str = ""
    branches: tuple["Branch", ...] = ()


class RuleRow(msgspec.Struct, frozen=True):
    """A rule as it applies to the group; `own` where the group states it, `since` as in Row."""

    rule: Rule
    tree: Branch
    own: bool
    since: Version | None
    drafted: bool


def context(id: str, content: Content, in_force: Content, proposal: Proposal | None) -> dict[str, Any]:
    """All that the page's template reads, for a group that `content` has."""
    group, chain = content.groups[id], ((BASE,) if id == BASE else (id, BASE))
    policy = resolve(content, chain)
    was = resolve(in_force, chain) if id in in_force.groups else None
    with house().services.ledger.reading() as connection:
        members = lists.members_of(connection, id)
        count = lists.count_retailers(connection) if id == BASE else len(members)
        kept = house().everyone(connection) if id != BASE else {}
    shared = overlaps(content, id, kept) if id != BASE else ()
    off = [rule for rule, said in group.rules.items() if said is None]
    return {
        "content": content,
        "in_force": in_force,
        "draft": proposal,
        "etag": drafting.etag(proposal),
        "group": group,
        "sections": sections(content, group, policy, was),
        "rules": [_rule_row(rule, group, was) for rule in policy.rules],
        "switched_off": [(rule, content.groups[BASE].rules.get(rule)) for rule in off],
        "in_words": flowing(policy_sentences(policy)),
        "policy_json": msgspec.json.format(msgspec.json.encode(policy_document(policy)), indent=2).decode(),
        "trial": trial_of(id, content, in_force),
        "checks": checks(content, proposal, id),
        "shared": [(each, [statement_label(path) for path in each.paths]) for each in shared],
        "members": members,
        "count": count,
        "base": BASE,
        "terms_labels": TERMS_LABELS,
        "event_labels": EVENT_LABELS,
    }


def sections(content: Content, group: Group, policy: Policy, was: Policy | None) -> list[Section]:
    tous = resolve(content, (BASE,))
    return [Section(title, tuple(_row(group, policy, was, tous, form) for form in forms)) for title, forms in SECTIONS]


def _row(group: Group, policy: Policy, was: Policy | None, tous: Policy, form: SettingForm) -> Row:
    setting, own = policy.settings[form.path], form.path in group.settings
    changed = was is not None and was.settings[form.path].value != setting.value
    return Row(
        form,
        setting.value,
        value_text(form.path, setting.value),
        # Tous inherits nothing: what it does not state yet, of the settings that came later, it has as they are unsaid.
        "inherited" if not own and group.id != BASE else "none" if setting.value is None else "own",
        _published(setting.provenance.version),
        value_text(form.path, was.settings[form.path].value) if was is not None and changed else None,
        None if group.id == BASE else value_text(form.path, tous.settings[form.path].value),
    )


def _rule_row(rule: Rule, group: Group, was: Policy | None) -> RuleRow:
    provenance = rule.provenance
    then = next((each for each in was.rules if each.id == rule.id), None) if was else None
    drafted = then is None or msgspec.structs.replace(then, provenance=provenance) != rule
    since = _published(provenance.version) if provenance else None
    return RuleRow(rule, branch_of(rule.condition), rule.id in group.rules, since, drafted or since is None)


def _published(number: int) -> Version | None:
    """The version, unless it is the one that the draft may become."""
    try:
        return house().store.version(number)
    except UnknownVersion:
        return None


def branch_of(condition: Condition) -> Branch:
    """The condition as nested lines."""
    if isinstance(condition, Comparison):
        return Branch(condition_phrase(condition))
    word = "all" if isinstance(condition, AllOf) else "any"
    return Branch(None, word, tuple(branch_of(member) for member in condition.members))


_FIGURE = re.compile(
    r"(\$?\d[\d\u00a0\u202f ,.]*\d|\$?\d)((?:\u00a0| )(?:\$|articles?|lignes?|jours?|h\b|items?|lines?|days?))?"
)


def flowing(sentences: list[Text]) -> Markup:
    """The policy as one paragraph, its figures in bold."""
    text = " ".join(each.in_(current()) for each in sentences)
    parts, end = [], 0
    for found in _FIGURE.finditer(text):
        parts += [escape(text[end : found.start()]), Markup("<b>%s</b>") % found.group()]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


class Check(msgspec.Struct, frozen=True):
    """One line of what was checked: ✓ passed, ✕ refuses publishing, ! worth a look."""

    mark: str
    sentence: str
    address: str = ""


def checks(content: Content, proposal: Proposal | None, id: str) -> list[Check]:
    """Scenarios, then what refuses or is worth a look in this group."""
    faults = drafting.outlook(proposal).faults if proposal else tuple(scenario_faults(content, house().check_context))
    failing, total = sum(fault.code == "scenario" for fault in faults), len(content.scenarios)
    checks_shown = [_scenarios(failing, total)] if total else []
    checks_shown += [Check("✕", _said(each)) for each in faults if each.pointer.startswith(f"/groups/{id}/")]
    return [
        *checks_shown,
        *(Check("!", _said(each), each.pointer.rpartition("/")[2]) for each in _warnings(content, id)),
    ]


def _warnings(content: Content, id: str) -> tuple[Problem, ...]:
    return (*warnings(content, [id]), *idle_rules(content, seen_values(house().services.ledger), [id]))


def _scenarios(failing: int, total: int) -> Check:
    if failing:
        return Check("✕", _("%(failing)s des %(total)s cas de test ne passent plus", failing=failing, total=total))
    return Check("✓", _("Tous les cas de test passent (%(total)s)", total=total))


def _said(problem: Problem) -> str:
    return problem.message.in_(current())
