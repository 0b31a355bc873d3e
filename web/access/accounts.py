"""People's accounts: flask-security's own models, in the ledger's database, and the sessions that are open.

Pages that act on somebody's account write by `Ledger.write`, so that the act and its entry in the
audit log are one transaction; what flask-security writes itself goes through its own session.
"""

from datetime import datetime
from typing import Any

from flask_security import AsaList, SQLAlchemySessionUserDatastore
from flask_security.models import sqla
from sqlalchemy import BigInteger, Column, Engine, ForeignKey, Index, String, Table, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, scoped_session, sessionmaker

from houblon.orders.db.column_types import Instant, Key
from houblon.orders.db.ledger import Ledger
from houblon.orders.records.audit import record
from houblon.rules.model.entry import Entry

_ENTRIES = "houblon.audit"  # of a session: what its next flush records

# It holds no state of its own: statements that name it may be kept ready.
AsaList.cache_ok = True


class Base(DeclarativeBase):
    pass


sqla.FsModels.set_db_info(base_model=Base, user_table_name="accounts", role_table_name="roles")  # type: ignore[no-untyped-call]  # flask-security gives it no types


class Role(Base, sqla.FsRoleMixin):
    __tablename__ = "roles"


class User(Base, sqla.FsUserMixin):
    """`invitation` is the open invitation's nonce, `totp_counter` the last code's number: neither works twice."""

    __tablename__ = "accounts"

    language: Mapped[str | None] = mapped_column(String(2))
    invitation: Mapped[str | None] = mapped_column(String(64))
    invited_at: Mapped[datetime | None] = mapped_column(Instant)
    totp_counter: Mapped[int | None] = mapped_column(BigInteger)

    @property
    def role(self) -> str:
        """The account's one role; empty for one that has none."""
        return self.roles[0].name if self.roles else ""


accounts: Any = User.__table__
roles: Any = Role.__table__
holders: Any = Base.metadata.tables["roles_users"]

# One row a browser that signed in; kept a while after it ended.
sessions = Table(
    "sessions",
    Base.metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", ForeignKey("accounts.id"), nullable=False, index=True),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("address", String(100), nullable=False),
    Column("agent", String(300), nullable=False),
    Column("ended_at", Instant),
)

# A failed sign-in, or a mail that somebody asked for: whose, as a hash, and when.
attempts = Table(
    "attempts",
    Base.metadata,
    Column("key", Key, primary_key=True),
    Column("who", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Index("attempts_by_who", "who", "at"),
    Index("attempts_by_age", "at"),
)


def open_accounts(engine: Engine) -> tuple[Any, Any]:
    """The datastore that flask-security reads and writes, and its session registry.

    Nothing is written before the commit: what stands between may write by the ledger itself.
    """
    session = scoped_session(sessionmaker(engine, expire_on_commit=False, autoflush=False))
    if engine.dialect.name == "sqlite":
        event.listen(session, "before_flush", _take_the_write_lock)
    event.listen(session, "after_flush", _record_entries)
    event.listen(session, "after_rollback", lambda session: session.info.pop(_ENTRIES, None))
    return SQLAlchemySessionUserDatastore(session, User, Role), session


def record_with(session: scoped_session[Session], ledger: Ledger, entry: Entry) -> None:
    """Record the entry of what flask-security does, in the transaction in which it is kept.

    Its signals come before its commit; where nothing is left to be kept, the entry is recorded now.
    """
    if session.dirty or session.new or session.deleted:
        session.info.setdefault(_ENTRIES, []).append(entry)
    else:
        ledger.write(lambda connection: record(connection, entry))


def _record_entries(session: Session, *_: Any) -> None:
    entries, connection = session.info.pop(_ENTRIES, ()), session.connection()
    if entries and connection.dialect.name == "postgresql":
        # The chain's last link is read here: nobody else may add one before this commit, for nothing is done anew.
        connection.exec_driver_sql("LOCK TABLE audit IN SHARE ROW EXCLUSIVE MODE")
    for entry in entries:
        record(connection, entry)


def _take_the_write_lock(session: Session, *_: Any) -> None:
    """Wait for the write lock: SQLite refuses at once to write from a read that others wrote since."""
    connection = session.connection()
    connection.exec_driver_sql("COMMIT")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
