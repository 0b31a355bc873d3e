"""`houblon product`: what is sold, by hand or by file, and whether it can be had."""

import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from sqlalchemy import Connection

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import clean_id
from houblon.orders.cell_values import COMMA, POINT
from houblon.orders.products import catalogue, import_file
from houblon.orders.products.catalogue import product_of, product_row, read_product
from houblon.orders.products.product_file import Plan, guess_columns, guess_decimal, header_and_rows, plan_import
from houblon.simulation.files.guard import CSV, WORKBOOK
from houblon.simulation.files.upload import receive, rows_of
from houblon.web.access.account_commands import By
from houblon.web.access.audit import CLI, by, noted
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems

_sku = click.argument("sku", callback=lambda _, __, typed: clean_id(typed) or typed)
_TEXTS = ("name", "name_en", "unit", "category", "price", "deposit")
_FLAGS = ("taxable", "deposit_taxable")


@click.group()
def product() -> None:
    """What is sold, at what price, and whether it can be had."""


@product.command("list")
@data_option
@json_option
@click.option("--search", default="", help="What is in the name, the SKU or the category.")
@click.option("--archived", is_flag=True, help="Those that are archived.")
@speaks_problems
def list_(data: Path | None, search: str, archived: bool, as_json: bool) -> None:
    """Products, by name."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        found = [product_of(row).document for row in catalogue.list_products(connection, search, archived=archived)]
    lines = [
        f"{each['sku']:16} {each['price']:>10}  {'' if each['available'] else 'unavailable':12} {each['name']}"
        for each in found
    ]
    print_result({"products": found}, as_json, "\n".join(lines) or "no products")


@product.command("show")
@data_option
@json_option
@_sku
@speaks_problems
def show(data: Path | None, sku: str, as_json: bool) -> None:
    """One product."""
    with opened(data) as house, house.services.ledger.reading() as connection:
        row = _row(connection, sku)
    document = {**product_of(row).document, "archived": row.archived_at is not None}
    print_result(document, as_json, "\n".join(f"{name}: {_shown(value)}" for name, value in document.items()))


@product.command("set")
@data_option
@json_option
@_sku
@click.option("--name", help="Its French name.")
@click.option("--name-en", help="Its English name, where it differs.")
@click.option("--unit", help="What one of it is: a case of 24, a keg.")
@click.option("--category")
@click.option("--price", help='Of one unit, such as "54.00".')
@click.option("--deposit", help='Of one unit, such as "2.40".')
@click.option("--taxable/--not-taxable", default=None)
@click.option("--deposit-taxable/--deposit-not-taxable", default=None)
@speaks_problems
def set_(data: Path | None, sku: str, as_json: bool, **said: Any) -> None:
    """Write what is said of a product, or make one; what is not named stays."""

    def work(connection: Connection, acting: By) -> dict[str, Any]:
        row = product_row(connection, sku)
        known = {} if row is None else product_of(row).document
        product = read_product({"sku": sku} | known | {name: each for name, each in said.items() if each is not None})
        if row is None:
            catalogue.add_product(connection, product, acting.at, acting.who)
            noted(connection, acting, "product.added", product.sku, None, product.document)
        elif product != product_of(row):
            catalogue.edit_product(connection, product, acting.at, acting.who)
            noted(connection, acting, "product.edited", product.sku, known, product.document)
        return product.document

    document = _done(data, work)
    print_result(document, as_json, f"{document['sku']} is kept so.")


@product.command("available")
@data_option
@json_option
@_sku
@speaks_problems
def available(data: Path | None, sku: str, as_json: bool) -> None:
    """Say that a product can be had again; held orders are decided again by a running server."""
    _put(data, sku, True, as_json)


@product.command("unavailable")
@data_option
@json_option
@_sku
@speaks_problems
def unavailable(data: Path | None, sku: str, as_json: bool) -> None:
    """Say that a product can't be had: orders that name it wait."""
    _put(data, sku, False, as_json)


@product.command("archive")
@data_option
@json_option
@_sku
@speaks_problems
def archive(data: Path | None, sku: str, as_json: bool) -> None:
    """Take a product out of what is offered."""
    _archive(data, sku, True, as_json)


