"""Statements of the order's path, compiled once; on SQLite they run on the driver's own connection.

There, a look-up takes 41 µs through SQLAlchemy, 7 by the driver alone and 10 this way. The
statement, its types and its transaction stay SQLAlchemy's; on PostgreSQL all of it does.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import BindParameter, Connection, Executable, Row, Update
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.sql.visitors import iterate

Values = Mapping[str, Any]
# A transaction's connection, or SQLite's own for one look-up outside of any.
Reader = Connection | sqlite3.Connection
# A row of as many columns as its query names.
AnyRow = Row[*tuple[Any, ...]]

_SQLITE = SQLiteDialect_pysqlite(dbapi=sqlite3)
_FAULTS: dict[type[sqlite3.Error], type[DatabaseError]] = {
    sqlite3.IntegrityError: IntegrityError,
    sqlite3.OperationalError: OperationalError,
}
_NOTHING: Values = {}
_Turns = tuple[tuple[int, Callable[[Any], Any]], ...]


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    # The values in the driver's order, of those that a call gives and those that are the statement's own.
    pick: Callable[[Values], tuple[Any, ...]]
    own: Values
    # Where a value, given or found, is turned into another, and how.
    turned: _Turns
    row: Any
    results: _Turns


class Prepared:
    """A select, insert or update; an insert is compiled once for each set of columns it is given.

    What the driver raises is told as SQLAlchemy tells it.
    """

    def __init__(self, statement: Executable):
        """Raises ValueError for an update whose parameter is named as a column of its table.

        SQLAlchemy itself takes such a parameter for a value to be set: what SQLite does on this path,
        PostgreSQL would refuse or, worse, write.
        """
        self.statement: Any = statement
        if isinstance(statement, Update):
            given = {each.key for each in iterate(statement) if isinstance(each, BindParameter) and each.required}
            if taken := given & set(statement.table.c.keys()):
                raise ValueError(f"a parameter of an update is named as a column: {', '.join(sorted(taken))}")
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def all(self, reader: Reader, values: Values = _NOTHING) -> Sequence[Any]:
        """Every row, its columns by name."""
        driver = _driver(reader)
        if driver is None:
            assert isinstance(reader, Connection)
            return reader.execute(self.statement, dict(values)).all()
        compiled = self._for(values)
        return [_read(compiled, row) for row in _run(driver, compiled, values).fetchall()]

    def first(self, reader: Reader, values: Values = _NOTHING) -> Any:
        """The first row, None when there is none."""
        return next(iter(self.all(reader, values)), None)

    def scalar(self, reader: Reader, values: Values = _NOTHING) -> Any:
        """The first row's first column, None when there is no row."""
        row = self.first(reader, values)
        return None if row is None else row[0]

    def insert(self, connection: Connection, values: Values) -> Any:
        """Add one row and return its key."""
        driver = _driver(connection)
        if driver is None:
            key: Any = connection.execute(self.statement, dict(values)).inserted_primary_key
            return key[0]
        return _run(driver, self._for(values), values).lastrowid

    def change(self, connection: Connection, values: Values) -> int:
        """Run an update that returns nothing; how many rows it met."""
        driver = _driver(connection)
        if driver is None:
            return connection.execute(self.statement, dict(values)).rowcount
        return _run(driver, self._for(values), values).rowcount

    def _for(self, values: Values) -> _Compiled:
        columns = tuple(values)
        found = self._compiled.get(columns)
        if found is None:
            found = self._compiled[columns] = _compile(self.statement, columns)
        return found


def run_by_sqlalchemy() -> None:
    """From now on, leave every statement of a transaction to SQLAlchemy, which tells traces of it."""
    global _is_told, _last
    _is_told, _last = True, (None, None)


_is_told = False


def _driver(reader: Reader) -> sqlite3.Connection | None:
    global _last
    # A transaction runs many statements: whose it is, is found once.
    connection, driver = _last
    if connection is reader:
        return driver
    if isinstance(reader, sqlite3.Connection):
        return reader
    if _is_told:
        return None
    driver = reader.connection.driver_connection if reader.dialect.name == "sqlite" else None
    _last = (reader, driver)
    return driver


_last: tuple[Reader | None, sqlite3.Connection | None] = (None, None)


def _compile(statement: Any, columns: tuple[str, ...]) -> _Compiled:
    compiled = statement.compile(dialect=_SQLITE, column_keys=list(columns) if statement.is_insert else None)
    names = compiled.positiontup
    binds = [compiled.binds[name] for name in names]
    found = statement.exported_columns if statement.is_select else statement._returning
    row = [column.name for column in found]
    return _Compiled(
        str(compiled),
        itemgetter(*names) if len(names) > 1 else lambda values: tuple(values[name] for name in names),
        {name: bind.effective_value for name, bind in zip(names, binds, strict=True) if not bind.required},
        _turns(bind.type.dialect_impl(_SQLITE).bind_processor(_SQLITE) for bind in binds),
        namedtuple("Found", row, rename=True) if row else None,
        _turns(column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None) for column in found),
    )


def _turns(processors: Iterable[Callable[[Any], Any] | None]) -> _Turns:
    return tuple((place, turn) for place, turn in enumerate(processors) if turn is not None)


def _run(driver: sqlite3.Connection, compiled: _Compiled, values: Values) -> sqlite3.Cursor:
    given: Sequence[Any] = compiled.pick({**compiled.own, **values} if compiled.own else values)
    if turns := compiled.turned:
        given = turned = list(given)
        for place, turn in turns:
            turned[place] = turn(turned[place])
    try:
        return driver.execute(compiled.sql, given)
    except sqlite3.Error as fault:
        raise _FAULTS.get(type(fault), DatabaseError)(compiled.sql, None, fault) from fault


def _read(compiled: _Compiled, row: tuple[Any, ...]) -> Any:
    turned: Sequence[Any] = row
    if turns := compiled.results:
        turned = found = list(row)
        for place, turn in turns:
            # What is not there is None to every type.
            if found[place] is not None:
                found[place] = turn(found[place])
    # As the named tuple's `_make` does, but for counting again what the statement names.
    return _tuple(compiled.row, turned)


_tuple = tuple.__new__
