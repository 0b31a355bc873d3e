"""What is asked before an installation is opened: is its ledger there, its own, and of no more versions than its rules.

An installation and its ledger know each other by an id in both, which `init` writes. Those that were made before
there were ids get one when they are opened, where the ledger proves that it is theirs:
1. the rules are written a second time, where they were kept once until then;
2. under the profile's lock, the ledger is given an id, or says the one that it has;
3. the profile is written with it.
A crash between the last two leaves an id in the ledger alone: the next opening asks for the same proof, and does 3.
"""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from enum import Enum

import msgspec
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError

from houblon.engine.core.problem import Invalid, refuse
from houblon.orders.db.causes import cause_of
from houblon.orders.db.ledger import Ledger, LedgerMissing
from houblon.orders.db.migrate import NewerLedger, is_current, is_known, revision_of, upgrade
from houblon.orders.db.others import is_open_elsewhere
from houblon.orders.db.ownership import Known, claim, identity_of, is_in_use, known_versions, missing
from houblon.rules.store.documents import Store
from houblon.rules.store.history import History
from houblon.web.foundation.data_folder import Profile, change_profile
from houblon.web.foundation.settings import Settings

# The rules as they are when they are asked for.
Rules = Callable[[], History]


class Migrating(Enum):
    """Whether opening a ledger may bring its schema up to date: what other processes work with would change."""

    NEVER = 0
    ALONE = 1  # only where no other process has the ledger open
    BESIDE_OTHERS = 2  # somebody said so


def open_ledger_of(
    settings: Settings,
    profile: Profile,
    store: Store,
    now: datetime,
    despite_loss: bool = False,
    migrating: Migrating = Migrating.NEVER,
) -> tuple[Ledger, Profile]:
    """The installation's ledger, and the profile with its id.

    Raises Invalid where the ledger is missing, empty, damaged, another installation's, knows versions that the
    rules have no more, or has an earlier schema that may not be brought up to date now; NewerLedger. Nothing is made,
    and nothing of another installation's is touched.
    """
    with told_by(settings):
        ledger = Ledger(settings.database_url)
        try:
            with ledger.reading() as connection:
                check_ours(connection, settings, profile, store.history)
                if not despite_loss:
                    refuse_loss(lost(connection, store.history))
                is_behind = not is_current(connection)
            if is_behind:
                _migrate(ledger, migrating)
            with ledger.reading() as connection:
                own = identity_of(connection)
            if own is None or profile.id is None:
                store.storage.mend()
                profile = _introduce(ledger, settings, own, now)
        except BaseException:
            ledger.close()
            raise
    return ledger, profile


def _migrate(ledger: Ledger, migrating: Migrating) -> None:
    if migrating is Migrating.NEVER:
        raise refuse(
            "ledger_behind",
            "",
            "Le registre a le schéma d’un Houblon plus ancien : arrêtez le serveur, puis « houblon migrate » le met à "
            "jour (« houblon upgrade-check » dit d’abord ce qui changera).",
            "The ledger has the schema of an earlier Houblon: stop the server, then `houblon migrate` brings it up to "
            "date (`houblon upgrade-check` says first what will change).",
        )
    # Connections of our own would be among those that are looked for.
    ledger.engine.dispose()
    if migrating is Migrating.ALONE and is_open_elsewhere(ledger.engine):
        raise refuse(
            "ledger_in_use",
            "",
            "Le registre a le schéma d’un Houblon plus ancien, et un autre processus l’a ouvert : arrêtez-le d’abord, "
            "ou ajoutez --while-running.",
            "The ledger has the schema of an earlier Houblon, and another process has it open: stop that first, or add "
            "--while-running.",
        )
    ledger.write(upgrade)


@contextmanager
def looking_into(settings: Settings, profile: Profile, rules: Rules) -> Iterator[Connection]:
    """The installation's own ledger to read, whatever its schema; nothing is brought up to date. Raises Invalid."""
    with told_by(settings), closing(Ledger(settings.database_url)) as ledger, ledger.reading() as connection:
        check_ours(connection, settings, profile, rules)
        yield connection


def check_ours(connection: Connection, settings: Settings, profile: Profile, rules: Rules) -> None:
    """Whether the ledger is this installation's. Raises Invalid, NewerLedger."""
    revision = revision_of(connection)
    if revision is None:
        raise _refuse_ledger(settings, "ledger_empty", "est vide", "is empty")
    if not is_known(revision):
        raise NewerLedger(f"the ledger has the schema {revision} of a newer Houblon: run that one, or newer")
    own = identity_of(connection)
    if own is not None and own == profile.id:
        return
    if own is not None and profile.id is not None:
        raise _refuse_ledger(settings, "ledger_other", *_OTHER)
    if not (is_in_use(connection) and _agrees(connection, rules, bool(own or profile.id))):
        raise _refuse_ledger(settings, "ledger_other", *_OTHER)