@product.command("restore")
@data_option
@json_option
@_sku
@speaks_problems
def restore(data: Path | None, sku: str, as_json: bool) -> None:
    """Offer an archived product again."""
    _archive(data, sku, False, as_json)


@product.command("import")
@data_option
@json_option
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--preview", is_flag=True, help="Only say what the file would change.")
@click.option("--yes", is_flag=True, help="Take it in.")
@speaks_problems
def import_(data: Path | None, file: Path, preview: bool, yes: bool, as_json: bool) -> None:
    """Bring in a CSV FILE or a workbook, a product a line; faulty lines are left out and told."""
    if preview == yes:
        raise click.UsageError("Say --preview, to see what the file would change, or --yes, to take it in.")

    def work(connection: Connection, acting: By) -> Plan:
        known = [product_of(row) for row in catalogue.list_products(connection, archived=None)]
        plan = _plan(file, known, acting)
        if yes and plan.changes:
            import_file.take(connection, plan, acting.at, acting.who, acting.source)
        return plan

    plan = _done(data, work)
    document = {
        "added": plan.added,
        "changed": len(plan.changes) - plan.added,
        "unchanged": plan.unchanged,
        "products": [each.after.document for each in plan.changes],
        "faults": [{"row": each.row, **each.problem.as_json("en")} for each in plan.faults],
        "taken": yes,
    }
    lines = [f"{document['added']} new, {document['changed']} changed, {plan.unchanged} unchanged"]
    lines += [f"- line {each.row}: {each.problem.message.en}" for each in plan.faults]
    print_result(document, as_json, "\n".join([*lines, "taken in" if yes else "nothing is kept"]))


def _plan(file: Path, known: list[catalogue.Product], acting: By) -> Plan:
    with TemporaryDirectory() as scratch, file.open("rb") as content:
        folder = Path(scratch) / "upload"
        chunks = iter(lambda: content.read(1 << 20), b"")
        found = receive(chunks, file.name, folder, by=acting.who, at=acting.at)
        header, rows = header_and_rows(found.header, [*rows_of(folder)])
        shutil.rmtree(folder)
    if found.found.kind not in (CSV, WORKBOOK):
        raise refuse("kind", "/file", "Un fichier CSV ou un classeur .xlsx.", "A CSV file or an .xlsx workbook.")
    columns = guess_columns([*header, *[""] * (found.found.width - len(header))])
    otherwise = COMMA if found.found.details.get("delimiter") == ";" else POINT
    return plan_import(rows, columns, guess_decimal(columns, rows, otherwise), known)


def _put(data: Path | None, sku: str, available: bool, as_json: bool) -> None:
    def work(connection: Connection, acting: By) -> str:
        own: str = _row(connection, sku).sku
        if catalogue.set_available(connection, own, available, acting.at, acting.who):
            noted(connection, acting, "product.edited", own, {"available": not available}, {"available": available})
        return own

    own = _done(data, work)
    print_result(
        {"sku": own, "available": available}, as_json, f"{own} is {'available' if available else 'unavailable'}."
    )


def _archive(data: Path | None, sku: str, archived: bool, as_json: bool) -> None:
    def work(connection: Connection, acting: By) -> str:
        own: str = _row(connection, sku).sku
        if catalogue.archive(connection, own, archived, acting.at):
            noted(connection, acting, "product.archived" if archived else "product.restored", own)
        return own

    own = _done(data, work)
    print_result({"sku": own, "archived": archived}, as_json, f"{own} is {'archived' if archived else 'offered'}.")


def _done(data: Path | None, work: Callable[[Connection, By], Any]) -> Any:
    """What an act of the shell gives, done in one transaction."""
    with opened(data) as house:
        acting = by(house, CLI)
        return house.services.ledger.write(lambda connection: work(connection, acting))


def _row(connection: Connection, sku: str) -> Any:
    row = product_row(connection, sku)
    if row is None:
        raise refuse("unknown_product", "/sku", f"Il n’y a pas de produit {sku}.", f"There is no product {sku}.")
    return row


def _shown(value: Any) -> str:
    return "-" if value is None else ("yes" if value else "no") if isinstance(value, bool) else str(value)
