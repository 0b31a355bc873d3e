"""`houblon audit`: the audit log looked through; `houblon check` verifies its chain."""

from pathlib import Path

import click

from houblon.orders.records.audit_search import Search, search
from houblon.rules.model.entry import Entry
from houblon.web.cli.shell import (
    before_option,
    check_stretch,
    data_option,
    json_option,
    limit_option,
    moment,
    opened,
    print_result,
    speaks_problems,
)


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
@before_option("entry")
@limit_option
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
    asked = Search(who, act, subject, moment(since, "/from"), moment(until, "/to"))
    check_stretch(asked.since, asked.until)
    with opened(data) as house, house.services.ledger.reading() as connection:
        rows = search(connection, asked, before, limit)
        found = [{"key": row.key, **{name: getattr(row, name) for name in Entry.__struct_fields__}} for row in rows]
    lines = [f"{each['key']:>7}  {each['at']}  {each['who']}  {each['act']}  {each['subject']}" for each in found]
    print_result({"entries": found}, as_json, "\n".join(lines) or "no entries")
