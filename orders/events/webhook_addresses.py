"""Which addresses a webhook may go out to: those of the open internet, and what the installation allows."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
EVERYWHERE: tuple[Network, ...] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
_GLOBAL_V6 = IPv6Network("2000::/3")  # RFC 4291: the only part of IPv6 that is given out
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
# What older tables of `ipaddress` take for open: RFC 6890, RFC 7526.
_SPECIAL_V4 = tuple(IPv4Network(each) for each in ("0.0.0.0/8", "192.0.0.0/24", "192.88.99.0/24"))


def is_permitted(address: Address, allowed: Iterable[Network] = ()) -> bool:
    """Whether a webhook may go to the address: not private, loopback, link-local or otherwise
    special, however it is dressed up (mapped into IPv6, 6to4, NAT64), unless a network allows it."""
    inner = _inner(address)
    if any(each in network for each in {address, inner} for network in allowed):
        return True
    return _is_open(inner)


def _is_open(address: Address) -> bool:
    if not address.is_global or address.is_multicast or address.is_reserved or address.is_unspecified:
        return False
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_V6
    return not any(address in network for network in _SPECIAL_V4)


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one carries, which is where its packets end; else itself."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else address)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks named by a setting: nothing, `yes` for all, or addresses and networks between commas.

    Raises ValueError.
    """
    said = text.strip().lower()
    if said in ("", "no", "false", "0"):
        return ()
    if said in ("yes", "true", "1"):
        return EVERYWHERE
    return tuple(ip_network(each.strip()) for each in said.split(","))


def literal(host: str) -> Address | None:
    """The address that a host is, where it is one rather than a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
