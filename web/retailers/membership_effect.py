"""What a change of a retailer's groups does to the policy that counts for them, in words."""

from collections.abc import Iterable

import msgspec

from houblon.engine.core.problem import Text
from houblon.engine.policy.policy import Policy
from houblon.rules.model.content import Content
from houblon.rules.model.inherit import chain_of, resolve
from houblon.web.foundation.composition import House
from houblon.web.foundation.current_app import house
from houblon.web.presentation.change_text import rule_text
from houblon.web.presentation.setting_forms import FORMS
from houblon.web.presentation.setting_text import value_text


class Effect(msgspec.Struct, frozen=True):
    """One setting or rule that becomes another: its label, before and after."""

    label: Text
    before: Text
    after: Text


def content_in_force() -> Content:
    """What counts for an order that comes now: memberships take effect in it at once, whatever a draft says."""
    return content_of(house())


def content_of(house: House) -> Content:
    """`content_in_force`, of an open installation."""
    policies = house.services.policies
    return policies.content(policies.in_force(house.now()).number)


def policy_of(content: Content, groups: Iterable[str]) -> Policy:
    return resolve(content, chain_of(content, groups, ())[0])


def effects(content: Content, before: Iterable[str], after: Iterable[str]) -> list[Effect]:
    """Every setting and rule that the two sets of groups give differently."""
    then, now = policy_of(content, before), policy_of(content, after)
    found = [
        Effect(form.label, value_text(path, then.settings[path].value), value_text(path, now.settings[path].value))
        for path, form in FORMS.items()
        if then.settings[path].value != now.settings[path].value
    ]
    old, new = ({rule.id: rule for rule in each.rules} for each in (then, now))
    for id in sorted(old.keys() | new.keys()):
        was, is_ = (rule_text(rules[id]) if id in rules else _NONE for rules in (old, new))
        if was != is_:
            label = (new.get(id) or old[id]).label
            found.append(Effect(Text(f"règle « {label.fr} »", f"rule “{label.en}”"), was, is_))
    return found


_NONE = Text("ne s’applique pas", "does not apply")
