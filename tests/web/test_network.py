"""Where a request comes from: counters and the trail depend on it, so a stranger must not choose it."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from extranet.web.network import network_of

PROXY, INNER, CLIENT, LIE = "10.0.0.1", "10.0.0.2", "203.0.113.7", "6.6.6.6"


def seen(settings: Settings, *, peer: str, header: str = "", proxies: str = "") -> str:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"trusted_proxies": proxies})
    headers = {"x-forwarded-for": header} if header else {}
    return network_of(RequestFactory().get("/", REMOTE_ADDR=peer, headers=headers))


@pytest.mark.parametrize(("proxies", "network"), [("", "10.0.0.0/24"), ("10.0.0.0/8", "203.0.113.0/24")])
def test_a_header_is_believed_from_trusted_proxies_only(settings: Settings, proxies: str, network: str) -> None:
    assert seen(settings, peer=PROXY, header=CLIENT, proxies=proxies) == network
    assert seen(settings, peer=CLIENT, header=LIE, proxies=proxies) == "203.0.113.0/24"


def test_what_a_client_wrote_into_the_header_itself_counts_for_nothing(settings: Settings) -> None:
    assert seen(settings, peer=PROXY, header=f"{LIE}, {CLIENT}", proxies=PROXY) == "203.0.113.0/24"
    assert seen(settings, peer=PROXY, header=f"{LIE}, {CLIENT}, {INNER}", proxies="10.0.0.0/8") == "203.0.113.0/24"


@pytest.mark.parametrize("unreadable", ["unknown", f"{CLIENT}:51234", ""])
def test_nothing_left_of_an_unreadable_address_is_believed(settings: Settings, unreadable: str) -> None:
    assert seen(settings, peer=PROXY, header=f"{LIE}, {unreadable}", proxies=PROXY) == "10.0.0.0/24"


def test_a_network_is_24_bits_of_ipv4_and_64_of_ipv6(settings: Settings) -> None:
    assert seen(settings, peer="2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::/64"
    assert seen(settings, peer=f"::ffff:{CLIENT}") == "203.0.113.0/24"


def test_a_server_that_does_not_say_gives_no_network(settings: Settings) -> None:
    assert seen(settings, peer="") == ""
