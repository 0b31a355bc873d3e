"""Who is told that a source sends what can't be recorded."""

from collections.abc import Callable, Iterable

from sqlalchemy import Connection

from houblon.engine.policy.policy import BASE
from houblon.web.access.account_commands import people_who_may
from houblon.web.foundation.composition import House


def team_of(house: House) -> Callable[[Connection], Iterable[str]]:
    """The team that Tous has told of orders; where it names nobody, those who keep the sources."""

    def people(connection: Connection) -> Iterable[str]:
        now = house.now()
        content = house.services.policies.live(now)
        team = house.services.policies.policy_in(content, (BASE,)).settings["notifications.team"].value["to"]
        return team or people_who_may(connection, "sources", now)

    return people
