"""The address that a request comes from, which limits of attempts count by."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
# Providers give each customer at least so much: the addresses within it are one client's.
IPV6_PREFIX = 64


def client_address(request: HttpRequest) -> str:
    """Without TRUSTED_PROXIES the other end of the connection. Behind trusted proxies the last
    address of X-Forwarded-For that is none of them: what comes before it, the client may have
    written itself. Of IPv6 the network."""
    found = _parsed(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    while found and forwarded and _is_trusted(found):
        before = _parsed(forwarded.pop())
        if before is None:
            break
        found = before
    if isinstance(found, IPv6Address):
        return str(ip_network((found, IPV6_PREFIX), strict=False).network_address)
    # A Unix socket has no address.
    return str(found or "0.0.0.0")  # noqa: S104  a name for nobody's address


def _parsed(text: str) -> Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _is_trusted(address: Address) -> bool:
    return any(address in network for network in settings.TRUSTED_PROXIES)
