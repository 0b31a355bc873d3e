"""Sentences as they are printed."""

import pytest

from houblon.web.foundation.format import typeset


@pytest.mark.parametrize(
    "said, printed",
    [
        ("A person accepts this group's orders.", "A person accepts this group’s orders."),
        ("It can't be; they're late, I'll see.", "It can’t be; they’re late, I’ll see."),
        ("the key 'tous' and O'Brien", "the key 'tous' and O'Brien"),
    ],
)
def test_english_is_printed_with_its_apostrophes(said, printed):
    assert typeset(said, "en") == printed
