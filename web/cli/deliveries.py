"""`houblon follow-delivery`: whether due dates follow a delivery that is rescheduled."""

from functools import partial
from pathlib import Path

import click
import msgspec

from houblon.rules.model.entry import Entry
from houblon.web.access.audit import CLI, audited_profile, by
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.data_folder import Profile


@click.command("follow-delivery")
@data_option
@json_option
@click.argument("answer", type=click.Choice(["yes", "no"]))
@speaks_problems
def follow_delivery(data: Path | None, answer: str, as_json: bool) -> None:
    """Say whether the due date follows when an order's delivery is rescheduled."""
    with opened(data) as house:
        follows = answer == "yes"
        change = partial(msgspec.structs.replace, follow_delivery=follows)
        acting = by(house, CLI)

        def entry_of(before: Profile, after: Profile) -> Entry:
            sides = before.follow_delivery, after.follow_delivery
            return acting.entry("installation.follow_delivery", "follow_delivery", *sides)

        audited_profile(house, change, entry_of)
    print_result(
        {"follow_delivery": follows}, as_json, "Due dates follow deliveries." if follows else "Due dates stay."
    )
