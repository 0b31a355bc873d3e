"""`houblon import · export · check · approval`: rules in and out of an installation, from a shell."""

import sys
from pathlib import Path
from typing import Any

import click
import msgspec

from houblon.engine.core.problem import refuse
from houblon.engine.core.strict_json import read_json
from houblon.engine.policy.lowering import rule_list
from houblon.engine.policy.policy import BASE
from houblon.orders.retailers.bundle_names import led
from houblon.rules.exchange.bundle import Bundle, export_bundle, export_group, written
from houblon.rules.exchange.rule_list import read_import
from houblon.rules.model.content import Content
from houblon.rules.model.entry import Entry
from houblon.rules.model.inherit import resolve
from houblon.rules.model.moves import merge_moves
from houblon.rules.publishing.drafts import begin, moving
from houblon.rules.publishing.publish import publish
from houblon.rules.publishing.timeline import lacking_approval
from houblon.web.access.audit import CLI, SHELL, audited_profile, by, copy_entries, proposal_entry
from houblon.web.cli.check import Report, check_installation
from houblon.web.cli.shell import data_option, fail, json_option, opened, print_result, speaks_problems
from houblon.web.drafts.post_publication import settle
from houblon.web.foundation.composition import House
from houblon.web.foundation.data_folder import Profile
from houblon.web.telemetry.upkeep import note_upkeep


@click.command(name="import")
@data_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--publish", "publish_now", is_flag=True, help="Publish it at once, where nobody has to approve.")
@click.option("--group", help="The group that a plain business-rules rule list is added to.")
@speaks_problems
def import_(data: Path | None, file: Path, publish_now: bool, group: str | None, as_json: bool) -> None:
    """Make a proposal of a bundle: what it names is added or replaced, the rest stays."""
    document = read_json(file.read_bytes())
    with opened(data) as house:
        bundle = read_import(document, group, _newest(house), house.store.history().rule_ids_taken())
        bundle = led(house.services.ledger, bundle)
        if publish_now and not house.profile.approval:
            before = _newest(house).version.number
            version = _publish(house, bundle, file.name)
            said = "Published as version" if version != before else "Nothing to publish, all is so already in version"
            print_result({"version": version}, as_json, f"{said} {version}.")
            return
        with bundle.placing():
            proposal = begin(
                house.store,
                f"import {file.name}"[:80],
                by=CLI,
                at=house.now(),
                edits=bundle.edits,
                memberships=bundle.memberships,
                kept=house.check_context.memberships,
                entry_of=proposal_entry(
                    by(house, CLI), "proposal.begun", lambda made: {"file": file.name, "edits": len(made.edits)}
                ),
            )
        copy_entries(house)
    if publish_now:
        raise refuse(
            "approval_required",
            "",
            f"Une deuxième personne doit approuver : le lot est devenu le brouillon « {proposal.id} ».",
            f"A second person must approve: the bundle became the proposal “{proposal.id}”.",
        )
    text = (
        f"Kept as the proposal {proposal.id}: publish it from its page, or by `houblon proposal publish {proposal.id}`."
    )
    print_result({"proposal": proposal.id}, as_json, text)


def _publish(house: House, bundle: Bundle, name: str) -> int:
    """The version that the bundle made, the newest one when it changes nothing."""
    now, content = house.now(), _newest(house)
    version = content.version.number
    with bundle.placing():
        edits, check_context = moving(content, bundle.edits), house.check_context
        moves = merge_moves(bundle.memberships, {}, check_context.memberships).moves
        if edits or moves:
            version = publish(
                house.store,
                edits,
                author=CLI,
                note=f"import of {name}",
                at=now,
                base=version,
                check_context=check_context,
                memberships=bundle.memberships,
            ).number
    settle(house, SHELL)
    return version


@click.command()
@data_option
@json_option
@click.option("--group", help="This group alone.")
@click.option("--as-rules", is_flag=True, help="The group's resolved policy as a plain business-rules rule list.")
@speaks_problems
def export(data: Path | None, group: str | None, as_rules: bool, as_json: bool) -> None:
    """Print everything that people wrote as one bundle; or one group; or its policy as plain rules."""
    with opened(data) as house:
        content = _newest(house)
        if group is not None and group not in content.groups:
            raise refuse("unknown_group", "/group", "Ce groupe n’existe pas.", "There is no such group.")
        if as_rules:
            chain = (group, BASE) if group not in (None, BASE) else (BASE,)
            sys.stdout.buffer.write(written(rule_list(resolve(content, chain))))
        elif group is not None:
            sys.stdout.buffer.write(export_group(content.groups[group]))
        else:
            with house.services.ledger.reading() as connection:
                kept = house.everyone(connection)
            sys.stdout.buffer.write(export_bundle(content, kept))


@click.command()
@data_option
@json_option
@click.option("--audit-head", help="A head of the audit log that was noted earlier: it must still be there.")
@speaks_problems
def check(data: Path | None, audit_head: str | None, as_json: bool) -> None:
    """Verify the installation: schemas, hashes, audit log, decisions, invoices, compiled policies, scenarios."""
    with opened(data, to_check=True) as house:
        report = check_installation(house, audit_head)
        if not report.problems:
            note_upkeep(house.settings.data, check=house.now())
    print_result(_document(report), as_json, _lines(report))
    if report.problems:
        fail(report.problems)


def _document(report: Report) -> dict[str, Any]:
    return {
        "ok": not report.problems,
        "audit_head": report.audit_head,
        "checks": [
            {
                "name": each.name,
                "ok": not each.problems,
                "looked_at": each.looked_at,
                "errors": [problem.as_json() for problem in each.problems],
                "warnings": [problem.as_json() for problem in each.warnings],
            }
            for each in report.checks
        ],
    }


def _lines(report: Report) -> str:
    lines = [f"{'ok ' if not each.problems else 'NOT'}  {each.name:12} {each.looked_at:>8}" for each in report.checks]
    lines += [f"!    {each.message.en} {each.pointer}" for check in report.checks for each in check.warnings]
    return "\n".join([*lines, f"audit head   {report.audit_head}"])


@click.command()
@data_option
@json_option
@click.argument("who", type=click.Choice(["required", "none"]))
@speaks_problems
def approval(data: Path | None, who: str, as_json: bool) -> None:
    """Say whether a second person must approve a proposal before it is published."""
    with opened(data) as house:
        required = who == "required"
        acting = by(house, CLI)

        def entry_of(before: Profile, after: Profile) -> Entry:
            return acting.entry("installation.approval", "approval", before.approval, after.approval)

        audited_profile(house, lambda seen: msgspec.structs.replace(seen, approval=required), entry_of)
        held = lacking_approval(house.store.history()) if required else []
    lines = ["A second person must approve." if required else "Nobody has to approve."]
    lines += [f"Not approved, so held back at its moment: {each.name} ({each.effective_from})." for each in held]
    more = {"held_back": [each.id for each in held]} if held else {}
    print_result({"approval": required, **more}, as_json, "\n".join(lines))


def _newest(house: House) -> Content:
    return house.store.content(house.store.newest().number)
