"""`houblon proposal rename · take-out · settle`: what a draft is called and says, and what it says against others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from houblon.engine.core.problem import refuse
from houblon.rules.model.moves import MEMBERSHIP
from houblon.rules.model.statements import ABSENT, Statement, pointer_of, statements_of
from houblon.rules.publishing import proposals
from houblon.rules.publishing.drafts import BOTH, MINE, THEIRS, resolve, revise
from houblon.rules.store.documents import EntryOf
from houblon.web.access.audit import CLI
from houblon.web.cli.daily.proposals import Place, act_on, id_argument, places_of, proposal, rebased_of
from houblon.web.cli.shell import data_option, json_option, speaks_problems
from houblon.web.foundation.composition import House

__all__ = ["proposal"]

_SIDES = (MINE, THEIRS, BOTH)


@proposal.command("rename")
@data_option
@json_option
@id_argument
@click.argument("name")
@click.option("--description", help="What it is for; stays as it is, if not said.")
@speaks_problems
def rename(data: Path | None, id: str, name: str, description: str | None, as_json: bool) -> None:
    """Call a proposal NAME; its id stays."""

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        said = house.store.history().proposal(id).description if description is None else description
        return proposals.rename(house.store, id, name, said, at=house.now(), seen=seen, entry_of=entry_of)

    act_on(data, id, "renamed", work, as_json)


@proposal.command("take-out")
@data_option
@json_option
@id_argument
@click.argument("pointer")
@speaks_problems
def take_out(data: Path | None, id: str, pointer: str, as_json: bool) -> None:
    """Let what POINTER names (`proposal show` tells it) be as it is in force, or a retailer where they are."""

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        history = house.store.history()
        kind, document, path = _place(places_of(house, history.proposal(id)), pointer)
        now = None if kind == MEMBERSHIP else history.content(history.number).document(kind, document)
        value: Any = ABSENT if now is None else now if path == "" else statements_of(kind, now).get(path, ABSENT)
        said = [Statement(kind, document, path, value)]
        return revise(house.store, id, said, by=CLI, at=house.now(), seen=seen, entry_of=entry_of)

    act_on(data, id, "revised", work, as_json)


@proposal.command("settle")
@data_option
@json_option
@id_argument
@click.option("--choose", "chosen", multiple=True, help="POINTER=mine, =theirs or =both; may be repeated.")
@click.option("--all", "every", type=click.Choice([MINE, THEIRS]), help="The side of every other clash.")
@speaks_problems
def settle(data: Path | None, id: str, chosen: tuple[str, ...], every: str | None, as_json: bool) -> None:
    """Choose a side of every statement that clashes with what was published meanwhile; `proposal show` tells them."""
    said = _sides(chosen)

    def work(house: House, id: str, seen: int, entry_of: EntryOf) -> Any:
        conflicts = rebased_of(house, house.store.history().proposal(id)).conflicts
        clashing = {pointer_of(each.kind, each.id, each.path): (each.kind, each.id, each.path) for each in conflicts}
        choices = dict.fromkeys(clashing.values(), every) if every else {}
        choices |= {_place(clashing, pointer): side for pointer, side in said.items()}
        kept = house.check_context.memberships
        return resolve(house.store, id, choices, by=CLI, at=house.now(), seen=seen, kept=kept, entry_of=entry_of)

    act_on(data, id, "settled", work, as_json)


def _place(places: Mapping[str, Place], pointer: str) -> Place:
    if pointer not in places:
        raise refuse(
            "unknown_statement",
            "/pointer",
            f"Ce brouillon n’a rien à {pointer}.",
            f"This proposal has nothing at {pointer}.",
        )
    return places[pointer]


def _sides(chosen: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for each in chosen:
        pointer, _, side = each.rpartition("=")
        if not pointer or side not in _SIDES:
            raise click.UsageError("--choose POINTER=mine, =theirs or =both")
        found[pointer] = side
    return found
