"""`houblon follow-delivery`: whether due dates follow a delivery that is planned anew."""

from functools import partial
from pathlib import Path

import click
import msgspec

from web.acts import note
from web.cli_rules import AUTHOR
from web.installed import change_profile
from web.shell import data_option, json_option, opened, say, speaks_problems


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
