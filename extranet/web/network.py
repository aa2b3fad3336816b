"""Where a request comes from: the address behind trusted proxies, as a network (IPv4 /24, IPv6 /64)."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

from extranet.web.browsers import in_words

Address = IPv4Address | IPv6Address


@lru_cache(maxsize=8)
def _proxies(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address  # a socket for both kinds says ::ffff:203.0.113.7


def client_address(request: HttpRequest) -> Address | None:
    """The right-most address that is not a trusted proxy; a header from anybody else is not believed."""
    proxies = _proxies(settings.EXTRANET.trusted_proxies)
    address = _parse(request.META.get("REMOTE_ADDR", ""))
    for hop in reversed(request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")):
        if address is None or not any(address in proxy for proxy in proxies):
            break
        if (before := _parse(hop)) is None:  # nothing left of what cannot be read is believed
            break
        address = before
    return address


def network_of(request: HttpRequest) -> str:
    """The client's network as text, e.g. ``203.0.113.0/24``; empty where the server did not say."""
    address = client_address(request)
    if address is None:
        return ""
    width = 24 if address.version == 4 else 64
    return str(ip_network(f"{address}/{width}", strict=False))


def browser_of(request: HttpRequest) -> str:
    """The browser and its system in words, as its owner would say it: shown to the owner and told in mails."""
    return in_words(request.headers.get("User-Agent", ""))
