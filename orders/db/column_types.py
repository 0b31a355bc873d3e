"""The types of the ledger's columns: instants, JSON, and keys that a database counts by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Integer, Text
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_ENCODE, _DECODE = msgspec.json.Encoder().encode, msgspec.json.Decoder().decode


class Instant(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds: sorts, compares and travels the same everywhere."""

    impl = BigInteger
    cache_ok = True

    # The functions themselves, not methods that SQLAlchemy would wrap: they run many times for every order.
    def bind_processor(self, dialect: Any) -> Any:
        return _microseconds

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return _instant


class Json(TypeDecorator[Any]):
    """A JSON document, kept as text."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Any) -> Any:
        return _text

    def result_processor(self, dialect: Any, coltype: Any) -> Any:
        return _document


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // _MICROSECOND


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else _EPOCH + timedelta(microseconds=microseconds)


def _text(document: Any) -> str | None:
    return None if document is None else _ENCODE(document).decode()


def _document(text: str | None) -> Any:
    return None if text is None else _DECODE(text)


# SQLite counts rows by itself only in a column that is exactly INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")
