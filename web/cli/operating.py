"""`houblon serve`, `settings`, `upgrade-check`: how an installation is run, and what a new version would do to it."""

import os
from pathlib import Path

import click

from houblon.web.cli.rehearsal import rehearse
from houblon.web.cli.shell import (
    data_option,
    json_option,
    print_result,
    settings_of,
    speaks_problems,
    tell_unknown,
    while_running_option,
)
from houblon.web.foundation.composition import utc_now
from houblon.web.foundation.setting_table import TABLE
from houblon.web.foundation.settings import Settings, unknown_names


def _table() -> str:
    """The settings, for `--help`: a name, then what it is about and what holds unless it is set."""
    lines = ["\b", "Settings of the environment (HOUBLON_X_FILE names a file that holds HOUBLON_X):"]
    for each in TABLE:
        lines.append(f"  {each.name}{' (secret)' if each.is_secret else ''}")
        lines.append(f"      {each.about}: {each.takes}; unless set, {each.unless_set}")
    return "\n".join(lines).replace("`", "")


@click.command(epilog=_table())
@data_option
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on: a name or a number.")
@click.option("--port", default=8000, show_default=True, help="From 0 (any that is free) to 65535.")
@while_running_option
@speaks_problems
def serve(data: Path | None, host: str, port: int, while_running: bool) -> None:
    """Serve the pages and the doors. Options go before the settings of the environment."""
    from houblon.web.app.serve import serve as run

    try:
        run(Settings.from_env(os.environ, data), host, port, while_running)
    except Exception:
        # What the log would have said, had it begun: a misspelt name may be why.
        tell_unknown()
        raise


@click.command()
@data_option
@json_option
@speaks_problems
def settings(data: Path | None, as_json: bool) -> None:
    """Print the settings in force, and where each comes from; passwords are hidden."""
    found = settings_of(data)
    document = {
        "settings": [
            {
                "name": each.setting.name,
                "value": each.shown,
                "from": each.origin,
                "secret": each.setting.is_secret,
                "takes": each.setting.takes.replace("`", ""),
            }
            for each in found.in_force
        ],
        "unknown": [{"name": name, "meant": near} for name, near in unknown_names(os.environ)],
    }
    width = max(len(each.setting.name) for each in found.in_force)
    lines = [f"{each.setting.name:{width}}  {each.shown}  ({each.origin})" for each in found.in_force]
    print_result(document, as_json, "\n".join(lines))


@click.command("upgrade-check")
@data_option
@json_option
@speaks_problems
def upgrade_check(data: Path | None, as_json: bool) -> None:
    """Say what this Houblon's migrations would do to the ledger, on a copy of it; nothing is changed.

    Run it from the new version while the old one serves: `NEW/bin/houblon upgrade-check --data DIR`.
    """
    found = rehearse(settings_of(data), utc_now())
    lines = [f"The ledger is at revision {found.at}; this Houblon's is {found.to}."]
    if not found.steps:
        lines.append("There is nothing to do.")
    lines += [f"  {each.revision}  {each.about}" for each in found.steps]
    lines += [f"  {each}" for each in found.changes]
    if found.seconds is not None:
        lines.append(f"Tried on a copy of {found.size:,} bytes: {found.seconds:.1f} s, and it is sound.")
    elif found.steps:
        lines.append("On PostgreSQL nothing was tried: restore a dump into another database, and migrate that.")
    if found.steps and found.is_in_use:
        lines.append("Another process has the ledger open: stop it before `houblon migrate` or `serve`.")
    if found.steps:
        lines.append("There is no way down: make a backup first.")
    print_result(found.document(), as_json, "\n".join(lines))
