"""What state an account is in, and by which doors its password may be set: one answer, that every door asks."""

from enum import StrEnum
from typing import Any


class State(StrEnum):
    """`invited`: no password yet. `active`: it has one. `ended`: deactivated, whatever it has."""

    INVITED = "invited"
    ACTIVE = "active"
    ENDED = "ended"


class Door(StrEnum):
    """The ways to a password: the invitation's link, the link of a forgotten one, one's own page, the shell."""

    INVITATION = "invitation"
    FORGOTTEN = "forgotten"
    OWN_PAGE = "own page"
    SHELL = "shell"


_OPEN: dict[State, frozenset[Door]] = {
    State.INVITED: frozenset({Door.INVITATION, Door.SHELL}),
    State.ACTIVE: frozenset({Door.FORGOTTEN, Door.OWN_PAGE, Door.SHELL}),
    State.ENDED: frozenset(),
}


def state_of(account: Any) -> State:
    """The state of an account's row, or of the person that flask-security has of it."""
    if not account.active:
        return State.ENDED
    return State.INVITED if account.password is None else State.ACTIVE


def may_set_password(account: Any, door: Door) -> bool:
    """Whether the account's password may be set by this door, now."""
    return door in _OPEN[state_of(account)]
