"""Whatever several people do, every decision is the one that a model in dictionaries gives, and nothing falls unsaid."""

import tempfile
from pathlib import Path

import pytest

from houblon.orders.db.ledger import make_ledger
from tests.orders.retailers.histories import play


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "empty.db"
    make_ledger(f"sqlite:///{path}").close()
    return path


@pytest.mark.parametrize("first", range(0, 200, 20))
def test_decisions_after_any_history_are_those_of_the_model(empty, first):
    for seed in range(first, first + 20):
        with tempfile.TemporaryDirectory() as folder:
            play(Path(folder), empty, seed, acts=7)
