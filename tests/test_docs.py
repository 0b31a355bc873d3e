"""The code in the documentation runs."""

import json
import re
from pathlib import Path

from engine.order import order_of
from rules.schema import read_group

DOCS = Path(__file__).resolve().parents[1] / "docs"


def blocks(page, language):
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.S)


def test_the_engines_page_runs_as_one_program():
    found = blocks("engine.md", "python")
    assert len(found) >= 3
    exec(compile("\n".join(found), "docs/engine.md", "exec"), {})


def test_the_formats_shown_are_the_formats_read():
    order, group = (json.loads(block) for block in blocks("formats.md", "json")[:2])
    assert order_of(order).lines[0].quantity == 24
    assert read_group(group)["settings"]["acceptance.minimum_items"] is None
