"""Saved views: a page's filters under a name, one person's own."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

from houblon.engine.core.problem import refuse
from houblon.engine.core.texts import is_text
from houblon.orders.db.tables import saved_views

MAX_VIEWS, MAX_NAME, MAX_QUERY = 30, 60, 500


def views_of(connection: Connection, who: str, page: str) -> Sequence[Row[Any]]:
    """The person's views of a page, by name."""
    mine = select(saved_views).where(saved_views.c.who == who, saved_views.c.page == page)
    return connection.execute(mine.order_by(saved_views.c.name)).all()


def save_view(connection: Connection, who: str, page: str, name: str, query: str, at: datetime) -> None:
    """Keep the filters under the name, in place of those it had. Raises Invalid."""
    name = " ".join(name.split())
    if not name or not is_text(name, MAX_NAME) or len(query) > MAX_QUERY:
        raise refuse("name", "/nom", f"Un nom de 1 à {MAX_NAME} caractères.", f"A name of 1 to {MAX_NAME} characters.")
    same = (saved_views.c.who == who, saved_views.c.page == page)
    connection.execute(delete(saved_views).where(*same, saved_views.c.name == name))
    kept = connection.execute(select(func.count()).select_from(saved_views).where(*same)).scalar_one()
    if kept >= MAX_VIEWS:
        raise refuse("too_many", "/nom", "Oubliez d’abord une autre vue.", "Forget another view first.")
    connection.execute(insert(saved_views).values(who=who, page=page, name=name, query=query, created_at=at))


def forget_view(connection: Connection, who: str, key: int) -> None:
    """Forget one of the person's own views."""
    connection.execute(delete(saved_views).where(saved_views.c.key == key, saved_views.c.who == who))
