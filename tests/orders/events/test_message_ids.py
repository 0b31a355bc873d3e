"""Ids of messages: the same for the same fact, in the order of moves."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from houblon.orders.events.message_ids import message_id, ordered_message_id

KEYS = st.integers(0, 2**48 - 1)


@given(KEYS, KEYS, st.text(), st.text())
def test_ids_of_moves_are_uuids_and_sort_as_the_moves_do(one, other, about, told):
    first, second = ordered_message_id(one, about), ordered_message_id(other, told)
    assert str(UUID(first)) == first and (UUID(first).version, UUID(first).variant) == (8, UUID(second).variant)
    if one != other:
        assert (first < second) == (one < other)
    assert (first == second) == ((one, about) == (other, told))


def test_a_message_has_one_id_for_ever():
    # What was sent under an id may come back with it years later.
    assert message_id("policy.published/v3") == "8dee53f1-ef7a-52f2-8a08-226a3ad64bdf"
    assert ordered_message_id(7, "1/7/invoice.issued/buyer") == "00000000-0007-808d-adbe-27d47e09f741"
