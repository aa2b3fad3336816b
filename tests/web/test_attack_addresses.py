"""Addresses made to mislead: where a login leads, whose network somebody is, which host answers."""

import pytest
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import Settings

from extranet.credentials.models import Account
from extranet.web.entering import safe_onward
from extranet.web.network import network_of
from tests.credentials.people import new_account
from tests.web.people import browser, log_in, signed_in, text_of

ELSEWHERE = ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t///evil.example", "/\n//\r/evil.example"]
PROXY = "192.0.2.10"


@pytest.fixture
def alice(db: None) -> Account:
    return new_account("4000001", now=timezone.now())


@pytest.mark.parametrize("onward", ELSEWHERE)
def test_a_login_never_leads_to_another_site(alice: Account, onward: str) -> None:
    assert not safe_onward(onward, alice).startswith(("//", "/\\", "http"))
    assert log_in(browser(), alice, next=onward)["Location"] == "/sites/ccAgentPortal"


@pytest.mark.parametrize("onward", ELSEWHERE)
def test_nor_does_the_login_page_for_who_is_in_already(alice: Account, onward: str) -> None:
    answered = signed_in(alice).get("/login/", {"next": onward})
    assert answered["Location"] == "/sites/ccAgentPortal"


def from_proxy(forwarded: str, settings: Settings, address: str = PROXY) -> str:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"trusted_proxies": f"{PROXY}/32"})
    return network_of(RequestFactory().get("/", REMOTE_ADDR=address, HTTP_X_FORWARDED_FOR=forwarded))


@pytest.mark.parametrize("unread", ["203.0.113.9:4711", "unknown", "", "::ffff:garbage"])
def test_what_the_proxy_wrote_and_nobody_can_read_hands_the_word_to_no_stranger(
    unread: str, settings: Settings
) -> None:
    """Some proxies add the port; what stands before their word came from the client, who may write what he likes."""
    assert from_proxy(f"198.51.100.66, {unread}", settings) in ("192.0.2.0/24", "203.0.113.0/24")


def test_an_ipv4_address_in_the_clothes_of_ipv6_is_that_network_and_not_everybodys(settings: Settings) -> None:
    assert from_proxy("", settings, address="::ffff:203.0.113.9") == "203.0.113.0/24"
    assert from_proxy("203.0.113.9", settings, address=f"::ffff:{PROXY}") == "203.0.113.0/24"


@pytest.mark.parametrize("host", ["reset.test", "RESET.test", "reset.test.", "reset.test:80"])
def test_the_reset_host_answers_with_its_own_pages_alone_however_it_is_written(alice: Account, host: str) -> None:
    assert browser().get("/login/", headers={"host": host}).status_code == 404
    assert "Reset Password" in text_of(browser().get("/", headers={"host": host}))
