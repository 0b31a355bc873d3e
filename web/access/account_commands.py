"""Acts on people's accounts, each one transaction with its entry in the audit log.

An account is never deleted: the log names it. The last active administrator stays one.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from houblon.engine.core.mail_address import read_address
from houblon.engine.core.problem import refuse
from houblon.orders.records.audit import record
from houblon.orders.services import Services
from houblon.rules.model.entry import Entry
from houblon.web.access.account_mail import (
    JOINED,
    RECOVERY_CODES,
    RESET_DONE,
    TWO_FACTOR_ADDED,
    TWO_FACTOR_REMOVED,
    queue_email,
)
from houblon.web.access.account_state import Door, State, may_set_password, state_of
from houblon.web.access.accounts import accounts, holders, roles, sessions
from houblon.web.access.addresses import kept_address
from houblon.web.access.one_time_links import is_invited, is_resettable
from houblon.web.access.permissions import ROLES, permissions_of
from houblon.web.access.sessions import KEPT_FOR, end_all, end_one


class By(msgspec.Struct, frozen=True):
    """Who acts, from where, and when."""

    who: str
    source: str
    at: datetime

    def entry(self, act: str, subject: str, before: Any = None, after: Any = None) -> Entry:
        """The audit entry of what they do."""
        return Entry(self.at, self.who, self.source, act, subject, before, after)


def listed(connection: Connection, now: datetime) -> Sequence[Row[Any]]:
    """Every account with its role, when it was last seen and how many of its sessions are open, by address."""
    opened = func.count(sessions.c.id).filter(sessions.c.ended_at.is_(None), sessions.c.seen_at > now - KEPT_FOR)
    query = (
        select(
            accounts.c.id,
            accounts.c.email,
            accounts.c.active,
            accounts.c.language,
            accounts.c.invited_at,
            accounts.c.password.is_not(None).label("is_set"),
            accounts.c.tf_primary_method.is_not(None).label("has_two_factor"),
            func.max(roles.c.name).label("role"),
            func.max(sessions.c.seen_at).label("seen_at"),
            opened.label("open_sessions"),
        )
        .select_from(
            accounts.outerjoin(holders, holders.c.user_id == accounts.c.id)
            .outerjoin(roles, roles.c.id == holders.c.role_id)
            .outerjoin(sessions, sessions.c.account_id == accounts.c.id)
        )
        .group_by(accounts.c.id)
        .order_by(accounts.c.active.desc(), accounts.c.email)
    )
    return connection.execute(query).all()


def people_who_may(connection: Connection, permission: str, now: datetime) -> list[str]:
    """The addresses of the people who may do something."""
    return [row.email for row in listed(connection, now) if row.active and permission in permissions_of(row.role or "")]


def account(connection: Connection, id: int) -> Row[Any] | None:
    """One account as the list has it."""
    found = select(accounts, roles.c.name.label("role")).select_from(
        accounts.outerjoin(holders, holders.c.user_id == accounts.c.id).outerjoin(
            roles, roles.c.id == holders.c.role_id
        )
    )
    return connection.execute(found.where(accounts.c.id == id)).one_or_none()


def id_of(connection: Connection, email: str) -> int | None:
    """The account with this address, however its letters are written."""
    wanted = kept_address(email)
    return connection.execute(select(accounts.c.id).where(func.lower(accounts.c.email) == wanted)).scalar_one_or_none()


def add(
    connection: Connection,
    email: str,
    role: str,
    *,
    by: By | None,
    password: str | None = None,
    invitation: str | None = None,
    language: str | None = None,
) -> int:
    """A new account, by a hashed password or an invitation's nonce; `by` None notes nothing. Raises Invalid."""
    email = kept_address(email)
    if read_address(email) is None:
        raise refuse(
            "address",
            "/email",
            "Une adresse de courriel, comme nom@exemple.ca.",
            "An email address, such as name@example.ca.",
        )
    check_role(role)
    if id_of(connection, email) is not None:
        raise refuse("exists", "/email", f"Il y a déjà un compte {email}.", f"There is an account {email} already.")
    made = connection.execute(
        insert(accounts).values(
            email=email,
            password=password,
            active=True,
            fs_uniquifier=secrets.token_hex(32),
            invitation=invitation,
            invited_at=by.at if by and invitation else None,
            language=language,
        )
    ).inserted_primary_key
    assert made is not None
    id: int = made[0]
    _hold(connection, id, role)
    if by is not None:
        _note(connection, by, "user.invited" if invitation else "user.added", email, None, role)
    return id