def _agrees(connection: Connection, rules: Rules, is_half_known: bool) -> bool:
    """Whether the ledger has seen these very rules grow: published to the microsecond when they say."""
    seen = {(each.number, each.hash, each.published_at) for each in known_versions(connection) if each.published_at}
    there = {(version.number, version.hash, version.published_at) for version in rules().versions}
    if not seen:
        # The first schemas had no log of versions. Where one side has an id already, it must be shown.
        return not is_half_known
    return bool(seen & there)


def lost(connection: Connection, rules: Rules) -> tuple[Known, ...]:
    """The versions that the ledger knows and the rules have no more, but those that somebody gave up.

    The rules are read after the ledger: versions are only added, so one of a server that runs meanwhile is in both.
    """
    known, history = known_versions(connection), rules()
    there = [(each.number, each.hash) for each in history.versions]
    there += [(each.number, each.hash) for each in history.lost]
    return missing(known, there)


def refuse_loss(versions: tuple[Known, ...]) -> None:
    """Raises Invalid where there are any: what is lost is named, and how it comes back or is given up."""
    if not versions:
        return
    fr, en = ", ".join(map(_named_fr, versions)), ", ".join(map(_named_en, versions))
    raise refuse(
        "rules_lost",
        "/versions",
        f"Le registre connaît des versions que rules.json n’a plus : {fr}. Ramenez-les d’une sauvegarde "
        "(« houblon restore SAUVEGARDE --replace »), ou renoncez-y par « houblon restore --accept-loss » : "
        "leurs numéros ne serviront plus.",
        f"The ledger knows versions that rules.json has no more: {en}. Bring them back from a backup "
        "(`houblon restore BACKUP --replace`), or give them up with `houblon restore --accept-loss`: "
        "their numbers are not used again.",
    )


def refuse_damage(settings: Settings, faults: Sequence[str]) -> None:
    """Raises Invalid where there are any, with what the database says of itself."""
    if faults:
        raise _refuse_ledger(settings, "ledger_damaged", f"est endommagé ({faults[0]})", f"is damaged ({faults[0]})")


def _named_fr(each: Known) -> str:
    return f"version {each.number}" + (f" publiée le {_instant(each.published_at)}" if each.published_at else "")


def _named_en(each: Known) -> str:
    return f"version {each.number}" + (f" published at {_instant(each.published_at)}" if each.published_at else "")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _introduce(ledger: Ledger, settings: Settings, own: str | None, now: datetime) -> Profile:
    """Give ledger and profile one id: the one that either has, or a new one."""

    def named(profile: Profile) -> Profile:
        id = own or profile.id or secrets.token_hex(16)
        return msgspec.structs.replace(profile, id=ledger.write(lambda connection: claim(connection, id, now)))

    return change_profile(settings.data, named)[1]


@contextmanager
def told_by(settings: Settings) -> Iterator[None]:
    """What the database refuses, as a sentence that says where it is and what to do. Raises Invalid."""
    try:
        yield
    except LedgerMissing:
        raise _refuse_ledger(settings, "ledger_missing", "manque", "is missing") from None
    except OperationalError as fault:
        cause = cause_of(fault)
        if cause is not None and cause.code != "ledger_closed":
            raise refuse(cause.code, "", cause.text.fr, cause.text.en) from None
        where, what = address_of(settings), _first_line(fault)
        raise refuse(
            "ledger_closed",
            "",
            f"Le registre {where} ne s’ouvre pas ({what}). Remédiez à ce que dit la base, ou donnez la bonne par "
            "HOUBLON_DATABASE_URL, puis recommencez.",
            f"The ledger {where} can't be opened ({what}). Mend what the database says, or name the right one in "
            "HOUBLON_DATABASE_URL, then try again.",
        ) from None
    except (DatabaseError, InternalError) as fault:
        # These two themselves: what is beneath the first is told of a statement, not of the database.
        if type(fault) not in (DatabaseError, InternalError):
            raise
        said_of_it = f"est endommagé ({_first_line(fault)})", f"is damaged ({_first_line(fault)})"
        raise _refuse_ledger(settings, "ledger_damaged", *said_of_it) from None


def _first_line(fault: DBAPIError) -> str:
    return str(fault.orig).partition("\n")[0]


_OTHER = ("n’est pas celui de cette installation", "is not this installation's")


def _refuse_ledger(settings: Settings, code: str, fr: str, en: str) -> Invalid:
    where = address_of(settings)
    return refuse(
        code,
        "",
        f"Le registre {where} {fr}. Si celui de cette installation est ailleurs, "
        "HOUBLON_DATABASE_URL le dit; s’il est perdu, « houblon restore SAUVEGARDE --replace » le ramène.",
        f"The ledger {where} {en}. If this installation's is elsewhere, "
        "set HOUBLON_DATABASE_URL; if it is lost, `houblon restore BACKUP --replace` brings it back.",
    )


def address_of(settings: Settings) -> str:
    """Where the ledger is, without its password."""
    url = make_url(settings.database_url)
    return str(url.database) if settings.is_embedded else url.set(query={}).render_as_string(hide_password=True)
