"""Each setting takes what it means, in one written form, and refuses the rest with a pointer."""

import pytest

from houblon.engine.core.problem import Invalid
from houblon.engine.policy.settings import MAX_TEXT, SETTINGS, check_setting

LETTER = {"subject": {"fr": "Petit rappel", "en": "A reminder"}, "body": {"fr": "Merci.", "en": "Thank you."}}
BOTH = {"fr": "Livrez derrière.", "en": "Deliver at the back."}


@pytest.mark.parametrize(
    ("path", "value", "written"),
    [
        ("acceptance.mode", "manual", "manual"),
        ("acceptance.minimum_items", 1_000_000, 1_000_000),
        ("acceptance.minimum_items", None, None),
        ("acceptance.minimum_value", "200", "200.00"),
        ("acceptance.minimum_value", 200, "200.00"),
        ("acceptance.credit_limit", "0", "0.00"),
        ("acceptance.credit_limit", 5000, "5000.00"),
        ("acceptance.credit_limit", None, None),
        ("acceptance.maximum_days_overdue", 0, 0),
        ("acceptance.maximum_days_overdue", None, None),
        ("acceptance.tell_team_after_hours", 48, 48),
        ("acceptance.tell_team_after_hours", None, None),
        ("invoicing.discount_percent", "7.50", "7.50"),
        ("invoicing.discount_percent", 100, "100"),
        ("invoicing.tax_exempt", True, True),
        ("acceptance.amendable", True, True),
        ("invoicing.note", BOTH, BOTH),
        ("invoicing.terms", {"kind": "net", "days": 30}, {"kind": "net", "days": 30}),
        ("invoicing.reminders", {"days": [21, -3, 7, 7]}, {"days": [-3, 7, 21]}),
        ("invoicing.reminders", {"days": [0]}, {"days": [0]}),
        ("messages.reminder", LETTER, LETTER),
        ("notifications.buyer", ["invoice.issued", "order.accepted"], ["order.accepted", "invoice.issued"]),
        ("notifications.team", ["order.held"], {"events": ["order.held"], "to": []}),
        ("notifications.team", {"events": [], "to": ["a@b.example"]}, {"events": [], "to": ["a@b.example"]}),
    ],
)
def test_a_value_has_one_written_form(path, value, written):
    assert check_setting(path, value) == written


@pytest.mark.parametrize(
    ("path", "value", "code", "pointer"),
    [
        ("acceptance.nothing", "x", "unknown_setting", "/s"),
        ("acceptance.mode", None, "required", "/s"),
        ("acceptance.mode", ["manual"], "unknown_option", "/s"),
        ("acceptance.minimum_items", True, "range", "/s"),
        ("acceptance.tell_team_after_hours", 0, "range", "/s"),
        ("acceptance.tell_team_after_hours", True, "range", "/s"),
        ("acceptance.tell_team_after_hours", 8_761, "range", "/s"),
        ("acceptance.minimum_items", 0, "range", "/s"),
        ("acceptance.minimum_items", 24.0, "range", "/s"),
        ("acceptance.minimum_value", "-0.01", "money", "/s"),
        ("acceptance.minimum_value", "1.001", "money", "/s"),
        ("acceptance.minimum_value", True, "money", "/s"),
        ("acceptance.credit_limit", "-0.01", "money", "/s"),
        ("acceptance.credit_limit", True, "money", "/s"),
        ("acceptance.maximum_days_overdue", -1, "range", "/s"),
        ("acceptance.maximum_days_overdue", 30.0, "range", "/s"),
        ("acceptance.maximum_days_overdue", True, "range", "/s"),
        ("acceptance.maximum_days_overdue", 3_651, "range", "/s"),
        ("invoicing.discount_percent", "100.01", "range", "/s"),
        ("invoicing.discount_percent", "1_0", "range", "/s"),
        ("invoicing.discount_percent", "\u0667", "range", "/s"),
        ("invoicing.discount_percent", "0.00001", "range", "/s"),
        ("invoicing.discount_percent", "x", "range", "/s"),
        ("invoicing.discount_percent", "NaN", "range", "/s"),
        ("invoicing.discount_percent", True, "range", "/s"),
        ("invoicing.tax_exempt", 1, "type", "/s"),
        ("acceptance.amendable", None, "required", "/s"),
        ("invoicing.note", {"fr": "x"}, "type", "/s"),
        ("invoicing.note", {"fr": "x", "en": "a\x00b"}, "text", "/s/en"),
        ("invoicing.note", {"fr": "\ud800", "en": ""}, "text", "/s/fr"),
        ("invoicing.note", {"fr": "", "en": "x" * (MAX_TEXT + 1)}, "text", "/s/en"),
        ("invoicing.reminders", [7], "type", "/s"),
        ("invoicing.reminders", {"days": [7], "at": "09:00"}, "type", "/s"),
        ("invoicing.reminders", {"days": []}, "required", "/s/days"),
        ("invoicing.reminders", {"days": [1, 2, 3, 4, 5, 6, 7]}, "too_many", "/s/days"),
        ("invoicing.reminders", {"days": [7, True]}, "range", "/s/days/1"),
        ("invoicing.reminders", {"days": [-61]}, "range", "/s/days/0"),
        ("invoicing.reminders", {"days": [366]}, "range", "/s/days/0"),
        ("invoicing.reminders", {"days": [7.0]}, "range", "/s/days/0"),
        ("messages.reminder", BOTH, "type", "/s"),
        ("messages.reminder", {**LETTER, "subject": {"fr": "Rappel", "en": " "}}, "text", "/s/subject/en"),
        ("messages.reminder", {**LETTER, "subject": {"fr": "a\nb", "en": "b"}}, "text", "/s/subject/fr"),
        ("messages.reminder", {**LETTER, "body": {"fr": "x"}}, "type", "/s/body"),
        ("notifications.buyer", ["order.lost"], "unknown_option", "/s"),
        ("notifications.team", "order.held", "type", "/s"),
        ("notifications.team", {"events": ["x"], "to": []}, "unknown_option", "/s/events"),
        ("notifications.team", {"events": [], "to": ["nobody"]}, "address", "/s/to"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_where_it_stands(path, value, code, pointer):
    with pytest.raises(Invalid) as refused:
        check_setting(path, value, "/s")
    assert [(each.code, each.pointer) for each in refused.value.problems] == [(code, pointer)]


def test_only_bounds_discounts_reminders_and_texts_can_be_nothing():
    assert {path for path, kind in SETTINGS.items() if kind.nullable} == {
        *("acceptance.minimum_items", "acceptance.minimum_value", "acceptance.credit_limit"),
        *("acceptance.maximum_days_overdue", "invoicing.discount_percent", "invoicing.note"),
        *("acceptance.tell_team_after_hours", "invoicing.reminders"),
        *("messages.before_order", "messages.confirmation", "messages.order_note", "messages.reminder"),
    }