def change_role(connection: Connection, id: int, role: str, *, by: By) -> bool:
    """Give an account another role; False when it has it already. Raises Invalid, LookupError."""
    check_role(role)
    before = _locked(connection, id)
    if before.role == role:
        return False
    if before.role == "administrator":
        _check_another(connection, id)
    _hold(connection, id, role)
    _note(connection, by, "user.role", before.email, before.role, role)
    return True


def deactivate(connection: Connection, id: int, *, by: By) -> bool:
    """Shut an account out and end its sessions; False when it is out already. Raises Invalid, LookupError."""
    before = _locked(connection, id)
    if not before.active:
        return False
    if before.role == "administrator":
        _check_another(connection, id)
    _begin_anew(connection, id, by.at, active=False)
    _note(connection, by, "user.deactivated", before.email, {"active": True}, {"active": False})
    return True


def reactivate(connection: Connection, id: int, *, by: By) -> bool:
    """Let an account in again, with the role it had. Raises LookupError."""
    before = _locked(connection, id)
    if before.active:
        return False
    connection.execute(update(accounts).where(accounts.c.id == id).values(active=True))
    _note(connection, by, "user.reactivated", before.email, {"active": False}, {"active": True})
    return True


def invite_again(connection: Connection, id: int, nonce: str, *, by: By) -> Row[Any]:
    """Put a new invitation in the place of the one before, which no longer works. Raises Invalid, LookupError."""
    before = _locked(connection, id)
    if state_of(before) is not State.INVITED:
        raise refuse(
            "settled", "", "Ce compte n’attend pas d’invitation.", "This account does not wait for an invitation."
        )
    connection.execute(update(accounts).where(accounts.c.id == id).values(invitation=nonce, invited_at=by.at))
    _note(connection, by, "user.invited", before.email, None, before.role)
    return before


def set_password(connection: Connection, services: Services, id: int, password: str, *, by: By) -> str:
    """Give an account a hashed password from the shell; its address. Raises Invalid, LookupError."""
    before = _locked(connection, id)
    if not may_set_password(before, Door.SHELL):
        raise refuse(
            "deactivated",
            "/email",
            f"Le compte {before.email} est désactivé : « houblon user activate » d’abord.",
            f"The account {before.email} is deactivated: `houblon user activate` first.",
        )
    _begin_anew(connection, id, by.at, password=password)
    _note(connection, by, "user.password", before.email, None, None)
    _notify(connection, services, before, RESET_DONE, by.at)
    email: str = before.email
    return email


def use_link(
    connection: Connection,
    services: Services,
    id: int,
    password: str,
    *,
    door: Door,
    mark: str,
    source: str,
    at: datetime,
) -> bool:
    """Set the password of somebody who opened a link with this mark, once; False when the link is good no more.

    Whatever other links there are go void with this one, sessions end, and the person is told.
    """
    before = _locked(connection, id)
    is_good, act, event = _LINKS[door]
    if not is_good(before, mark):
        return False
    _begin_anew(connection, id, at, password=password)
    _note(connection, By(before.email, source, at), act, before.email, None, None)
    _notify(connection, services, before, event, at)
    return True


def end_sessions(connection: Connection, id: int, *, by: By, only: str | None = None, but: str | None = None) -> int:
    """End an account's sessions: one of them, all, or all `but` one; how many. Raises LookupError."""
    email = _locked(connection, id).email
    ended = end_all(connection, by.at, id, but) if only is None else end_one(connection, by.at, id, only)
    if ended:
        _note(connection, by, "user.sessions_ended", email, None, ended)
    return ended


def add_two_factor(connection: Connection, services: Services, id: int, secret: str, counter: int, *, by: By) -> None:
    """Enrol the authenticator whose code was just right; `counter` is that code's number. Raises LookupError."""
    before = _locked(connection, id)
    enrolled = {"tf_primary_method": "authenticator", "tf_totp_secret": secret, "totp_counter": counter}
    connection.execute(update(accounts).where(accounts.c.id == id).values(**enrolled))
    was = {"two_factor": before.tf_primary_method is not None}
    _note(connection, by, "user.two_factor_added", before.email, was, {"two_factor": True})
    _notify(connection, services, before, TWO_FACTOR_ADDED, by.at)


