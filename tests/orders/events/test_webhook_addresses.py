"""Where a webhook may go: the open internet, whatever an address is dressed up as."""

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from houblon.orders.events.webhook_addresses import EVERYWHERE, is_permitted, read_networks

CLOSED = """
    0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8
    192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.1.1.1 240.0.0.1 255.255.255.255
    :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::1 100::1
    2001:db8::1 2002:7f00:1:: 2002:a00:1:: fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1 ff0e::1
""".split()
OPEN = "8.8.8.8 1.1.1.1 172.32.0.1 2606:4700::1111 ::ffff:8.8.8.8 64:ff9b::808:808 2002:808:808::1".split()


@pytest.mark.parametrize("address", CLOSED)
def test_no_special_address_is_permitted(address):
    assert not is_permitted(ip_address(address))


@pytest.mark.parametrize("address", OPEN)
def test_the_open_internet_is_permitted(address):
    assert is_permitted(ip_address(address))


@given(st.ip_addresses(v=4))
def test_an_address_is_as_permitted_mapped_into_ipv6_as_it_is_plain(address: IPv4Address):
    plain, number = is_permitted(address), int(address)
    dresses = (f"::ffff:{address}", f"64:ff9b::{address}", IPv6Address((0x2002 << 112) | (number << 80)))
    assert {is_permitted(ip_address(each)) for each in dresses} == {plain}


def test_a_setting_allows_networks_by_name():
    allowed = read_networks("10.0.0.0/8, 192.168.1.10")
    assert is_permitted(ip_address("10.1.2.3"), allowed) and is_permitted(ip_address("::ffff:10.1.2.3"), allowed)
    assert is_permitted(ip_address("192.168.1.10"), allowed)
    assert not is_permitted(ip_address("192.168.1.11"), allowed)
    assert not is_permitted(ip_address("127.0.0.1"), allowed)


def test_yes_allows_everything_and_no_nothing():
    assert read_networks("yes") == EVERYWHERE and read_networks("no") == read_networks("") == ()
    assert is_permitted(ip_address("::1"), EVERYWHERE)
    with pytest.raises(ValueError):
        read_networks("the office")
