"""The compiled forms, the plain reading and business-rules agree on 20,000 policies and orders."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.oracle.comparison import compare


@settings(max_examples=500, deadline=None)
@given(st.integers(0, 2**32))
def test_everyone_gives_the_same_answer(seed):
    compare(seed, orders=40)
