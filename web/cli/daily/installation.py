"""`houblon installation` and `follow-delivery`: who invoices, the clocks and the money."""

from functools import partial
from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import Invalid, Problem, Text
from houblon.rules.model.entry import Entry
from houblon.web.access.audit import CLI, audited_profile, by
from houblon.web.admin.accounts import FIELDS
from houblon.web.admin.profile import consequences, differing, read_form, typed_of
from houblon.web.cli.shell import data_option, is_at_terminal, json_option, opened, print_result, speaks_problems
from houblon.web.foundation.composition import House
from houblon.web.foundation.data_folder import Profile
from houblon.web.foundation.stale import check_seen, tag_of

_TEXTS = {
    "name": "The seller's name.",
    "address": "The seller's address; lines apart.",
    "email": "The seller's mail address.",
    "gst_number": "Such as 123456789 RT0001.",
    "qst_number": "Such as 1234567890 TQ0001.",
    "prefix": "What invoice numbers begin with.",
    "timezone": "Such as America/Toronto.",
    "currency": "A code of three letters.",
    "province": "The province taken where an order says none; empty: such orders wait.",
    "receivables": "Who knows what retailers owe: houblon, or the source of each order.",
    "french": "What buyers in Québec who read English get: both languages, French only, or the buyer's (both, only, buyer).",
    "invoice_link_months": "For how many months a buyer's link opens a paid invoice.",
    **{name: f"The journal's account: {label.en}." for name, label in FIELDS.items()},
}


@click.group()
def installation() -> None:
    """Who invoices, the clocks and the money."""


@installation.command("show")
@data_option
@json_option
@speaks_problems
def show(data: Path | None, as_json: bool) -> None:
    """What the page « Installation » shows."""
    with opened(data) as house:
        document = _document(house.profile)
    print_result(document, as_json, "\n".join(f"{name}: {_shown(value)}" for name, value in document.items()))


def _options(command: Any) -> Any:
    for name, about in reversed(_TEXTS.items()):
        command = click.option(f"--{name.replace('_', '-')}", name, help=about)(command)
    return command


@installation.command("set")
@data_option
@json_option
@_options
@click.option("--two-factor", type=click.Choice(["yes", "no"]), help="Whether everybody needs a second factor.")
@click.option("--yes", is_flag=True, help="Do not ask: what follows from the change is agreed to.")
@speaks_problems
def set_(data: Path | None, as_json: bool, two_factor: str | None, yes: bool, **said: str | None) -> None:
    """Change what is named; the rest stays. What can't simply be undone is told first, and asks for --yes."""
    with opened(data) as house:
        before, after = _changed(house, said, two_factor)
        if not yes:
            _confirm(consequences(before, after, house.store.history()))
        acting = by(house, CLI)

        def change(now: Profile) -> Profile:
            check_seen(tag_of(before), tag_of(now))
            return after

        def entry_of(before: Profile, after: Profile) -> Entry:
            return acting.entry("installation.changed", "installation", *differing(before, after))

        audited_profile(house, change, entry_of)
    changed = differing(before, after)[1]
    print_result(_document(after), as_json, f"Changed: {', '.join(changed)}." if changed else "Nothing changed.")


def _changed(house: House, said: dict[str, str | None], two_factor: str | None) -> tuple[Profile, Profile]:
    """The profile as it is and as it is asked to be. Raises Invalid."""
    before = house.profile
    texts, flags = typed_of(before)
    texts |= {name: value for name, value in said.items() if value is not None}
    if two_factor is not None:
        flags["two_factor"] = two_factor == "yes"
    after, faults = read_form(texts | flags, before)
    faults.raise_if_any()
    return before, after


def _confirm(found: list[Text]) -> None:
    """Ask whoever is at a terminal. Raises Invalid where nobody is, with what would follow."""
    if not found:
        return
    if not is_at_terminal():
        raise Invalid(
            Problem("confirm", "", Text(f"{each.fr} Ajoutez --yes.", f"{each.en} Add --yes.")) for each in found
        )
    click.echo("\n".join(each.en for each in found), err=True)
    click.confirm("Change it?", abort=True, err=True)


def _document(profile: Profile) -> dict[str, Any]:
    texts, flags = typed_of(profile)
    return {**texts, **flags}


def _shown(value: Any) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value).replace("\n", ", ") or "-"


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
