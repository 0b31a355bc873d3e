"""Which column of a bank's file holds what: by the words of its header, or by the form of a bank that writes none."""

import re
from collections.abc import Sequence

import msgspec

from houblon.orders.csv_text import word

Rows = Sequence[tuple[int, tuple[str, ...]]]
_LOOKED_FOR_HEADER, _LOOKED_AT = 30, 200  # rows
_HEADERS = {
    "date": (
        "date date_de_l_operation date_operation date_d_operation date_de_transaction date_de_la_transaction "
        "date_transaction transaction_date date_posted posted_date posting_date date_d_inscription date_inscription "
        "date_comptable date_de_comptabilisation date_effective effective_date date_du_depot"
    ),
    "paid_in": (
        "credit credits credit_amount montant_credit montant_au_credit montant_du_credit credit_cad credits_cad depot "
        "depots depot_cad montant_du_depot deposit deposits deposit_amount money_in entree entrees"
    ),
    "paid_out": (
        "debit debits debit_amount montant_debit montant_au_debit montant_du_debit debit_cad debits_cad retrait "
        "retraits montant_du_retrait withdrawal withdrawals withdrawal_amount money_out sortie sorties"
    ),
    "signed": (
        "montant amount cad montant_cad amount_cad transaction_amount montant_transaction montant_de_la_transaction "
        "montant_de_transaction montant_de_l_operation montant_operation"
    ),
    "kind": (
        "type_of_transaction transaction_type type_de_transaction type_transaction type_d_operation type_operation "
        "debit_credit credit_debit"
    ),
    "currency": "devise currency monnaie",
    "text": (
        "description description_1 description_2 description_de_l_operation description_de_la_transaction "
        "transaction_description sous_description sub_description detail details transaction_details libelle memo "
        "narration particulars payeur payee payer beneficiaire nom name cheque cheque_number numero_du_cheque "
        "numero_de_cheque no_de_cheque no_du_cheque n_de_cheque no_cheque reference reference_number "
        "numero_de_reference no_de_reference no_reference"
    ),
}
_MEANINGS = {name: meaning for meaning, names in _HEADERS.items() for name in names.split()}
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/. ]\d{1,2}[-/. ]\d{4}|\d{8}|\d{1,2}\D{1,3}[^\d\s]{3,10}\D{1,3}\d{4}"
)
_MONEY = re.compile(r"[-+−(]?\$?[\d\s.,'’]*\d\s?\$?\)?")


class Columns(msgspec.Struct, frozen=True):
    """Which column holds what, from 0; None where the file has none.

    What comes in is in `paid_in`, with what goes out in `paid_out`; or in `signed`, below zero for what goes out, or
    with `kind` that says which.
    """

    date: int | None = None
    signed: int | None = None
    paid_in: int | None = None
    paid_out: int | None = None
    kind: int | None = None
    currency: int | None = None
    texts: tuple[int, ...] = ()

    @property
    def are_enough(self) -> bool:
        return self.date is not None and (self.signed is not None or self.paid_in is not None)


class Form(msgspec.Struct, frozen=True):
    """A file without a header: how many columns its rows have, and which of them always say the same."""

    widths: tuple[int, ...]
    columns: Columns
    fixed: tuple[tuple[int, str], ...] = ()


# Desjardins (one folio of AccèsD), Scotia's older file, then TD and CIBC alike.
_FORMS = (
    Form((14,), Columns(date=3, paid_out=7, paid_in=8, texts=(5, 6))),
    Form((5,), Columns(date=0, signed=1, texts=(3, 4)), ((2, "-"),)),
    Form((4, 5), Columns(date=0, paid_out=2, paid_in=3, texts=(1,))),
)


def find_columns(rows: Rows) -> tuple[int, Columns]:
    """Where the rows of a file begin, past its header, and its columns, which are not enough where nothing tells them."""
    for place, (_, cells) in enumerate(rows[:_LOOKED_FOR_HEADER]):
        found = _named(cells)
        if found.are_enough:
            return place + 1, found
    sample = [cells for _, cells in rows[:_LOOKED_AT]]
    return 0, next((form.columns for form in _FORMS if _has(form, sample)), Columns())


def _named(header: tuple[str, ...]) -> Columns:
    found: dict[str, int] = {}
    texts = []
    for place, cell in enumerate(header):
        meaning = _MEANINGS.get(word(cell))
        if meaning == "text":
            texts.append(place)
        elif meaning is not None:
            found.setdefault(meaning, place)
    return Columns(**found, texts=tuple(texts))


def _has(form: Form, rows: Sequence[tuple[str, ...]]) -> bool:
    """Whether every row is of the form: its date a date, its amounts amounts, its text none."""
    columns = form.columns
    money = [place for place in (columns.signed, columns.paid_in, columns.paid_out) if place is not None]

    def fits(cells: tuple[str, ...]) -> bool:
        if len(cells) not in form.widths or any(cells[place] != said for place, said in form.fixed):
            return False
        amounts = [cells[place] for place in money if cells[place]]
        return (
            _DATE.fullmatch(cells[columns.date or 0]) is not None
            and bool(amounts)
            and all(_MONEY.fullmatch(each) for each in amounts)
            and any(cells[place] and not _MONEY.fullmatch(cells[place]) for place in columns.texts)
        )

    return bool(rows) and all(fits(cells) for cells in rows)
