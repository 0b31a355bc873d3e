"""`houblon prove` and `houblon compare`: what a policy can never do, asked of every possible order; nothing is recorded."""

import json
import sys
from pathlib import Path

import click

from houblon.engine.proofs.questions import BROKEN
from houblon.rules.checks.guardrails import GuardrailProof
from houblon.web.cli.shell import data_option, json_option, opened, print_result, speaks_problems
from houblon.web.drafts.proofs import comparison_asked, comparison_document, proofs_asked, proofs_document


@click.command()
@data_option
@json_option
@click.option("--version", "number", type=click.IntRange(min=1), help="The guardrails of this version.")
@click.option("--proposal", help="As if this proposal were published.")
@speaks_problems
def prove(data: Path | None, number: int | None, proposal: str | None, as_json: bool) -> None:
    """Prove every guardrail for every possible order; exit status 1 where one is broken.

    What is in force is asked about unless a version or a proposal is named. A guardrail that nobody can tell about is
    `unknown`, which proves nothing.
    """
    with opened(data) as house:
        content, found = proofs_asked(house, number, proposal)
        document = proofs_document(content, found)
    text = "\n".join(map(_line, found)) or "no guardrails"
    print_result(document, as_json, text)
    if any(each.proof.result == BROKEN for each in found):
        sys.exit(1)


def _line(found: GuardrailProof) -> str:
    proof = found.proof
    shown = "" if proof.order is None else "\n    " + json.dumps(proof.order, ensure_ascii=False)
    return f"{proof.result:8} {found.guardrail} ({' > '.join(found.chain)}): {proof.because.en}{shown}"


@click.command()
@data_option
@json_option
@click.argument("before")
@click.argument("after")
@speaks_problems
def compare(data: Path | None, before: str, after: str, as_json: bool) -> None:
    """What AFTER does to every possible order that BEFORE did not: each a version's number or a proposal's id.

    For each chain of a real buyer and each group alone: equal, stricter, looser or mixed, and the regions in which
    they differ, each with an order.
    """
    with opened(data) as house:
        found = comparison_asked(house, before, after)
    lines = []
    for each in found:
        lines.append(f"{each.difference.verdict:8} {' > '.join(each.chain)}")
        lines += [f"    {region.sentence.en}" for region in each.difference.regions]
    print_result(comparison_document(found), as_json, "\n".join(lines))
