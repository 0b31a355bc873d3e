"""What people approve: every difference between two documents can be read, in either language."""

from typing import Any

import pytest

from houblon.rules.model.changes import Change, changes
from houblon.rules.model.content import Content, Version, content_of
from houblon.rules.model.statements import ABSENT
from houblon.web.presentation.change_text import ChangeText, describe_change
from houblon.web.retailers.membership_effect import effects
from tests.clock import START
from tests.rules.documents import TRANSBROUE, group, hold, tous

RULE: dict[str, Any] = {
    **hold("large_amount", 500),
    "label": {"fr": "Gros montants", "en": "Large amounts"},
    "message": {"fr": "On vous appelle.", "en": "We call you."},
}


def content(*documents: dict[str, Any]) -> Content:
    rows = [
        {"kind": "group", "id": each["id"], "version": 1, "document": {"colour": "#2c6a3c", **each}, "since": {}}
        for each in documents
    ]
    return content_of(Version(1, START, "anne", "", START, ""), rows, {})


def described(before: Content, after: Content) -> list[ChangeText]:
    return [describe_change(change, after, before) for change in changes(before, after)]


def said(told: ChangeText, language: str) -> list[tuple[str, str]]:
    """Both sides of every line of a change."""
    return [(each.before.in_(language), each.after.in_(language)) for each in (told, *told.details)]


@pytest.mark.parametrize("language", ["fr", "en"])
@pytest.mark.parametrize(
    "changed",
    [
        {"label": {"fr": "Très gros montants", "en": "Large amounts"}},
        {"label": {"fr": "Gros montants", "en": "Very large amounts"}},
        {"message": {"fr": "On vous écrit.", "en": "We call you."}},
        {"message": {"fr": "On vous appelle.", "en": "We write to you."}},
        {"enabled": False},
        {"actions": [{"name": "hold", "params": {"reason": "other_reason"}}]},
        hold("large_amount", 600),
    ],
)
def test_whatever_changes_in_a_rule_reads_otherwise_after_than_before(changed, language):
    change = Change("group", "bars", "rules/gros", RULE, {**RULE, **changed})
    assert any(before != after for before, after in said(describe_change(change), language))


def test_a_new_group_and_one_that_goes_show_each_of_their_members():
    base = content(tous(), group("risque", 50))
    bars = group("bars", 70, {"gros": RULE, "retards": None}, acceptance_minimum_items=36)
    (made,) = described(base, content(tous(), group("risque", 50), bars))
    lines = [after for _before, after in said(made, "fr")]
    assert lines[0] == "créé" and "36" in lines and "vert" in lines and "On vous appelle." in lines
    assert "1er sur 2" in lines and "ne s’applique pas" in lines and any("500" in line for line in lines)
    (gone,) = described(content(tous(), group("risque", 50), bars), base)
    befores = [before for before, _after in said(gone, "fr")]
    assert gone.after.fr == "retiré" and "36" in befores and any("500" in line for line in befores)
    cycle = describe_change(Change("cycle", "transbroue", "", ABSENT, {**TRANSBROUE, "holidays": "skip"}))
    assert "on ne livre pas" in [after for _before, after in said(cycle, "fr")]


def test_a_text_of_a_setting_that_changes_in_the_other_language_is_seen():
    old, new = {"fr": "Merci", "en": "Thanks"}, {"fr": "Merci", "en": "Thank you"}
    told = describe_change(Change("group", "tous", "messages.confirmation", old, new))
    assert ("Thanks", "Thank you") in said(told, "fr")


def test_what_is_given_back_says_what_is_inherited_then():
    before = content(
        tous({"gros": RULE}, acceptance_minimum_items=24),
        group("bars", 70, {"gros": None}, acceptance_minimum_items=36),
    )
    after = content(tous({"gros": RULE}, acceptance_minimum_items=24), group("bars", 70))
    setting, rule = described(before, after)
    assert setting.after.fr == "hérité de Tous\u00a0: 24" and setting.after.en == "inherited from Tous: 24"
    assert rule.after.fr.startswith("hérité de Tous\u00a0: Retenir") and "500" in rule.after.fr


