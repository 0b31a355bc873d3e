"""The invoice as it is printed: one sheet in the buyer's language, or in French with English beside it, from which page
and PDF are drawn alike."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import typst

from houblon.engine.conditions.figures import NBSP, money_text, number_text
from houblon.engine.core.money import cents_written
from houblon.engine.core.problem import Text
from houblon.engine.schedule.cadence import day_text
from houblon.orders.invoicing.languages import languages_on

_TEMPLATE = Path(__file__).with_name("invoice.typ")


class Entry(msgspec.Struct, frozen=True):
    """A label and what stands beside it; `strong` for the one that matters most."""

    label: str
    value: str
    strong: bool = False


class Row(msgspec.Struct, frozen=True):
    """One line: what it is, a remark under it, and its figures in the order of the columns."""

    name: str
    remark: str
    figures: tuple[str, ...]


class Sheet(msgspec.Struct, frozen=True):
    """All that is printed, in the order of its parts; every text is as people read it.

    `beside` is the same sheet in the second language, part by part: whatever it says otherwise stands under the first.
    """

    language: str
    title: str
    number: str
    seller: tuple[str, ...]
    buyer_label: str
    buyer: tuple[str, ...]
    facts: tuple[Entry, ...]
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[Entry, ...]
    terms: tuple[Entry, ...]
    notes: tuple[str, ...]
    beside: "Sheet | None" = None


def sheet(document: dict[str, Any]) -> Sheet:
    """The sheet of an invoice's or a credit note's frozen document, in its languages."""
    return in_sheets(languages_on(document), lambda language: _sheet_in(document, language))


def in_sheets(languages: tuple[str, ...], draw: Callable[[str], Sheet]) -> Sheet:
    """A sheet as it is drawn in each of the languages, the first one first."""
    first, *others = (draw(language) for language in languages)
    return msgspec.structs.replace(first, beside=others[0]) if others else first


def _sheet_in(document: dict[str, Any], language: str) -> Sheet:
    is_credit = document["kind"] == "credit_note"
    return Sheet(
        language,
        _said(_CREDIT_NOTE if is_credit else _INVOICE, language),
        document["number"],
        _seller(document, language),
        _said(_BILLED_TO, language),
        _buyer(document["buyer"]),
        _facts(document, language),
        tuple(_said(each, language) for each in _COLUMNS),
        tuple(_row(line, language) for line in document["lines"]),
        _totals(document, language),
        () if is_credit else _terms(document, language),
        _notes(document, language),
    )


def pdf(document: dict[str, Any]) -> bytes:
    """The sheet of an invoice or a credit note as a PDF, the same bytes for the same document."""
    return drawn(sheet(document), datetime.fromisoformat(document["issued_at"]))


def drawn(paper: Sheet, at: datetime) -> bytes:
    """A sheet as a PDF, made at an instant."""
    inputs = {"sheet": msgspec.json.encode(paper).decode()}
    with _one_at_a_time:
        try:
            made = _compiler().compile(format="pdf", sys_inputs=inputs, timestamp=_whole_second(at))
        except (Exception, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as panic:  # what a library in Rust raises is no Exception, and nobody would handle it
            _compiler.cache_clear()
            raise RuntimeError("the PDF library can't draw this paper") from panic
    assert isinstance(made, bytes)
    return made


# The compiler keeps fonts and the parsed template; it is not made for two threads at once.
_one_at_a_time = threading.Lock()


@cache
def _compiler() -> typst.Compiler:
    # Only the fonts inside, so that an invoice looks the same on every machine.
    return typst.Compiler(_TEMPLATE, ignore_system_fonts=True)


def _whole_second(instant: datetime) -> datetime:
    """The instant as the compiler takes it: it refuses microseconds, and any zone that is not a fixed offset."""
    return instant.astimezone(UTC).replace(microsecond=0)


def _seller(document: dict[str, Any], language: str) -> tuple[str, ...]:
    seller = document["seller"]
    harmonized = any(tax["tax"] == "TVH" for tax in document["taxes"])
    gst = _said(_HST_NUMBER if harmonized else _GST_NUMBER, language)
    return _lines(
        seller["name"],
        seller["address"],
        seller["email"],
        seller["gst_number"] and f"{gst} {seller['gst_number']}",
        seller["qst_number"] and f"{_said(_QST_NUMBER, language)} {seller['qst_number']}",
    )


def _buyer(buyer: dict[str, Any]) -> tuple[str, ...]:
    # Invoices of before addresses were kept have none.
    company = buyer.get("company")
    company = None if company == buyer["name"] else company
    return _lines(buyer["name"], company, buyer.get("address"), buyer["province"], buyer.get("country"), buyer["email"])


def _facts(document: dict[str, Any], language: str) -> tuple[Entry, ...]:
    facts = [Entry(_said(_ISSUED, language), _day(document["issued_on"], language))]
    if document["kind"] == "credit_note":
        label = _CREDITS if document.get("is_whole", True) else _CREDITED
        facts.append(Entry(_said(label, language), document["credits"]))
    elif replaced := document.get("replaces"):
        facts.append(Entry(_said(_REPLACES, language), replaced["invoice"]))
    ordered = datetime.fromisoformat(document["placed_at"]).date().isoformat()
    facts.append(Entry(_said(_ORDER, language), document["order_id"]))
    if po_number := document["buyer"].get("po_number"):
        facts.append(Entry(_said(_PO_NUMBER, language), po_number))
    facts.append(Entry(_said(_ORDERED, language), _day(ordered, language)))
    delivery = document["derivation"]["delivery_date"]
    if delivery is not None and document["kind"] == "invoice":
        facts.append(Entry(_said(_DELIVERY, language), _day(delivery, language)))
    return tuple(facts)


def _row(line: dict[str, Any], language: str) -> Row:
    remarks = [line["sku"]] if line["name"] != line["sku"] else []
    if cents_written(line["discount"]):
        remarks.append(
            _said(_LINE_DISCOUNT, language).format(amount=_money(abs(cents_written(line["discount"])), language))
        )
    if line.get("tax_exempt"):
        remarks.append(_said(_LINE_EXEMPT, language))
    elif not line["taxable"]:
        remarks.append(_said(_UNTAXED, language))
    if line.get("deposit_taxable") and not line.get("tax_exempt"):
        remarks.append(_said(_TAXED_DEPOSIT, language))
    figures = (
        number_text(line["quantity"]).in_(language),
        _money(cents_written(line["unit_price"]), language),
        _money(cents_written(line["deposit"]), language),
        _money(cents_written(line["value"]), language),
    )
    return Row(line["name"], " · ".join(remarks), figures)


def _totals(document: dict[str, Any], language: str) -> tuple[Entry, ...]:
    amounts = document["cents"]
    entries = [Entry(_said(_SUBTOTAL, language), _money(amounts["subtotal"], language))]
    if amounts["discount"]:
        label = _said(_DISCOUNT, language).format(percent=_percent(document["discount_percent"], language))
        entries.append(Entry(label, _money(-amounts["discount"], language)))
    entries += [_charge(charge, language) for charge in document.get("charges", ())]
    if amounts.get("taxed_deposits"):
        entries.append(Entry(_said(_TAXED_DEPOSITS, language), _money(amounts["taxed_deposits"], language)))
    for tax in document["taxes"]:
        label = f"{_said(TAX_NAMES[tax['tax']], language)} {_percent(tax['percent'], language)}"
        entries.append(Entry(label, _money(tax["amount"], language)))
    if document["tax_exempt"]:
        # Invoices of before say no reason.
        why = document.get("tax_exempt_reason")
        label = _said(_TAX_EXEMPT, language) + (f" ({why[language]})" if why else "")
        entries.append(Entry(label, _money(0, language)))
    if amounts["deposits"]:
        entries.append(Entry(_said(_DEPOSITS, language), _money(amounts["deposits"], language)))
    label = f"{_said(_TOTAL, language)} ({document['currency']})"
    return (*entries, Entry(label, _money(amounts["total"], language), strong=True))


def _charge(charge: dict[str, Any], language: str) -> Entry:
    label = charge["name"] or _said(_CHARGES[charge["kind"]], language)
    untaxed = "" if charge["taxable"] else f" ({_said(_UNTAXED, language)})"
    return Entry(f"{label}{untaxed}", _money(cents_written(charge["amount"]), language))


def _terms(document: dict[str, Any], language: str) -> tuple[Entry, ...]:
    terms = Entry(_said(_TERMS, language), document["terms_text"][language])
    if document["cents"]["total"] <= 0:
        return (Entry(_said(_BALANCE, language), _said(_NOTHING_TO_PAY, language), strong=True), terms)
    payment = document.get("payment")
    if payment is not None and payment["is_whole"]:
        return (Entry(_said(_BALANCE, language), _paid(payment, language), strong=True), terms)
    due = document["due_date"]
    shown = _day(due, language) if due else _said(_NO_DUE_DATE, language)
    entries = (Entry(_said(_DUE, language), shown, strong=True), terms)
    return entries if payment is None else (*entries, Entry(_said(_PAID_ALREADY, language), _paid(payment, language)))


def _paid(payment: dict[str, Any], language: str) -> str:
    """« payée chez l’expéditeur (ch_123) », or how much of it was."""
    amount = payment["amount"]
    paid = _said(_PAID, language) if payment["is_whole"] or amount is None else _money(cents_written(amount), language)
    return f"{paid} ({payment['reference']})" if payment["reference"] else paid


def _notes(document: dict[str, Any], language: str) -> tuple[str, ...]:
    if document["kind"] == "credit_note":
        reason = document["why"] and f"{_said(_REASON, language)}{_colon(language)} {document['why']}"
        # One of before took all of its invoice back.
        takes = _TAKES_BACK if document.get("is_whole", True) else _TAKES_FROM
        said = (_said(takes, language).format(number=document["credits"]), reason, document.get("buyer_note"))
        return tuple(each for each in said if each)
    return tuple(document[name][language] for name in ("note", "order_note") if document[name])


def _lines(*texts: str | None) -> tuple[str, ...]:
    return tuple(line.strip() for text in texts if text for line in text.splitlines() if line.strip())


def _said(text: Text, language: str) -> str:
    return text.in_(language)


def _day(day: str, language: str) -> str:
    return day_text(date.fromisoformat(day)).in_(language)


def _money(amount: int, language: str) -> str:
    return money_text(amount).in_(language)


def _percent(percent: str, language: str) -> str:
    return f"{percent}%" if language == "en" else f"{percent.replace('.', ',')}{NBSP}%"


def _colon(language: str) -> str:
    return ":" if language == "en" else f"{NBSP}:"


_INVOICE = Text("Facture", "Invoice")
_CREDIT_NOTE = Text("Note de crédit", "Credit note")
_BILLED_TO = Text("Facturé à", "Billed to")
_GST_NUMBER, _QST_NUMBER = Text("TPS", "GST"), Text("TVQ", "QST")
_HST_NUMBER = Text("TPS/TVH", "GST/HST")
_ISSUED = Text("Émise le", "Issued on")
_CREDITS, _CREDITED = Text("Annule la facture", "Takes back invoice"), Text("Sur la facture", "Taken off invoice")
_REPLACES = Text("Remplace la facture", "Takes the place of invoice")
_ORDER = Text("Commande", "Order")
_ORDERED = Text("Commandé le", "Ordered on")
_DELIVERY = Text("Livraison prévue", "Planned delivery")
_COLUMNS = (
    Text("Produit", "Product"),
    Text("Quantité", "Quantity"),
    Text("Prix", "Price"),
    Text("Consigne", "Deposit"),
    Text("Montant", "Amount"),
)
_LINE_DISCOUNT = Text("rabais de {amount}", "discount of {amount}")
_LINE_EXEMPT, _TAXED_DEPOSIT = Text("exempté de taxes", "tax exempt"), Text("consigne taxable", "taxable deposit")
_TAXED_DEPOSITS = Text("Consignes taxables", "Taxable deposits")
_CHARGES = {
    "shipping": Text("Livraison", "Shipping"),
    "fee": Text("Frais", "Fee"),
    "discount": Text("Rabais", "Discount"),
    "tip": Text("Pourboire", "Tip"),
    "gift_card": Text("Carte-cadeau", "Gift card"),
}
_PO_NUMBER = Text("Bon de commande", "Purchase order")
_PAID, _PAID_ALREADY = Text("déjà payée", "already paid"), Text("Déjà payé", "Already paid")
_UNTAXED = Text("non taxable", "not taxable")
_SUBTOTAL = Text("Sous-total", "Subtotal")
_DISCOUNT = Text("Escompte de {percent}", "Discount of {percent}")
TAX_NAMES = {"TPS": Text("TPS", "GST"), "TVQ": Text("TVQ", "QST"), "TVH": Text("TVH", "HST")}
_TAX_EXEMPT = Text("Exempté de taxes", "Tax exempt")
_DEPOSITS = Text("Consignes", "Deposits")
_TOTAL = Text("Total", "Total")
_DUE = Text("Payable au plus tard le", "Payable by")
_BALANCE, _NOTHING_TO_PAY = Text("Solde", "Balance"), Text("rien à payer", "nothing to pay")
_TERMS = Text("Modalités", "Terms")
_NO_DUE_DATE = Text("sans échéance", "no due date")
_REASON = Text("Raison", "Reason")
_TAKES_BACK = Text(
    "Cette note de crédit annule la facture {number} en entier.",
    "This credit note takes back invoice {number} in full.",
)
_TAKES_FROM = Text(
    "Cette note de crédit vient en déduction de la facture {number}.",
    "This credit note is taken off invoice {number}.",
)
