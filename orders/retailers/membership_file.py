"""Memberships as a CSV file: read with its faults by row, planned against what is kept, and written.

A file is UTF-8, UTF-16 or Windows-1252 (which holds Latin-1), its cells apart by comma, semicolon or tab.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import msgspec

from houblon.engine.core.money import dollars, price
from houblon.engine.core.problem import Problem, problem, refuse
from houblon.engine.core.texts import clean_id, composed, is_text
from houblon.engine.policy.policy import BASE
from houblon.orders import csv_text
from houblon.orders.csv_text import folded, word
from houblon.orders.retailers.row_ids import RowIds
from houblon.rules.model.content import Content

MAX_BYTES, MAX_ROWS, MAX_COLUMNS = 400_000, 10_000, 50
ADD, REPLACE = "add", "replace"
SEVERAL = ""
_HEADERS = {
    "retailer": "detaillant identifiant id retailer retailer_id client customer buyer buyer_id numero no code".split(),
    "group": "groupe groupes group groups group_id groupe_id categorie segment".split(),
    "name": "nom name raison_sociale nom_du_detaillant retailer_name".split(),
    "source": "source boutique shop".split(),
    "limit": "limite_de_credit limite_credit limite credit_limit limit".split(),
    "called": "nom_source nom_de_source nom_par_la_source source_name source_id".split(),
}
_SPACES = re.compile(r"\s")
_AMOUNT = re.compile(r"\d{1,9}([.,]\d{1,2})?", re.ASCII)
_SEPARATORS = re.compile(r"\s*[|/]\s*")


class Sheet(msgspec.Struct, frozen=True):
    """A file's cells: its header (empty without one), and its rows, each with its line in the file."""

    text: str
    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]

    @property
    def width(self) -> int:
        return max([len(self.header), *(len(cells) for _, cells in self.rows)], default=0)


class Columns(msgspec.Struct, frozen=True):
    """Which column holds what, from 0; None where the file has none."""

    retailer: int | None
    group: int | None
    name: int | None = None
    # A source, and what it calls the retailer, where the file says so beside the house's id or instead of it.
    source: int | None = None
    called: int | None = None
    # The retailer's own credit limit.
    limit: int | None = None


class Fault(msgspec.Struct, frozen=True):
    """What is wrong with one line of the file; the line is left out."""

    line: int
    problem: Problem


class Change(msgspec.Struct, frozen=True):
    """One retailer whose groups the file changes; `name` is set for one that gets a card: who is not known yet, or by
    groups alone with `called`, a source's name that is to lead to them. `limit` is the credit limit of its own that
    it gets, as documents write money, where the file says another than the one `limit_before`."""

    retailer: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    is_new: bool
    name: str | None = None
    called: tuple[str, str] | None = None
    limit: str | None = None
    limit_before: str | None = None


class Plan(msgspec.Struct, frozen=True):
    """What importing a file would do."""

    changes: tuple[Change, ...]
    unchanged: int
    faults: tuple[Fault, ...]


def read_sheet(data: bytes | str) -> Sheet:
    """The cells of a file. Raises Invalid when it is too large, no text, or no table."""
    text = data if isinstance(data, str) else _decoded(data)
    if len(text.encode()) > MAX_BYTES:
        raise _too_large()
    rows = []
    for row in csv_text.table_of(text, MAX_COLUMNS):
        rows.append(row)
        if len(rows) > MAX_ROWS + 1:
            raise _too_large()
    if not rows:
        raise refuse("empty", "/fichier", "Ce fichier est vide.", "This file is empty.")
    has_header = any(_meaning(cell) for cell in rows[0][1])
    return Sheet("\n".join(text.splitlines()), rows[0][1] if has_header else (), tuple(rows[has_header:]))


def guess_columns(sheet: Sheet, content: Content) -> Columns:
    """By the header's words; else the column with the most groups' names, and the first of the others."""
    found: dict[str, int] = {}
    for number, cell in enumerate(sheet.header):
        meaning = _meaning(cell)
        if meaning:
            found.setdefault(meaning, number)
    groups = groups_by_name(content)
    if "group" not in found:
        hits = [
            (sum(named_group(cells[n], groups) is not None for _, cells in sheet.rows[:200] if n < len(cells)), -n)
            for n in range(sheet.width)
            if n not in found.values()
        ]
        best = max(hits, default=(0, 0))
        if best[0]:
            found["group"] = -best[1]
    if "retailer" not in found and not {"source", "called"} <= found.keys():
        left = [n for n in range(sheet.width) if n not in found.values()]
        if left:
            found["retailer"] = left[0]
    return Columns(**{name: found.get(name) for name in ("retailer", "group", "name", "source", "called", "limit")})


