"""`houblon migrate`, `backup`, `restore`: what keeps an installation safe from one year to the next."""

import sqlite3
import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.db.migrate import newest_revision, revision_of
from houblon.orders.db.ownership import identity_of
from houblon.rules.store.documents import open_store
from houblon.web.cli.backup import LEDGER, STREAM, Manifest, back_up, restore_backup, stream_backup
from houblon.web.cli.mending import mend_rules
from houblon.web.cli.shell import (
    data_option,
    json_option,
    opened_by,
    print_result,
    settings_of,
    speaks_problems,
    while_running_option,
)
from houblon.web.copies.reviving import Revived, Wanted, revive, revive_file, sentences, series_known
from houblon.web.foundation.composition import utc_now
from houblon.web.foundation.data_folder import check_initialised, read_profile
from houblon.web.foundation.file_modes import put_right
from houblon.web.foundation.opening import Migrating, looking_into, open_ledger_of
from houblon.web.foundation.settings import Settings
from houblon.web.telemetry.upkeep import note_upkeep


@click.command()
@data_option
@json_option
@click.option("--check", "only_ask", is_flag=True, help="Change nothing; leave with 1 when the ledger is behind.")
@while_running_option
@speaks_problems
def migrate(data: Path | None, only_ask: bool, while_running: bool, as_json: bool) -> None:
    """Bring the ledger's schema to this Houblon's; `houblon serve` does so by itself when it starts."""
    settings, newest = settings_of(data), newest_revision()
    check_initialised(settings.data)
    profile, store = read_profile(settings.data), open_store(settings.data)
    with looking_into(settings, profile, store.history) as connection:
        before, own = revision_of(connection), identity_of(connection)
    is_behind = before != newest or own is None or profile.id is None
    if is_behind and not only_ask:
        migrating = Migrating.BESIDE_OTHERS if while_running else Migrating.ALONE
        open_ledger_of(settings, profile, store, utc_now(), migrating=migrating)[0].close()
        put_right(settings)
    document = {"from": before, "to": newest, "behind": is_behind, "upgraded": is_behind and not only_ask}
    if not is_behind:
        text = f"The ledger is at revision {before}: there is nothing to do."
    elif before == newest:
        text = "The ledger and its installation have no id in common yet: run `houblon migrate`."
        if not only_ask:
            text = f"The ledger is at revision {before}; it and its installation now know each other by an id."
    elif only_ask:
        text = f"The ledger is at revision {before}, this Houblon's is {newest}: run `houblon migrate`."
    else:
        text = f"The ledger went from revision {before} to {newest}."
    print_result(document, as_json, text)
    if is_behind and only_ask:
        sys.exit(1)


_scratch = click.option(
    "--scratch",
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    help="Where the ledger is copied meanwhile, instead of beside it: as much room as it takes.",
)


@click.command()
@data_option
@json_option
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@_scratch
@speaks_problems
def backup(data: Path | None, target: Path, scratch: Path | None, as_json: bool) -> None:
    """Copy the whole installation to FILE (a tar; FILE.gz is compressed) while it runs; `-` is a pipe.

    The file holds the installation's secrets: keep it as safe as the installation. Down a pipe goes a tar as it is,
    and what is told goes to stderr.
    """
    settings = settings_of(data)
    is_pipe = target == STREAM or (target.exists() and not target.is_file())
    try:
        manifest = _streamed(settings, target, scratch) if is_pipe else back_up(settings, target, utc_now(), scratch)
    except (OSError, sqlite3.Error) as fault:
        raise refuse(
            "disk", "", f"La sauvegarde n’a pas pu s’écrire : {fault}", f"The backup could not be written: {fault}"
        ) from fault
    note_upkeep(settings.data, backup=manifest.made_at)
    if manifest.ledger_revision is None:
        click.echo(
            "The ledger is on PostgreSQL and is not in this file: copy it with pg_dump. Run pg_dump first and this "
            "after it, so that every version that a decision names is in the rules copied here.",
            err=True,
        )
    text = f"Backed up {len(manifest.files)} files to {target}."
    print_result(_summary(manifest) | {"file": str(target)}, as_json, text, err=is_pipe)


def _streamed(settings: Settings, target: Path, scratch: Path | None) -> Manifest:
    if target != STREAM:  # a device or a pipe by its name, such as /dev/stdout
        with target.open("wb") as pipe:
            return stream_backup(settings, pipe, utc_now(), scratch)
    if sys.stdout.isatty():
        raise refuse(
            "terminal",
            "",
            "Une sauvegarde n’est pas pour un écran : dirigez-la vers un fichier ou un autre programme.",
            "A backup is not for a screen: send it to a file or another program.",
        )
    return stream_backup(settings, sys.stdout.buffer, utc_now(), scratch)