@pytest.mark.parametrize("enabled", [True, False])
def test_a_rule_that_rests_is_said_to_rest_where_it_is_inherited_too(enabled):
    base, wins = tous({"gros": {**RULE, "enabled": enabled}}), tous({"gros": {**RULE, "enabled": not enabled}})
    (given_back,) = described(content(base, group("bars", 70, {"gros": None})), content(base, group("bars", 70)))
    assert ("Au repos" in given_back.after.fr, "Resting" in given_back.after.en) == (not enabled, not enabled)
    # Whoever joins a group whose rule rests where Tous' does not is told so.
    groups = content(base, group("bars", 70, {"gros": wins["rules"]["gros"]}))
    (effect,) = effects(groups, (), ("bars",))
    assert ("Au repos" in effect.before.fr, "Au repos" in effect.after.fr) == (not enabled, enabled)


def test_colours_are_shown_and_ranks_are_places():
    others = (tous(), group("risque", 50), group("cafes", 60))
    before = content(*others, group("bars", 70))
    after = content(*others, {**group("bars", 40), "colour": "#a32a22"})
    colour, rank = described(before, after)
    assert (colour.before.fr, colour.after.fr, colour.colours) == ("vert", "rouge", ("#2c6a3c", "#a32a22"))
    assert (rank.before.fr, rank.after.fr) == ("1er sur 3", "3e sur 3, après Groupe risque")


@pytest.mark.parametrize(
    ("rrule", "after"),
    [
        ("FREQ=WEEKLY;INTERVAL=2", "les jeudis aux deux semaines"),
        ("FREQ=MONTHLY", "le 6 du mois"),
        ("FREQ=WEEKLY;BYDAY=TU", "tous les mardis"),
    ],
)
def test_a_rhythm_is_told_in_words_though_its_start_says_the_day(rrule, after):
    (change,) = described(with_cycle("FREQ=WEEKLY"), with_cycle(rrule))
    assert (change.before.fr, change.after.fr) == ("tous les jeudis", after)


def test_two_rhythms_that_words_can_not_tell_apart_are_told_as_they_are_written():
    written = [f"FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,TU;WKST={day}" for day in ("MO", "SU")]
    (change,) = described(*map(with_cycle, written))
    assert [each in side.fr for each, side in zip(written, (change.before, change.after), strict=True)] == [True, True]


def with_cycle(rrule: str) -> Content:
    return content_of_documents("cycle", {**TRANSBROUE, "rrule": rrule})


def content_of_documents(kind: str, *documents: dict[str, Any]) -> Content:
    rows = [{"kind": kind, "id": each["id"], "version": 1, "document": each, "since": {}} for each in documents]
    return content_of(Version(1, START, "anne", "", START, ""), rows, {})


def test_a_scenario_shows_its_order_and_its_decision_in_words_and_nothing_as_json():
    order = {
        "id": "PO-1",
        "placed_at": "2021-05-12T09:30:00-04:00",
        "buyer": {"id": "comptoir-1", "name": "Comptoir du Coin", "groups": ["bars"]},
        "lines": [{"sku": "IPA-24", "quantity": 12, "unit_price": "54.00", "available": True}],
    }
    held = {"outcome": "held", "reasons": ["minimum_items"], "due_date": None}
    scenario = {"id": "douze", "name": "Douze", "order": order, "expect": held}
    old = content_of_documents("scenario", scenario)
    (made,) = described(content(), old)
    assert not [each for each in said(made, "fr") if any("{" in side or "[" in side for side in each)]
    assert ("ligne 1, prix", "54,00\xa0$") in [(each.what.fr, each.after.fr) for each in made.details]
    assert "12 mai 2021 à 9\xa0h\xa030" in [each.after.fr for each in made.details]
    fewer = {**order, "lines": [{**order["lines"][0], "quantity": 30}]}
    due = {"outcome": "accepted", "due_date": "2021-06-19"}
    new = content_of_documents("scenario", {**scenario, "order": fewer, "expect": due})
    its_order, its_decision = described(old, new)
    assert [(each.what.fr, each.before.fr, each.after.fr) for each in its_order.details] == [
        ("ligne 1, quantité", "12", "30")
    ]
    assert its_decision.before.fr == "en attente, motifs\xa0: minimum_items, sans échéance"
    assert its_decision.after.fr == "acceptée, échéance le 19 juin 2021"


def test_a_rule_that_nobody_else_states_is_removed_and_not_inherited():
    for id in ("tous", "bars"):
        gone = Change("group", id, "rules/gros", RULE, ABSENT)
        made = Change("group", id, "rules/gros", ABSENT, RULE)
        known = content(tous(), group("bars", 5))
        assert (describe_change(gone, known).after.fr, describe_change(made, known).before.fr) == ("retirée", "—")
