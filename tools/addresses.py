"""Addresses: whom they reach: this machine alone, or anybody on the internet. Pure."""

import ipaddress
from ipaddress import IPv4Address, IPv6Address

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""IPv6 addresses behind which a translator reaches the IPv4 address in their last 32 bits."""
_LOW = 0xFFFF_FFFF


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_public(address: str) -> bool:
    """Tell whether an IP address is neither of this machine nor of a private or special network.

    Raises:
        ValueError: it is no IP address.
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    return _is_public(_inside(found) or found)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _inside(address: IPv4Address | IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address stands for, or None."""
    if isinstance(address, IPv4Address):
        return None
    if address in _TRANSLATED:
        return IPv4Address(int(address) & _LOW)
    return address.ipv4_mapped or address.sixtofour
