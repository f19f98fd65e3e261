"""Which network addresses are public servers, and which are machines of this network."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Others map or tunnel IPv4 addresses, or belong to a link or a site.
_PUBLIC_IPV6 = ip_network("2000::/3")
# What `is_global` lets through: protocol assignments, among them metadata services of clouds, and
# tunnels to IPv4 addresses.
_NOT_PUBLIC = [
    ip_network(each)
    for each in (
        "192.0.0.0/24", "192.88.99.0/24", "168.63.129.16/32", "2001::/23", "2002::/16", "3fff::/20",
    )
]  # fmt: skip


def is_public(address: Address) -> bool:
    if address.version == 6 and address not in _PUBLIC_IPV6:
        return False
    named = any(address in network for network in _NOT_PUBLIC)
    return address.is_global and not address.is_multicast and not named


def may_reach(address: Address, allowed: Iterable[Network]) -> bool:
    """Whether a webhook may go there: to public addresses and these networks."""
    return is_public(address) or any(address in network for network in allowed)
