"""A report as its page shows it: the headline, the matrix, who is affected, and thresholds by name."""

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

import msgspec
from flask_babel import gettext as _
from flask_babel import ngettext

from houblon.engine.conditions.figures import quantity_text
from houblon.engine.conditions.targets.text import condition_phrase
from houblon.engine.conditions.tree import Comparison
from houblon.engine.conditions.vocabulary import FACTS, Kind
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.engine.policy.decision import Outcome
from houblon.engine.policy.lowering import BOUNDS
from houblon.simulation.compare.changed_orders import MOST, ChangedOrder, matching
from houblon.simulation.report.summary import balances_text, changed_orders, summary_of
from houblon.web.foundation import format
from houblon.web.foundation.language import current
from houblon.web.presentation.setting_forms import FORMS
from houblon.web.simulations.charts import (
    cash_chart,
    explorer_charts,
    groups_chart,
    shift_text,
    shifts_chart,
    shifts_said,
)

CHANGED_SHOWN = 20
OUTCOMES = tuple(outcome.value for outcome in (Outcome.ACCEPTED, Outcome.HELD, Outcome.REFUSED))


def headline(summary: Mapping[str, Any]) -> str:
    """What a simulation found, in a sentence or more: « 37 commandes de plus seraient acceptées… »"""
    return " ".join(sentences(summary))


def sentences(summary: Mapping[str, Any]) -> list[str]:
    """The same, sentence by sentence, what matters most first."""
    gained, lost = summary["gained"], summary["lost"]
    said = []
    if not summary["orders"]:
        return [_("Aucune commande dans cette période.")]
    if gained["orders"]:
        said.append(_more(gained) + (_and_less(lost) if lost["orders"] else "") + ".")
    elif lost["orders"]:
        said.append(_less(lost) + ".")
    if summary["other"]["orders"]:
        said.append(_other(summary["other"]))
    if summary["other_terms"]["orders"]:
        said.append(_other_terms(summary["other_terms"]))
    return said or [_unchanged(summary["orders"])]


def _more(sum_: Mapping[str, Any]) -> str:
    return ngettext(
        "%(count)s commande de plus serait acceptée d’elle-même, pour %(amount)s",
        "%(count)s commandes de plus seraient acceptées d’elles-mêmes, pour %(amount)s",
        sum_["orders"],
        **_figures(sum_),
    )


def _and_less(sum_: Mapping[str, Any]) -> str:
    return ngettext(
        " ; %(count)s ne le serait plus, pour %(amount)s",
        " ; %(count)s ne le seraient plus, pour %(amount)s",
        sum_["orders"],
        **_figures(sum_),
    )


def _less(sum_: Mapping[str, Any]) -> str:
    return ngettext(
        "%(count)s commande ne serait plus acceptée d’elle-même, pour %(amount)s",
        "%(count)s commandes ne seraient plus acceptées d’elles-mêmes, pour %(amount)s",
        sum_["orders"],
        **_figures(sum_),
    )


def _other(sum_: Mapping[str, Any]) -> str:
    return ngettext(
        "%(count)s commande passerait d’en attente à refusée, ou l’inverse.",
        "%(count)s commandes passeraient d’en attente à refusées, ou l’inverse.",
        sum_["orders"],
        **_figures(sum_),
    )


def _other_terms(sum_: Mapping[str, Any]) -> str:
    return ngettext(
        "%(count)s commande garderait sa décision, mais serait facturée autrement, pour %(amount)s.",
        "%(count)s commandes garderaient leur décision, mais seraient facturées autrement, pour %(amount)s.",
        sum_["orders"],
        **_figures(sum_),
    )


def _unchanged(orders: int) -> str:
    return ngettext(
        "Rien ne changerait : la commande aurait la même décision.",
        "Rien ne changerait : les %(count)s commandes auraient la même décision.",
        orders,
        count=format.number(orders, current()),
    )


def _figures(sum_: Mapping[str, Any]) -> dict[str, str]:
    language = current()
    return {
        "count": format.number(sum_["orders"], language),
        "amount": format.money(cents_written(sum_["value"]), language),
    }


class Sought(msgspec.Struct, frozen=True):
    """Whose orders are looked for: a group's, a retailer's; empty for everybody's."""

    group: str = ""
    retailer: str = ""

    def __bool__(self) -> bool:
        return bool(self.group or self.retailer)


