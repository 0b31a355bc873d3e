"""`houblon secret rotate`: a new key after a leak."""

from pathlib import Path

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.copies.rotation import rotate as rotate_secret


@click.group()
def secret() -> None:
    """The installation's secret, which signs sessions and links."""


@secret.command()
@data_option
@json_option
@speaks_problems
def rotate(data: Path | None, as_json: bool) -> None:
    """Make a new secret; stop the server first.

    Sessions, invitations and links to choose a password end. Passwords and second factors stay good, and so do the
    links of invoices that were issued before: the old secret is kept for these alone.
    """
    with opened(data) as house:
        try:
            ended = rotate_secret(house)
        except OSError as fault:
            raise refuse(
                "disk", "", f"La clé n’a pas pu s’écrire : {fault}", f"The secret could not be written: {fault}"
            ) from fault
    lines = [f"The secret is a new one. {ended.sessions} sessions are ended: everybody signs in again."]
    if ended.invitations:
        lines.append(f"{ended.invitations} invitations are void: send them again from /acces.")
    if ended.mails:
        lines.append(f"{ended.mails} mails with a void link do not leave any more.")
    print_result(msgspec.to_builtins(ended), as_json, "\n".join(lines))
