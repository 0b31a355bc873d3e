"""A report as tables in French or English: what its exports are made of.

A cell is a text, a count (int), an amount in dollars (Decimal), a percentage (Share), a day or an instant.
"""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from houblon.engine.core.problem import Text
from houblon.simulation.report.summary import balances_text, changed_orders

OUTCOMES = {
    "accepted": Text("acceptée", "accepted"),
    "held": Text("en attente", "held"),
    "refused": Text("refusée", "refused"),
}
_SIDES = ("before", "after")
_SETTINGS = {
    "acceptance.minimum_items": Text("Minimum d’articles", "Minimum of items"),
    "acceptance.minimum_value": Text("Valeur minimum par commande", "Minimum value of an order"),
    "acceptance.credit_limit": Text("Limite de crédit", "Credit limit"),
    "acceptance.maximum_days_overdue": Text("Retard maximum", "Maximum days overdue"),
}


class Share(NamedTuple):
    """Percents, None where there is nothing to take a share of."""

    percent: float | None


Cell = str | int | Decimal | Share | date | datetime | None


class Table(NamedTuple):
    """One sheet: its title, its header, its rows; whether one looks for some of them."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[Cell, ...]]
    is_searched: bool = False


class ReportTables:
    """A report in one language, its instants on the installation's clocks."""

    def __init__(self, report: dict[str, Any], language: str, zone: ZoneInfo):
        self.report, self.language, self.zone = report, language, zone

    def tables(self) -> list[Table]:
        """Every sheet of the workbook, in its order."""
        found = [self.summary(), self.matrix(), self.retailers(), self.groups(), self.orders(), self.due(), self.near()]
        faults = self.report["source"].get("faults")
        return [*found, self.faults(faults)] if faults else found

    def summary(self) -> Table:
        report, text_of = self.report, self.text_of
        both = [
            (label, *(convert(report[name][side][what]) for side in _SIDES))
            for label, name, what, convert in (
                (text_of("Acceptées d’elles-mêmes", "Accepted by themselves"), "automation", "orders", int),
                (text_of("Taux d’acceptation", "Acceptance rate"), "automation", "rate", Share),
                (text_of("Valeur acceptée", "Accepted value"), "automation", "value", Decimal),
                (text_of("Factures émises", "Invoices issued"), "invoices", "orders", int),
                (text_of("Valeur facturée", "Invoiced value"), "invoices", "value", Decimal),
            )
        ]
        named = [self._content(report[side]) for side in _SIDES]
        return Table(
            text_of("Résumé", "Summary"),
            ("", text_of("Avant", "Before"), text_of("Après", "After")),
            [
                (text_of("Politique", "Policy"), *named),
                (text_of("Commandes simulées", "Orders simulated"), report["orders"], report["orders"]),
                (text_of("Valeur simulée", "Value simulated"), *[Decimal(report["value"])] * 2),
                *both,
                (
                    text_of("Même issue, autres modalités", "Same outcome, other terms"),
                    None,
                    report["other_terms"]["orders"],
                ),
                *self._changed(),
                *self._source(),
                (text_of("Soldes", "Balances"), None, balances_text(report).in_(self.language)),
                (text_of("Empreinte des entrées", "Hash of the inputs"), None, report["inputs_hash"]),
            ],
        )

    def matrix(self) -> Table:
        text_of = self.text_of
        return Table(
            text_of("Matrice", "Matrix"),
            (
                text_of("Avant", "Before"),
                text_of("Après", "After"),
                text_of("Commandes", "Orders"),
                text_of("Valeur", "Value"),
            ),
            [
                (self._outcome(each["before"]), self._outcome(each["after"]), each["orders"], Decimal(each["value"]))
                for each in self.report["matrix"]
            ],
        )

    def retailers(self) -> Table:
        return self._affected(
            self.text_of("Détaillants", "Retailers"), self.text_of("Détaillant", "Retailer"), self.report["retailers"]
        )

    def groups(self) -> Table:
        return self._affected(self.text_of("Groupes", "Groups"), self.text_of("Groupe", "Group"), self.report["groups"])

    def orders(self) -> Table:
        """The orders that the report lists, the largest first, with both explanations."""
        rows = [self.order(changed_order) for changed_order in self.report["flips"]]
        return Table(self.text_of("Commandes", "Orders"), self.orders_header(), rows, is_searched=True)

    def orders_header(self) -> tuple[str, ...]:
        text_of = self.text_of
        header = [text_of("Commande", "Order"), text_of("Détaillant", "Retailer"), "Date", text_of("Valeur", "Value")]
        for side in (text_of("avant", "before"), text_of("après", "after")):
            header += [
                text_of(f"Issue {side}", f"Outcome {side}"),
                text_of(f"Raisons {side}", f"Reasons {side}"),
                text_of(f"Facture {side}", f"Invoice {side}"),
                text_of(f"Échéance {side}", f"Due {side}"),
            ]
        return tuple(header)

    def order(self, changed_order: dict[str, Any]) -> tuple[Cell, ...]:
        """The row of an order that changes."""
        return (
            changed_order["order_id"],
            changed_order["retailer"],
            datetime.fromisoformat(changed_order["at"]).astimezone(self.zone),
            Decimal(changed_order["value"]),
            *(cell for side in _SIDES for cell in self._side(changed_order[side])),
        )

    def due(self) -> Table:
        """What is expected by week, then how far due dates move."""
        text_of, due = self.text_of, self.report["due"]
        weeks: list[tuple[Cell, ...]] = [
            (date.fromisoformat(week["week"]), Decimal(week["before"]), Decimal(week["after"]), None, None, None)
            for week in due["weeks"]
        ]
        shifts = [(each["days"], each["orders"], Decimal(each["value"])) for each in due["shifts"]]
        rows = [
            (*(week[:3] if week else (None, None, None)), *(shift or (None, None, None)))
            for week, shift in _together(weeks, shifts)
        ]
        return Table(
            text_of("Échéances", "Due dates"),
            (
                text_of("Semaine du", "Week of"),
                text_of("Attendu avant", "Expected before"),
                text_of("Attendu après", "Expected after"),
                text_of("Échéance déplacée (jours)", "Due date moves (days)"),
                text_of("Commandes", "Orders"),
                text_of("Valeur", "Value"),
            ),
            rows,
        )

    def near(self) -> Table:
        text_of = self.text_of
        rows: list[tuple[Cell, ...]] = []
        for each in self.report["near_misses"]:
            label = self._threshold(each)
            for near in each["nearest"]:
                figures = [_figure(near[name]) for name in ("actual", "minimum", "missing")]
                rows.append((label, near["order_id"], near["retailer"], *figures, Decimal(near["value"])))
        return Table(
            text_of("Près du seuil", "Near misses"),
            (
                text_of("Seuil", "Threshold"),
                text_of("Commande", "Order"),
                text_of("Détaillant", "Retailer"),
                text_of("Avait", "Had"),
                text_of("Seuil fixé à", "Threshold set at"),
                text_of("Manque", "Missing"),
                text_of("Valeur", "Value"),
            ),
            rows,
        )

    def faults(self, faults: Iterable[dict[str, Any]]) -> Table:
        text_of = self.text_of
        return Table(
            text_of("Lignes fautives", "Faulty rows"),
            (text_of("Ligne", "Row"), text_of("Colonne", "Column"), text_of("Ce qui ne va pas", "What is wrong")),
            [(each["row"], each["column"], each["message"][self.language]) for each in faults],
        )

    def text_of(self, fr: str, en: str) -> str:
        return en if self.language == "en" else fr

    def _affected(self, title: str, label: str, found: Iterable[dict[str, Any]]) -> Table:
        text_of = self.text_of
        header = (
            label,
            text_of("Commandes changées", "Orders changed"),
            text_of("Valeur", "Value"),
            text_of("Acceptations gagnées", "Acceptances gained"),
            text_of("Acceptations perdues", "Acceptances lost"),
        )
        rows: list[tuple[Cell, ...]] = [
            (each["name"], each["orders"], Decimal(each["value"]), each["gained"], each["lost"]) for each in found
        ]
        return Table(title, header, rows)

    def _side(self, side: dict[str, Any]) -> tuple[Cell, ...]:
        reasons = " ".join(each["message"][self.language] for each in side["reasons"])
        due = side["due_date"]
        issued = self.text_of("oui", "yes") if side["issue"] else self.text_of("non", "no")
        return self._outcome(side["outcome"]), reasons, issued, due and date.fromisoformat(due)

    def _outcome(self, outcome: str) -> str:
        return OUTCOMES[outcome].in_(self.language)

    def _content(self, named: dict[str, Any]) -> str:
        if named.get("name"):
            return self.text_of(f"Brouillon « {named['name']} »", f"Draft “{named['name']}”")
        return f"Version {named['version']}"

    def _changed(self) -> list[tuple[Cell, ...]]:
        """How many orders change, and how many of them are listed."""
        changed, listed = changed_orders(self.report), len(self.report["flips"])
        rows: list[tuple[Cell, ...]] = [(self.text_of("Commandes qui changent", "Orders that change"), None, changed)]
        if changed > listed:
            rows.append((self.text_of("dont listées ici, les plus grandes", "listed here, the largest"), None, listed))
        return rows

    def _source(self) -> list[tuple[Cell, ...]]:
        text_of, source = self.text_of, self.report["source"]
        rows: list[tuple[Cell, ...]] = []
        if source["kind"] == "file":
            rows.append((text_of("Fichier", "File"), None, source["name"]))
            rows.append((text_of("Lignes lues", "Rows read"), None, source["rows"]))
            rows.append(
                (text_of("Lignes fautives, laissées de côté", "Faulty rows, left out"), None, source["faulty_rows"])
            )
        else:
            rows.append((text_of("Source", "Source"), None, text_of("Commandes reçues", "Orders received")))
        for name, label in (("from", text_of("Depuis le", "From")), ("to", text_of("Avant le", "Before"))):
            if source.get(name):
                rows.append((label, None, datetime.fromisoformat(source[name]).astimezone(self.zone).date()))
        return rows

    def _threshold(self, each: dict[str, Any]) -> str:
        if "label" in each:
            return str(each["label"][self.language])
        return _SETTINGS[each["path"]].in_(self.language)


def _figure(value: Any) -> Cell:
    return Decimal(value) if isinstance(value, str) else value


def _together(one: list[Any], other: list[Any]) -> Iterable[tuple[Any, Any]]:
    """Two lists side by side, the shorter one filled up with None."""
    length = max(len(one), len(other))
    return zip(one + [None] * (length - len(one)), other + [None] * (length - len(other)), strict=True)
