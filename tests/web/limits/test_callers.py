"""Where a caller is, as limits count them."""

import pytest
from flask import Flask

from houblon.web.limits.callers import place


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:DB8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nobody" * 100, ("nobody" * 100)[:100]),
        ("", ""),
    ],
)
def test_a_caller_is_counted_by_address_or_by_network(address, counted):
    with Flask("x").test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert place() == counted
