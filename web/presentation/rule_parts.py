"""What a rule says beside its sentence, part by part: its names, its message, what its actions carry, its state."""

from collections.abc import Iterator, Mapping
from typing import Any

from houblon.engine.core.problem import Text
from houblon.engine.policy.sentences import action_label
from houblon.rules.model.content import canonical

NOTHING = Text("—", "—")
_ON, _RESTING = Text("en service", "on"), Text("au repos", "resting")
_SAME = Text("la phrase ci-dessus", "the sentence above")
_OTHERWISE = Text("la même phrase, écrite autrement", "the same sentence, written otherwise")
_LABELS = {
    "state": Text("état", "state"),
    "label/fr": Text("nom français", "French name"),
    "label/en": Text("nom anglais", "English name"),
    "message/fr": Text("message français", "French message"),
    "message/en": Text("message anglais", "English message"),
    "actions": Text("actions", "actions"),
    "conditions": Text("conditions", "conditions"),
}


def rule_parts(before: Any, after: Any, same_sentence: bool) -> Iterator[tuple[Text, Text, Text]]:
    """Label, before and after of each part that differs; a side that is no rule has none.

    Conditions are in the sentence; where two of them read the same, it is told that they are written otherwise.
    """
    left, right = _parts(before), _parts(after)
    for name, label in _LABELS.items():
        if left.get(name) == right.get(name) or (name == "conditions" and not same_sentence):
            continue
        if not left and (name == "label/fr" or (name, right.get(name)) == ("state", _ON)):
            continue  # what it is called stands beside it, and a new rule is on unless it says otherwise
        if name == "conditions":
            yield label, _SAME, _OTHERWISE
        else:
            yield label, left.get(name, NOTHING), right.get(name, NOTHING)


def _parts(rule: Any) -> dict[str, Text]:
    if not isinstance(rule, Mapping):
        return {}
    said = {
        f"{name}/{language}": Text(text, text)
        for name in ("label", "message")
        for language, text in (rule.get(name) or {}).items()
    }
    actions = [_action(each) for each in rule["actions"]]
    written = canonical(rule["conditions"]).decode()
    return {
        **said,
        "state": _ON if rule.get("enabled", True) else _RESTING,
        "actions": Text("; ".join(each.fr for each in actions), "; ".join(each.en for each in actions)),
        "conditions": Text(written, written),
    }


def _action(action: Mapping[str, Any]) -> Text:
    label = action_label(action["name"])
    carried = ", ".join(str(value) for value in (action.get("params") or {}).values())
    return Text(f"{label.fr} ({carried})", f"{label.en} ({carried})") if carried else label
