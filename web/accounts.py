"""People's accounts: flask-security's own models, in the ledger's database."""

from typing import Any

from flask_security import SQLAlchemySessionUserDatastore
from flask_security.models import sqla
from sqlalchemy import Engine
from sqlalchemy.orm import DeclarativeBase, scoped_session, sessionmaker

ROLES = ("viewer", "operator", "editor", "approver", "administrator")


class Base(DeclarativeBase):
    pass


sqla.FsModels.set_db_info(base_model=Base, user_table_name="accounts", role_table_name="roles")


class Role(Base, sqla.FsRoleMixin):
    __tablename__ = "roles"


class User(Base, sqla.FsUserMixin):
    __tablename__ = "accounts"


def open_accounts(engine: Engine) -> tuple[Any, Any]:
    """The datastore that flask-security reads and writes, and its session registry."""
    session = scoped_session(sessionmaker(engine, expire_on_commit=False))
    return SQLAlchemySessionUserDatastore(session, User, Role), session
