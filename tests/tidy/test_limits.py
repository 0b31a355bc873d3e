"""The table of limits in docs/formats.md says what the code says."""

import re
from importlib import import_module
from pathlib import Path

from houblon.orders.intake import decode
from houblon.web.limits import sizes

ROOT = Path(__file__).resolve().parents[2]
SECTION = (ROOT / "docs" / "formats.md").read_text().partition("\n## Limits\n")[2].partition("\n## ")[0]
TOLD = {
    name: int(most.replace(",", ""))
    for most, name in re.findall(r"^\| .+ \| ([\d,]+) \| `([A-Za-z_.]+)` \|$", SECTION, re.M)
}


def in_code(name):
    """The number of `web.limits.sizes.BODY`, or of a member: `orders.intake.decode.LENGTHS.note`."""
    parts = name.split(".")
    last = next(place for place, part in enumerate(parts) if part.isupper())
    found = getattr(import_module(".".join(("houblon", *parts[:last]))), parts[last])
    return found[parts[last + 1]] if len(parts) > last + 1 else found


def test_each_number_of_the_table_is_the_code_s():
    assert len(TOLD) > 40
    assert {name: in_code(name) for name in TOLD} == TOLD


def test_each_limit_on_callers_and_on_orders_is_in_the_table():
    inner = {
        "SHORT_BODY",
        "ANSWER_IN_MEMORY",
        "FILES",
        "MAX_BODY",
        "MAX_BYTES",
    }  # what the server makes of them is nobody else's matter
    of_callers = {name for name, value in vars(sizes).items() if name.isupper() and isinstance(value, int)} - inner
    of_orders = {
        f"{table}.{member}"
        for table in ("LENGTHS", "BUYER_LENGTHS", "LINE_LENGTHS")
        for member in getattr(decode, table)
    }
    expected = {f"web.limits.sizes.{name}" for name in of_callers}
    expected |= {f"orders.intake.decode.{name}" for name in of_orders}
    assert expected - set(TOLD) == set()
