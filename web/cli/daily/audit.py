"""`houblon audit`: the audit log looked through; `houblon check` verifies its chain."""

from pathlib import Path
from typing import Any

import click

from houblon.engine.core.problem import Invalid
from houblon.orders.records.audit_search import Search, search
from houblon.rules.model.entry import Entry
from houblon.web.api.bodies import read_moment
from houblon.web.cli.shell import check_stretch, data_option, json_option, opened, print_result, speaks_problems


@click.group()
def audit() -> None:
    """Who did what."""


@audit.command("list")
@data_option
@json_option
@click.option("--who", default="", help="Acts of this person, key or command.")
@click.option("--act", default="", help="Acts of this kind, such as key.revoked.")
@click.option("--subject", default="", help="Acts on this.")
@click.option("--from", "since", help="From this instant on (ISO 8601 with a zone).")
@click.option("--to", "until", help="Before this instant.")
@click.option("--before", type=click.IntRange(min=1), help="Those before the entry of this key.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@speaks_problems
def list_(
    data: Path | None,
    who: str,
    act: str,
    subject: str,
    since: str | None,
    until: str | None,
    before: int | None,
    limit: int,
    as_json: bool,
) -> None:
    """Entries of the audit log, the newest first."""
    asked = Search(who, act, subject, _moment(since, "/from"), _moment(until, "/to"))
    check_stretch(asked.since, asked.until)
    with opened(data) as house, house.services.ledger.reading() as connection:
        rows = search(connection, asked, before, limit)
        found = [{"key": row.key, **{name: getattr(row, name) for name in Entry.__struct_fields__}} for row in rows]
    lines = [f"{each['key']:>7}  {each['at']}  {each['who']}  {each['act']}  {each['subject']}" for each in found]
    print_result({"entries": found}, as_json, "\n".join(lines) or "no entries")


def _moment(text: str | None, pointer: str) -> Any:
    try:
        return None if text is None else read_moment(text)
    except Invalid as invalid:
        raise Invalid(each.under(pointer) for each in invalid.problems) from None
