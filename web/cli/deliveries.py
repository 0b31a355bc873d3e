"""`houblon follow-delivery`: whether due dates follow a delivery that is planned anew."""

from functools import partial
from pathlib import Path

import click
import msgspec

from houblon.web.access.audit import note
from houblon.web.cli.rules import AUTHOR
from houblon.web.cli.shell import data_option, json_option, opened, say, speaks_problems
from houblon.web.foundation.data_folder import change_profile


@click.command("follow-delivery")
@data_option
@json_option
@click.argument("answer", type=click.Choice(["yes", "no"]))
@speaks_problems
def follow_delivery(data: Path | None, answer: str, as_json: bool) -> None:
    """Say whether the due date follows when an order's delivery is planned anew."""
    with opened(data) as house:
        follows = answer == "yes"
        change = partial(msgspec.structs.replace, follow_delivery=follows)
        before, _ = change_profile(house.settings.data, change)
        note(house, AUTHOR, "installation.follow_delivery", "follow_delivery", before.follow_delivery, follows)
    say({"follow_delivery": follows}, as_json, "Due dates follow deliveries." if follows else "Due dates stay.")
