"""`houblon retailer export`, `retailer erase` and `prune`: personal data from a shell."""

from pathlib import Path

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.orders.privacy.erase import Erased
from houblon.web.access.audit import CLI, SHELL
from houblon.web.cli.shell import (
    data_option,
    is_at_terminal,
    json_option,
    opened,
    print_result,
    retailer_argument,
    speaks_problems,
)
from houblon.web.foundation.composition import House
from houblon.web.foundation.stale import Outdated, tag_of
from houblon.web.privacy import keeping


@click.group()
def retailer() -> None:
    """Who buys: their cards and groups, and all that is kept of one."""


@retailer.command()
@data_option
@json_option
@retailer_argument
@speaks_problems
def export(data: Path | None, id: str, as_json: bool) -> None:
    """Print everything that is kept of a retailer, as JSON that they could be given."""
    with opened(data) as house:
        document = keeping.export(house, id, CLI, SHELL)
    click.echo(msgspec.json.format(msgspec.json.encode(document), indent=2).decode())


@retailer.command()
@data_option
@json_option
@retailer_argument
@click.option("--contact-only", is_flag=True, help="Before taxes allow more: the card and the messages.")
@click.option("--preview", is_flag=True, help="Change nothing; say what there is, and when it may go.")
@click.option("--yes", is_flag=True, help="At a terminal, do not ask: what is erased does not come back.")
@speaks_problems
def erase(data: Path | None, id: str, contact_only: bool, preview: bool, yes: bool, as_json: bool) -> None:
    """Replace a retailer's name, addresses and words, once the years that taxes ask for are over."""
    with opened(data) as house:
        found = keeping.preview(house, id)
        lines = [
            f"{id}: {found.orders} orders, {found.invoices} invoices, {found.messages} messages, {found.groups} "
            f"groups, {found.audited} entries of the audit log, {found.refused} refused calls."
        ]
        if found.kept_until is not None:
            lines.append(f"Taxes ask for orders and invoices until {found.kept_until}.")
        if preview:
            print_result(msgspec.to_builtins(found), as_json, "\n".join(lines))
            return
        seen = None
        if not yes and is_at_terminal():
            click.echo("\n".join(lines), err=True)
            click.confirm("Erase it? Nothing brings it back.", abort=True, err=True)
            seen = tag_of(found)
        erased = _erased(house, id, contact_only, seen)
    document = {"erased": erased.counts, "kept": [msgspec.to_builtins(each) for each in erased.kept]}
    done = ", ".join(f"{count} {kind}" for kind, count in erased.counts.items() if count) or "nothing"
    print_result(document, as_json, "\n".join([f"Erased: {done}.", "Kept:", *(f"- {each.en}" for each in erased.kept)]))


def _erased(house: House, id: str, contact_only: bool, seen: str | None) -> Erased:
    """Erase what was shown and agreed to. Raises Invalid, where there is something else by now too."""
    try:
        return keeping.erase(house, id, CLI, SHELL, contact_only, seen)
    except Outdated:
        raise refuse(
            "changed",
            "/id",
            "Ce qu’il y a de ce détaillant a changé depuis que vous l’avez vu : rien n’est effacé, recommencez.",
            "What there is of this retailer changed since you saw it: nothing is erased, begin again.",
        ) from None


@click.command()
@data_option
@json_option
@click.option("--preview", is_flag=True, help="Change nothing; say how many would go.")
@speaks_problems
def prune(data: Path | None, preview: bool, as_json: bool) -> None:
    """Remove what is older than the settings keep it; the server does so by itself, every hour."""
    with opened(data) as house:
        pruned = keeping.prune(house, only_ask=preview)
    removed = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in pruned.counts.items() if count)
    verb = "Would remove" if preview else "Removed"
    print_result(pruned.counts, as_json, f"{verb}: {removed}." if removed else "Nothing is old enough to go.")