def remove_two_factor(connection: Connection, services: Services, id: int, *, by: By) -> bool:
    """Take an account's second factor away; False when it has none. Raises LookupError.

    One's own leaves one's sessions alone; somebody else's, who lost their device, ends theirs and voids what they began.
    """
    before = _locked(connection, id)
    if before.tf_primary_method is None:
        return False
    nothing = dict.fromkeys(("tf_primary_method", "tf_totp_secret", "mf_recovery_codes", "totp_counter"))
    if by.who == before.email:
        connection.execute(update(accounts).where(accounts.c.id == id).values(**nothing))
    else:
        _begin_anew(connection, id, by.at, **nothing)
    _note(connection, by, "user.two_factor_removed", before.email, {"two_factor": True}, {"two_factor": False})
    _notify(connection, services, before, TWO_FACTOR_REMOVED, by.at)
    return True


def replace_recovery_codes(connection: Connection, services: Services, id: int, codes: list[str], *, by: By) -> None:
    """Put these encrypted codes in the place of those before. Raises LookupError."""
    before = _locked(connection, id)
    connection.execute(update(accounts).where(accounts.c.id == id).values(mf_recovery_codes=codes))
    _note(connection, by, "user.recovery_codes", before.email, None, len(codes))
    _notify(connection, services, before, RECOVERY_CODES, by.at)


def check_role(role: str) -> None:
    if role not in ROLES:
        raise refuse("unknown_option", "/role", f"Rôles : {', '.join(ROLES)}.", f"Roles: {', '.join(ROLES)}.")


_LINKS = {
    Door.INVITATION: (is_invited, "user.joined", JOINED),
    Door.FORGOTTEN: (is_resettable, "user.password_reset", RESET_DONE),
}


def _begin_anew(connection: Connection, id: int, at: datetime, **values: Any) -> None:
    """Change an account so that every link to it is void, every sign-in half done too, and every session over.

    All of them hold the account's `fs_uniquifier`, or are the invitation.
    """
    fresh = {"fs_uniquifier": secrets.token_hex(32), "invitation": None, **values}
    connection.execute(update(accounts).where(accounts.c.id == id).values(**fresh))
    end_all(connection, at, id)


def _notify(connection: Connection, services: Services, account: Row[Any], event: str, at: datetime) -> None:
    """Tell a person by mail what happened to their account."""
    queue_email(connection, services, event, account.email, account.language or "fr", at, None)


def _locked(connection: Connection, id: int) -> Row[Any]:
    """The account, and on PostgreSQL every account locked: two people can't each remove the other administrator."""
    connection.execute(select(accounts.c.id).order_by(accounts.c.id).with_for_update()).all()
    found = account(connection, id)
    if found is None:
        raise LookupError(id)
    return found


def _check_another(connection: Connection, id: int) -> None:
    """Raises Invalid when no other active administrator has a password."""
    others = (
        select(func.count())
        .select_from(
            accounts.join(holders, holders.c.user_id == accounts.c.id).join(roles, roles.c.id == holders.c.role_id)
        )
        .where(
            roles.c.name == "administrator", accounts.c.active, accounts.c.password.is_not(None), accounts.c.id != id
        )
    )
    if connection.execute(others).scalar_one() == 0:
        raise refuse(
            "last_administrator",
            "",
            "C’est le dernier compte d’administration actif : donnez d’abord ce rôle à quelqu’un d’autre.",
            "This is the last active administrator: give the role to somebody else first.",
        )


def _hold(connection: Connection, id: int, role: str) -> None:
    """Make `role` the account's only one."""
    known = connection.execute(select(roles.c.id).where(roles.c.name == role)).scalar_one_or_none()
    if known is None:
        made = connection.execute(insert(roles).values(name=role)).inserted_primary_key
        assert made is not None
        known = made[0]
    connection.execute(delete(holders).where(holders.c.user_id == id))
    connection.execute(insert(holders).values(user_id=id, role_id=known))


def _note(connection: Connection, by: By, act: str, subject: str, before: Any, after: Any) -> None:
    record(connection, by.entry(act, subject, before, after))
