"""How long the first page of each list takes at a million orders, on SQLite.

    python -m bench.pages [--orders 1000000] [--folder DIR] [--plan]

The demonstration's rows are copied by SQL, with their bodies, documents and messages, spread over five
years; each page is then asked of the app itself, signed in, and the median of `--rounds` is printed beside
the first answer. The goal is 100 ms. `--folder` keeps what was made for the next run (about 9 GB);
`--plan` tells how SQLite goes about each page's statements, and which of them read a whole table.
"""

import argparse
import json
import re
import sqlite3
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, Engine, event

from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry
from houblon.web.app.app import create_app
from houblon.web.cli.installation import initialise
from houblon.web.drafts.live_preview import warm
from houblon.web.foundation.composition import House, open_house, utc_now
from houblon.web.foundation.settings import Settings

GOAL = 0.100
YEARS = timedelta(days=5 * 365)
EMAIL = "bench@houblon.example"
PAGES = (
    "/",
    "/commandes",
    "/commandes?avant={middle}",
    "/commandes?etat=held",
    "/commandes?etat=refused",
    "/commandes?groupe=epiceries",
    "/commandes?minimum=4000",
    "/commandes?q=PO-00042",
    "/commandes?q=Bistro",
    "/commandes?q=introuvable",
    "/commandes?minimum=999999",
    "/commandes/{middle}",
    "/file",
    "/factures",
    "/factures?etat=a-payer",
    "/factures?etat=en-retard",
    "/factures?etat=payees",
    "/factures?etat=creditees",
    "/factures?etat=notes-de-credit",
    "/factures?avant={middle}",
    "/factures?q=Bistro",
    "/factures?q=introuvable",
    "/messages",
    "/messages?etat=parked",
    "/messages?genre=webhook",
    "/journal",
    "/journal?qui=marie@faubourg.example",
    "/detaillants",
    "/detaillants/epicerie-2",
    "/groupes",
    "/groupes/epiceries",
    "/livraisons",
    "/et-si",
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--entries", type=int, default=100_000, help="Of the audit log.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--plan", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data = asked.folder or Path(temporary) / "data"
        password = _made(data, asked.orders, asked.entries)
        house = open_house(Settings.from_env({}, data))
        app = create_app(house)
        warm(app, house)
        client = _signed_in(app, password)
        statements: list[tuple[str, Any]] = []
        _listen(house, statements)
        rows = [_time(client, address.format(middle=asked.orders // 2), asked.rounds, statements) for address in PAGES]
        if asked.plan:
            for row in rows:
                _explain(data / "ledger.db", row)
        rows.append(_verify(client, app, asked.entries))
        house.close()
    if asked.json:
        print(json.dumps([{name: row[name] for name in ("page", "first", "median")} for row in rows]))
    else:
        print(f"{asked.orders:,} orders\n{'page':44} {'first':>9} {'median':>9}")
        for row in rows:
            mark = "" if row["median"] <= row.get("goal", GOAL) else "  over"
            print(f"{row['page']:44} {row['first'] * 1000:6.1f} ms {row['median'] * 1000:6.1f} ms{mark}")
    return 0


def _made(data: Path, count: int, entries: int) -> str:
    """The password of an installation with that many orders; one that is there already is taken as it is."""
    kept = data.with_suffix(".password")
    if kept.exists():
        return kept.read_text()
    settings = Settings.from_env({}, data)
    password = initialise(settings, demo=True, admin=EMAIL, now=utc_now(), progress=lambda line: None)
    database = sqlite3.connect(data / "ledger.db", isolation_level=None)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "foreign_keys = OFF", "cache_size = -1000000"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("BEGIN")
    _multiply(database, count)
    database.execute("COMMIT")
    database.execute("PRAGMA journal_mode = WAL")
    database.close()
    _lengthen_the_log(data, entries)
    kept.write_text(password)
    return password


def _multiply(database: sqlite3.Connection, count: int) -> None:
    """Copy what stands, before itself in time: old orders are settled, one in a hundred is never paid."""
    (base,) = database.execute("SELECT max(key) FROM orders").fetchone()
    (invoices,) = database.execute("SELECT max(key) FROM invoices").fetchone()
    (moves,) = database.execute("SELECT max(key) FROM transitions").fetchone()
    (decisions,) = database.execute("SELECT max(key) FROM decisions").fetchone()
    copies = count // base - 1
    # The demonstration's own rows become the newest: theirs are the largest keys.
    for table, keys, step in (
        ("transitions", ("key", "order_key", "invoice_key"), (moves, base, invoices)),
        ("decisions", ("key", "order_key"), (decisions, base)),
        ("outbox", ("order_key", "invoice_key"), (base, invoices)),
        ("invoices", ("key", "order_key", "credits"), (invoices, base, invoices)),
        ("orders", ("key",), (base,)),
    ):
        moved = ", ".join(f"{key} = {key} + {copies * each}" for key, each in zip(keys, step, strict=True))
        database.execute(f"UPDATE {table} SET {moved}")
    database.execute(
        f"CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {copies}) "
        "SELECT i FROM n"
    )
    _copy_all(database, copies, _Last(base, invoices, moves, decisions))


class _Last(NamedTuple):
    """The largest key of each table before anything was copied."""

    orders: int
    invoices: int
    transitions: int
    decisions: int


def _copy_all(database: sqlite3.Connection, copies: int, last: _Last) -> None:
    # Copy i is that many times one year's share earlier, and every key that much smaller.
    back = int(YEARS.total_seconds() * 1_000_000 / copies)
    _copy(
        database,
        "orders",
        {
            "key": f"key - i * {last.orders}",
            "order_id": "order_id || '-' || i",
            "state": "CASE state WHEN 'held' THEN 'delivered' ELSE state END",
            "received_at": f"received_at - i * {back}",
            "placed_at": f"placed_at - i * {back}",
        },
    )
    _copy(
        database,
        "decisions",
        {
            "key": f"key - i * {last.decisions}",
            "order_key": f"order_key - i * {last.orders}",
            "made_at": f"made_at - i * {back}",
        },
    )
    _copy(
        database,
        "invoices",
        {
            "key": f"key - i * {last.invoices}",
            "order_key": f"order_key - i * {last.orders}",
            "credits": f"credits - i * {last.invoices}",
            "sequence": f"sequence + i * {last.invoices}",
            "number": "number || '-' || i",
            "issued_at": f"issued_at - i * {back}",
            "due_date": f"date(due_date, '-' || (i * {back} / 86400000000) || ' days')",
            "state": "CASE WHEN state IN ('issued', 'sent', 'viewed') AND i % 100 THEN 'paid' ELSE state END",
        },
    )
    _copy(
        database,
        "transitions",
        {
            "key": f"key - i * {last.transitions}",
            "order_key": f"order_key - i * {last.orders}",
            "invoice_key": f"invoice_key - i * {last.invoices}",
            "at": f"at - i * {back}",
        },
    )
    _copy(
        database,
        "outbox",
        {
            "id": "id || '-' || i",
            "order_key": f"order_key - i * {last.orders}",
            "invoice_key": f"invoice_key - i * {last.invoices}",
            "state": "'sent'",
            "created_at": f"created_at - i * {back}",
            "due_at": f"due_at - i * {back}",
            "sent_at": f"coalesce(sent_at, created_at) - i * {back}",
        },
    )


def _copy(database: sqlite3.Connection, table: str, changed: dict[str, str]) -> None:
    columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(column, f'"{column}"') for column in columns)
    # The whole of `table` as it stands: what is added meanwhile is not read again.
    database.execute(f"CREATE TEMP TABLE was AS SELECT * FROM {table}")
    database.execute(f"INSERT INTO {table} SELECT {values} FROM n, was ORDER BY i DESC, was.rowid")
    database.execute("DROP TABLE was")


def _lengthen_the_log(data: Path, count: int) -> None:
    """Entries that follow one another as real ones do."""
    house = open_house(Settings.from_env({}, data))
    acts, at = ("proposal.revised", "invoice.paid", "user.role"), utc_now()

    def work(connection: Connection) -> None:
        for number in range(count):
            who = f"personne-{number % 40}@faubourg.example"
            record(connection, Entry(at, who, "127.0.0.1", acts[number % 3], f"v{number}", {"n": number}, None))

    house.services.ledger.write(work)
    house.close()


def _signed_in(app: Flask, password: str) -> FlaskClient:
    client = app.test_client()
    token = re.search(r'csrf_token" value="([^"]+)', client.get("/connexion").get_data(as_text=True))
    assert token is not None
    form = {"email": EMAIL, "password": password, "csrf_token": token[1]}
    assert client.post("/connexion", data=form).status_code == 302
    return client


def _listen(house: House, statements: list[tuple[str, Any]]) -> None:
    engine: Engine = house.services.ledger.engine

    @event.listens_for(engine, "before_cursor_execute")
    def _heard(connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        statements.append((statement, parameters))


def _time(client: FlaskClient, address: str, rounds: int, statements: list[tuple[str, Any]]) -> dict[str, Any]:
    taken = []
    for _ in range(rounds + 1):
        statements.clear()
        began = time.perf_counter()
        answer = client.get(address)
        taken.append(time.perf_counter() - began)
        assert answer.status_code == 200, (address, answer.status_code)
    row = {"page": address, "first": taken[0], "median": statistics.median(taken[1:])}
    return {**row, "statements": list(statements)}


def _explain(path: Path, row: dict[str, Any]) -> None:
    """How SQLite reads for the page: what scans a whole table, and what sorts."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    print(f"\n{row['page']}")
    for statement, parameters in row["statements"]:
        if not statement.lstrip().upper().startswith("SELECT"):
            continue
        began = time.perf_counter()
        database.execute(statement, parameters).fetchall()
        took = time.perf_counter() - began
        plan = [each[3] for each in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
        if took > 0.005:
            print(f"  {took * 1000:7.1f} ms  {' '.join(statement.split())[:180]}")
            print("".join(f"             {each}\n" for each in plan), end="")
    database.close()


def _verify(client: FlaskClient, app: Flask, entries: int) -> dict[str, Any]:
    """The log's whole chain, verified from its page."""
    taken = []
    for _ in range(3):
        page = client.get("/journal").get_data(as_text=True)
        token = re.search(r'csrf_token" value="([^"]+)', page)
        assert token is not None
        began = time.perf_counter()
        assert client.post("/journal/verifier", data={"csrf_token": token[1]}).status_code == 302
        taken.append(time.perf_counter() - began)
    return {
        "page": f"verifying {entries:,} entries",
        "first": taken[0],
        "median": statistics.median(taken[1:]),
        "goal": 2.0,
    }


if __name__ == "__main__":
    sys.exit(main())