@click.command()
@data_option
@json_option
@click.argument(
    "source",
    metavar="[FILE]",
    required=False,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="The folder to make, instead of --data.")
@click.option("--replace", is_flag=True, help="Where the folder is not empty, keep what is there aside.")
@click.option("--accept-loss", is_flag=True, help="Without FILE: give up the versions that only the ledger knows.")
@click.option(
    "--next-number",
    "next_numbers",
    metavar="NUMBER",
    multiple=True,
    help="The next invoice has this number, such as F-2026-00048; for each series that must move on.",
)
@click.option(
    "--hold-messages/--send-messages",
    "hold",
    default=None,
    help="Hold what waited to leave, or let it leave; unless said, it is held where HOUBLON_BASE_URL is another one.",
)
@speaks_problems
def restore(
    data: Path | None,
    source: Path | None,
    into: Path | None,
    replace: bool,
    accept_loss: bool,
    next_numbers: tuple[str, ...],
    hold: bool | None,
    as_json: bool,
) -> None:
    """Make an installation of a backup FILE (`-` is a pipe); without one, mend a damaged rules file.

    Stop the server first. What a copy brings back to life is told: numbers that may be given out again, messages that
    may leave a second time. With --next-number or --hold-messages and without FILE, only that is done to the
    installation that is there, for one that was restored before or a ledger that pg_restore brought back.

    Without any of these, the last good state of the rules comes back, and what is damaged is kept aside. Where the
    ledger knows versions that are in no state that is left, they are named and nothing is done, unless --accept-loss
    gives them up; their numbers are not used again.
    """
    settings, wanted = settings_of(data), Wanted(next_numbers, hold)
    if source is not None and accept_loss:
        raise click.UsageError("--accept-loss is for the rules alone, without a FILE.")
    if source is not None:
        _restore_file(settings, source, into, replace, wanted, as_json)
    elif next_numbers or hold:
        _revive_here(settings, wanted, as_json)
    else:
        mended = mend_rules(settings, utc_now(), accept_loss)
        document = {"generation": mended.generation, "given_up": [each.number for each in mended.given_up]}
        print_result(document, as_json, "\n".join(mended.lines))


def _restore_file(
    settings: Settings, source: Path, into: Path | None, replace: bool, wanted: Wanted, as_json: bool
) -> None:
    folder, now = into or settings.data, utc_now()
    there = series_known(settings)
    revived: list[Revived] = []

    def finish(staged: Path, manifest: Manifest) -> None:
        if manifest.ledger_revision is None:
            return
        profile, elsewhere = read_profile(staged), manifest.base_url != settings.base_url
        known = there[1] if profile.id is not None and there[0] == profile.id else ()
        of = f"{manifest.made_at:%Y-%m-%dT%H:%M:%SZ}"
        revived.append(revive_file(staged / LEDGER, wanted, profile, now, of, elsewhere, known))

    try:
        archive = sys.stdin.buffer if source == STREAM else source
        manifest, aside = restore_backup(archive, folder, now, replace, finish)
    except OSError as fault:
        raise refuse(
            "disk", "", f"Le dossier n’a pas pu se faire : {fault}", f"The folder could not be made: {fault}"
        ) from fault
    lines = [f"Restored {len(manifest.files)} files to {folder}, as of {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC."]
    if aside is not None:
        lines.append(f"What was there is in {aside}.")
    lines += [line for each in revived for line in sentences(each)]
    if manifest.ledger_revision is None:
        lines.append(
            "Its ledger is on PostgreSQL: bring that back with pg_restore, then see what it brings back to life: "
            "`houblon restore --hold-messages`."
        )
    lines.append(f"Now run `houblon check --data {folder}`.")
    document = _summary(manifest) | {"data": str(folder), "kept_aside": aside and str(aside)}
    print_result(document | (revived[0].document() if revived else {}), as_json, "\n".join(lines))


def _revive_here(settings: Settings, wanted: Wanted, as_json: bool) -> None:
    with opened_by(settings) as house:
        now, profile = house.now(), house.profile
        of = f"{now:%Y-%m-%dT%H:%M:%SZ}"
        revived = house.services.ledger.write(lambda connection: revive(connection, wanted, profile, now, of))
    print_result(revived.document(), as_json, "\n".join(sentences(revived)))


def _summary(manifest: Manifest) -> dict[str, Any]:
    document: dict[str, Any] = msgspec.to_builtins(manifest)
    return document
