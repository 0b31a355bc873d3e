"""Orders written as files, the way people's programs write them; and files read as the product reads them."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import msgspec
import xlsxwriter

from houblon.engine.core.money import dollars
from houblon.simulation.files.child import read_into
from houblon.simulation.files.orders import Orders
from houblon.simulation.files.reading import guess_reading
from houblon.simulation.files.rows import Names
from houblon.simulation.files.upload import Upload, receive
from tests.clock import NOW
from tests.engine.policy.policies import ZONE

NOBODY = Names(ZONE, {}, {}, {}, {})
FRENCH = {
    "order": "Nº de commande",
    "date": "Date de la commande",
    "buyer": "Détaillant",
    "province": "Province",
    "is_first_order": "Première commande",
    "overdue_balance": "Solde en retard",
    "days_overdue": "Jours de retard",
    "outstanding_balance": "Solde à payer",
    "credit_limit": "Limite de crédit",
    "planned": "Livraison prévue",
    "distributor": "Distributeur",
    "delivery_method": "Mode de livraison",
    "source": "Source",
    "note": "Note",
    "currency": "Devise",
    "sku": "Produit",
    "category": "Catégorie",
    "quantity": "Quantité",
    "unit_price": "Prix unitaire",
    "discount": "Remise",
    "available": "Disponible",
}
ENGLISH = {name: name.replace("_", " ").title() for name in FRENCH} | {
    "order": "Order ID",
    "date": "Order date",
    "buyer": "Customer",
    "planned": "Delivery date",
}


def rows_of_lines(orders):
    """A row a line, each a mapping of meanings to values."""
    for order in orders:
        buyer = order.buyer
        head = {
            "order": order.id,
            "date": order.placed_at,
            "buyer": buyer.id,
            "province": buyer.province,
            "is_first_order": buyer.is_first_order,
            **{
                name: cents(getattr(buyer, name)) for name in ("overdue_balance", "outstanding_balance", "credit_limit")
            },
            "days_overdue": buyer.days_overdue,
            "planned": order.planned_delivery,
            "distributor": order.distributor,
            "delivery_method": order.delivery_method,
            "source": order.source,
            "note": order.note,
            "currency": order.currency,
        }
        for line in order.lines:
            yield head | {
                "sku": line.sku,
                "category": line.category,
                "quantity": line.quantity,
                "unit_price": cents(line.unit_price),
                "discount": cents(line.discount),
                "available": line.available,
            }


def cents(amount):
    return None if amount is None else Decimal(amount).scaleb(-2)


def as_text(value, mark, days):
    """A cell as a spreadsheet of that language writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return {",": ("non", "oui"), ".": ("no", "yes")}[mark][value]
    if isinstance(value, datetime):
        return value.astimezone(ZONE).strftime(
            {"iso": "%Y-%m-%d", "dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}[days] + " %H:%M"
        )
    if isinstance(value, Decimal):
        grouped = f"{value:,.2f}"
        return grouped if mark == "." else grouped.replace(",", "\u202f").replace(".", ",") + " $"
    return str(value)


def as_csv(orders, *, words, mark, days, delimiter, encoding):
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter)
    writer.writerow(words.values())
    for row in rows_of_lines(orders):
        writer.writerow([as_text(row[name], mark, days) for name in words])
    return file.getvalue().encode(encoding)


def as_workbook(orders, *, words):
    """Typed cells, under a title and an empty row, as people lay their sheets out."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"strings_to_formulas": False}) as book:
        sheet, day = book.add_worksheet("Commandes"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write(0, 0, "Commandes de mai")
        sheet.write_row(2, 0, list(words.values()))
        for number, row in enumerate(rows_of_lines(orders), start=3):
            for place, name in enumerate(words):
                value = row[name]
                if isinstance(value, datetime):
                    sheet.write_datetime(number, place, value.astimezone(ZONE).replace(tzinfo=None), day)
                elif isinstance(value, bool):
                    sheet.write_boolean(number, place, value)
                elif isinstance(value, Decimal | int):
                    sheet.write_number(number, place, float(value))
                elif value is not None:
                    sheet.write_string(number, place, str(value))
    return file.getvalue()


def as_json_lines(orders):
    return b"\n".join(msgspec.json.encode(order, enc_hook=dollars) for order in orders) + b"\n"


def as_parquet(orders, path: Path, *, words):
    """Typed columns: a database's own file."""
    rows = list(rows_of_lines(orders))
    kinds = {"date": "TIMESTAMPTZ", "planned": "DATE", "quantity": "BIGINT", "days_overdue": "INTEGER"}
    kinds |= dict.fromkeys(("overdue_balance", "outstanding_balance", "credit_limit"), "DECIMAL(18,2)")
    kinds |= dict.fromkeys(("unit_price", "discount"), "DECIMAL(18,2)") | dict.fromkeys(
        ("is_first_order", "available"), "BOOLEAN"
    )
    columns = ", ".join(f'"{word}" {kinds.get(name, "VARCHAR")}' for name, word in words.items())
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE orders ({columns})")
        marks = ", ".join("?" * len(words))
        connection.executemany(f"INSERT INTO orders VALUES ({marks})", [[row[name] for name in words] for row in rows])
        connection.execute(f"COPY orders TO '{path}' (FORMAT parquet)")
    return path.read_bytes()


def read_here(body: bytes, folder: Path) -> Upload:
    """Read a file without a process of its own: the same code, quicker."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_bytes(body)
    return Upload("commandes", "anne", NOW, "sha256:0", read_into(folder / "file", folder))


def read(body: bytes, folder: Path, name="commandes.csv") -> Upload:
    return receive(iter([body]), name, folder, by="anne", at=NOW)


def orders_in(body: bytes, folder: Path, names=NOBODY, **changed):
    """Every order that the guessed reading finds, and the reader with its faults."""
    upload = read_here(body, folder)
    reading = msgspec.structs.replace(guess_reading(upload, folder, names.groups), **changed)
    found = Orders(upload, folder, reading, names)
    return list(found), found