def report_view(
    document: dict[str, Any],
    page: int,
    groups: Mapping[str, str],
    sought: Sought,
    every: Iterable[ChangedOrder] | None,
) -> dict[str, Any]:
    """The parts of the page; `page` is that of the orders that change, `groups` are names by id.

    `every` are all that change, where the report lists not all of them and they are kept.
    """
    summary, changed = summary_of(document), changed_orders(document)
    listed = document["flips"]
    kept, matches = (
        matching(listed if every is None else every, sought.group, sought.retailer) if sought else (listed, changed)
    )
    last = max(1, -(-len(kept) // CHANGED_SHOWN))
    page = min(max(page, 1), last)
    return {
        "document": document,
        "summary": summary,
        "sentences": sentences(summary),
        "balances": balances_text(document),
        "matrix": _matrix(document),
        "changed": changed,
        "flips": kept[(page - 1) * CHANGED_SHOWN : page * CHANGED_SHOWN],
        "listed": len(kept),
        "matches": matches,
        "sought": sought,
        "may_seek": bool(listed) and "retailer_id" in listed[0],
        # What a filter goes through, and a CSV has: all of them but for the file's own limit.
        "within": changed if len(listed) == changed else len(listed) if every is None else min(changed, MOST),
        "page": page,
        "pages": last,
        "cash": cash_chart(document),
        "shifts": shifts_chart(document),
        "shifted": shifts_said(document),
        "moves": [(shift_text(each["days"]), each) for each in document["due"]["shifts"]],
        "groups": groups_chart(document),
        "near": [_near(each, groups) for each in document["near_misses"]],
        "explorer": [_explored(each, document, groups) for each in document["explorer"]],
    }


def _matrix(document: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """A row for each outcome before, its cells by outcome after, then their sum."""
    cells = {(each["before"], each["after"]): each for each in document["matrix"]}
    return [(before, [cells[before, after] for after in OUTCOMES]) for before in OUTCOMES]


def threshold_name(each: Mapping[str, Any], groups: Mapping[str, str]) -> Text:
    """« Minimum d’articles · Tous », or what a rule says with the value that was chosen."""
    if each["path"] in BOUNDS:
        label = FORMS[each["path"]].label
        where = groups.get(each.get("group", ""), each.get("group"))
        return Text(f"{label.fr} · {where}", f"{label.en} · {where}") if where else label
    label, where = each["label"], groups.get(each["group"], each["group"])
    return Text(f"{label['fr']} · {where}", f"{label['en']} · {where}")


def threshold_phrase(each: Mapping[str, Any], value: Any) -> Text | None:
    """« le montant est plus grand que 4 000 $ »; None for a minimum, whose name says it."""
    if each["path"] in BOUNDS or value is None:
        return None
    written = cents_written(value) / 100 if isinstance(value, str) else value
    return condition_phrase(Comparison(each["fact"], Kind.NUMERIC, each["operator"], written))


def value_of(each: Mapping[str, Any], value: Any) -> Text:
    """A threshold's value, or an order's own figure, in its unit."""
    fact = FACTS[BOUNDS[each["path"]][0] if each["path"] in BOUNDS else each["fact"]]
    return quantity_text(fact, cents_written(value) / 100 if isinstance(value, str) else value)


def _near(each: dict[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    nearest = [
        {**one, **{name: value_of(each, one[name]) for name in ("actual", "minimum", "missing")}}
        for one in each["nearest"]
    ]
    value = each["nearest"][0]["minimum"] if each["path"] not in BOUNDS else None
    return {
        **each,
        "name": threshold_name(each, groups),
        "phrase": threshold_phrase(each, value),
        "nearest": nearest,
        "within": [
            more
            for less, more in pairwise([{"orders": 0}, *each["within"]])
            if more["orders"] > less["orders"] and more["percent"] < 100
        ],
    }


def _explored(each: dict[str, Any], document: dict[str, Any], groups: Mapping[str, str]) -> dict[str, Any]:
    chosen, earlier = each["chosen"], each["before"]
    return {
        **each,
        "name": threshold_name(each, groups),
        "phrase": threshold_phrase(each, chosen),
        "points": [{**point, "said": value_of(each, point["minimum"])} for point in each["points"]],
        "charts": explorer_charts(each, lambda value: value_of(each, value)),
        "earlier": None if earlier is None or earlier == chosen else value_of(each, earlier),
    }
