"""Tests that share what is dear to make run in one process, so that it is made once."""

import pytest


@pytest.mark.xdist_group("probe")
def test_who_shares_a_group_shares_a_process(request):
    # pytest-xdist tells groups by what it writes behind a test's id; where it can't, each process makes all anew.
    if hasattr(request.config, "workerinput"):
        assert request.node.nodeid.endswith("@probe")
