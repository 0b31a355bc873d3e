"""Where a caller is, as limits count them."""

import ipaddress

from flask import request

_PREFIX = 64  # bits of an IPv6 address that a customer of a provider is given; the rest they choose as they like


def place() -> str:
    """Where the caller of this request is."""
    return place_of(request.remote_addr or "")


def place_of(said: str) -> str:
    """An address; of IPv6 its network, for whoever has one has 2⁶⁴ addresses in it."""
    try:
        address = ipaddress.ip_address(said.partition("%")[0])
    except ValueError:
        return said[:100]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _PREFIX), strict=False))
    return str(address)