def plan_import(
    sheet: Sheet,
    columns: Columns,
    mode: str,
    content: Content,
    kept: Mapping[str, Sequence[str]],
    known: Iterable[str],
    ids: RowIds | None = None,
    limits: Mapping[str, str | None] = MappingProxyType({}),
) -> Plan:
    """What the file would change of the memberships `kept`; `known` are the ids of all retailers, `ids` finds whom a
    row means, `limits` are the credit limits that retailers have of their own.

    A limit that the file says is the retailer's; an empty cell says none. ADD only adds; REPLACE puts each retailer that the file names in exactly the groups it gives. A line
    with a fault counts for nothing; with REPLACE, its retailer is then left as it is.
    """
    by_source = columns.source is not None and columns.called is not None
    if (columns.retailer is None and not by_source) or columns.group is None or columns.retailer == columns.group:
        raise refuse(
            "columns",
            "/colonnes",
            "Dites quelle colonne nomme le détaillant, et quelle autre son groupe.",
            "Say which column names the retailer, and which other one its group.",
        )
    everyone = set(known) | set(kept)
    said = _said(sheet, columns, groups_by_name(content), ids or RowIds({}, ()), everyone)
    changes, unchanged = [], 0
    for retailer, groups in said.groups.items():
        before = tuple(sorted(kept.get(retailer, ())))
        if mode == REPLACE and retailer in said.spoiled:
            unchanged += 1
            continue
        # What is kept in archived groups stays: no file can name them.
        stays = before if mode == ADD else [group for group in before if group not in content.groups]
        after = tuple(sorted({*groups, *stays}))
        is_new = retailer not in everyone
        was = limits.get(retailer)
        limit = said.limits.get(retailer, was)
        if after == before and not is_new and limit == was:
            unchanged += 1
        else:
            called = said.called.get(retailer)
            name = said.names.get(retailer) if is_new or called else None
            new_limit = None if limit == was else limit
            changes.append(Change(retailer, before, after, is_new, name, called, new_limit, was))
    return Plan(tuple(changes), unchanged, tuple(said.faults))


class _Said(msgspec.Struct):
    """What the lines of a file say of each retailer, and what is wrong with some of them."""

    groups: dict[str, list[str]] = msgspec.field(default_factory=dict)
    names: dict[str, str] = msgspec.field(default_factory=dict)
    called: dict[str, tuple[str, str]] = msgspec.field(default_factory=dict)
    limits: dict[str, str] = msgspec.field(default_factory=dict)
    faults: list[Fault] = msgspec.field(default_factory=list)
    spoiled: set[str] = msgspec.field(default_factory=set)


def _said(sheet: Sheet, columns: Columns, by_name: Mapping[str, str], ids: RowIds, everyone: set[str]) -> _Said:
    said = _Said()
    for line, cells in sheet.rows:
        id, source, called = (
            clean_id(_cell(cells, column)) for column in (columns.retailer, columns.source, columns.called)
        )
        retailer, new_name, wrong = ids.of_row(id, source, called, everyone)
        if wrong is not None:
            said.faults.append(Fault(line, wrong))
            continue
        if new_name is not None:  # told once, whatever else is wrong with the line
            said.called[retailer] = new_name
        groups, fault = groups_in(_cell(cells, columns.group), by_name)
        name = composed(_cell(cells, columns.name))
        if fault is None and not is_text(name, 300):
            fault = _NO_NAME
        limit = _limit_in(_cell(cells, columns.limit))
        if fault is None and (limit is None or limit != said.limits.get(retailer, limit) != ""):
            fault = _NO_LIMIT if limit is None else _SEVERAL_LIMITS
        if fault is not None:
            said.faults.append(Fault(line, fault))
            said.spoiled.add(retailer)
            continue
        if limit:
            said.limits[retailer] = limit
        listed = said.groups.setdefault(retailer, [])
        listed += [group for group in groups if group not in listed]
        if name:
            said.names.setdefault(retailer, name)
    return said


