"""Refuse addresses that lead into a network of one's own.

The guard stands where a connection is opened, on the IP address that it is opened to: a name that resolves to another
address a moment later, a redirect, and a number in disguise all come past here, whoever resolved them.
"""

import errno
import ipaddress
import socket
from typing import Any

PRIVATE = "is no public address"
NAT64 = ipaddress.ip_network("64:ff9b::/96")


class PrivateAddress(OSError):
    """A connection that would lead into a private network."""

    def __init__(self, address: str) -> None:
        super().__init__(errno.EACCES, f"{address} {PRIVATE}")


def is_public(address: str) -> bool:
    """Say whether an IP address is one of the open internet, also where IPv6 wraps an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        last = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.ipv4_mapped or ip in NAT64:  # ::ffff:1.2.3.4, 64:ff9b::1.2.3.4
            return is_public(str(last))
        wrapped = [ip.sixtofour, *(ip.teredo or ()), last if int(ip) >> 32 == 0 else None]
        if ip.is_site_local or any(each is not None and not is_public(str(each)) for each in wrapped):
            return False
    special = ip.is_private or ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_reserved
    return ip.is_global and not special and not ip.is_unspecified


def open_public(info: tuple[Any, ...]) -> socket.socket:
    """Return a socket for one resolved address; aiohttp calls it before each connection. Raises PrivateAddress."""
    family, kind, protocol, _, place = info
    if not is_public(str(place[0])):
        raise PrivateAddress(str(place[0]))
    return open_any((family, kind, protocol, _, place))


def open_any(info: tuple[Any, ...]) -> socket.socket:
    """Return a socket for any resolved address."""
    family, kind, protocol, *_ = info
    return socket.socket(family=family, type=kind, proto=protocol)


def disguised(host: str) -> str | None:
    """Return the IPv4 address that a number in another notation means (2130706433, 0x7f.1, 0177.0.0.1), else None."""
    try:
        plain = socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        return None
    return plain if plain != host else None