def written(rows: Iterable[Mapping[str, Any]], delimiter: str) -> bytes:
    """The rows as a CSV file for spreadsheets; with what sources call retailers where any does."""
    found = list(rows)
    called = ("source", "nom_source") if any(row.get("source") for row in found) else ()
    limit = ("limite_de_credit",) if any(row.get("limite_de_credit") for row in found) else ()
    header = ("detaillant", "groupe", "nom", "courriel", "langue", "province", *limit, *called)
    return csv_text.written(header, ([str(row[name] or "") for name in header] for row in found), delimiter)


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _too_large()
    return csv_text.decoded(data)


def _meaning(cell: str) -> str | None:
    name = word(cell)
    return next((meaning for meaning, words in _HEADERS.items() if name in words), None)


def groups_by_name(content: Content) -> dict[str, str]:
    """Each group's id by what a file may call it; empty where that fits several.

    The name in use, as it is shown, comes first; then a name in another case or without its accents, and an id.
    """
    fits: dict[str, set[str]] = {}
    for group in content.ranked():
        for said in (folded(group.name), group.id):
            fits.setdefault(said, set()).add(group.id)
    loosely = {said: ids.pop() if len(ids) == 1 else SEVERAL for said, ids in fits.items()}
    return loosely | {clean_id(group.name): group.id for group in content.ranked()}


def named_group(name: str, by_name: Mapping[str, str]) -> str | None:
    """The id of the group that is called so: None for none, SEVERAL for more than one."""
    found = by_name.get(clean_id(name))
    return by_name.get(folded(name)) if found is None else found


def groups_in(cell: str, by_name: Mapping[str, str]) -> tuple[list[str], Problem | None]:
    """The groups that a cell names, several apart by « | »; and what is wrong with the first name that is none."""
    if not cell:
        return [], None
    found = []
    for name in [cell] if named_group(cell, by_name) is not None else _SEPARATORS.split(cell):
        group = named_group(name, by_name)
        if not group:
            return [], _no_group(name) if group is None else _several_groups(name)
        if group != BASE:  # everyone is in it
            found.append(group)
    return found, None


def _cell(cells: tuple[str, ...], column: int | None) -> str:
    return cells[column] if column is not None and column < len(cells) else ""


def _limit_in(cell: str) -> str | None:
    """A credit limit as documents write money, from a cell; empty where it says none, None where it can't be read."""
    plain = _SPACES.sub("", cell).removesuffix("$").removeprefix("$")
    if not plain:
        return ""
    return dollars(price(plain.replace(",", "."))) if _AMOUNT.fullmatch(plain) else None


_NO_LIMIT = problem(
    "money",
    "/limit",
    "Une limite de crédit comme 5000,00, ou rien.",
    "A credit limit such as 5000.00, or nothing.",
)
_SEVERAL_LIMITS = problem(
    "several_limits",
    "/limit",
    "Une autre ligne dit une autre limite de crédit pour ce détaillant.",
    "Another line says another credit limit for this retailer.",
)
_NO_NAME = problem(
    "text",
    "/name",
    "Un nom d’au plus 300 caractères visibles.",
    "A name of at most 300 visible characters.",
)


def _several_groups(name: str) -> Problem:
    shown = name[:60]
    return problem(
        "ambiguous_group",
        "/group",
        f"« {shown} » peut être plus d’un groupe\u00a0: écrivez le nom comme il est affiché.",
        f"“{shown}” may be more than one group: write the name as it is shown.",
    )


def _no_group(name: str) -> Problem:
    shown = name[:60]
    return problem(
        "unknown_group",
        "/group",
        f"Le groupe « {shown} » n’existe pas\u00a0: faites-le d’abord, ou corrigez la ligne.",
        f"There is no group “{shown}”: make it first, or correct the line.",
    )


def _too_large() -> Exception:
    return refuse(
        "too_large",
        "/fichier",
        f"Au plus {MAX_BYTES // 1000} ko et {MAX_ROWS} lignes à la fois\u00a0: partagez le fichier.",
        f"At most {MAX_BYTES // 1000} kB and {MAX_ROWS} lines at a time: split the file.",
    )
