"""The system checks find what would embarrass the exchange before an agent does."""

import pytest
from django.core.checks.registry import registry
from django.test import RequestFactory
from pytest_django import Settings

from extranet.profile.checks import check_profile, contrast_with_white, foreign_addresses
from extranet.profile.context import exchange
from extranet.profile.exchange import Profile
from tests.profile.conftest import Change


def test_both_profiles_pass(profile: Profile) -> None:
    assert list(check_profile()) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "check"),
    [
        ("profile.toml", 'next = "Continue"', "", "profile.E001"),
        ("emails/en/book_ready/body.txt", "{{ rows }}", "{{ first_row }}", "profile.E002"),
        ("emails/en/introduction/body.txt", "bring your", "{{ gone }} bring your", "profile.E002"),
        ("emails/en/book_ready/body.txt", "{{ portal_url }}", "https://track.example/c", "profile.E003"),
        ("emails/en/_farewell.txt", "Help:", '<a href="mailto:thief@else.example">Help</a>:', "profile.E003"),
        ("emails/en/book_ready/body.html", "<p>", '<img src="{{ portal_url }}"><p>', "profile.E004"),
        ("emails/_base.html", '<body style="margin:0">', '<body onload="x()">', "profile.E004"),
        ("pages/agreement.html", "{{ exchange.exchange.name }}", "{{ exchange.nam }}", "profile.E005"),
        ("profile.toml", '"#7a3e00"', '"#ffcc00"', "profile.E006"),
    ],
)
def test_a_fault_is_found(settings: Settings, spoiled: Change, file: str, old: str, new: str, check: str) -> None:
    use_folder = spoiled(file, old, new)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(use_folder)})
    found = list(check_profile())
    assert {message.id for message in found} == {check}
    assert all(str(use_folder) in message.msg for message in found)


def test_the_checks_run_with_djangos() -> None:
    assert check_profile in list[object](registry.get_checks())


def test_own_addresses_are_not_foreign(shipped: Profile) -> None:
    text = "http://portal.test/login/, tel:+18774539198 mailto:agents@covered.ca.gov (https://reset.test/)."
    assert foreign_addresses(shipped, text) == {"https://reset.test/"}
    assert foreign_addresses(shipped, "see https://reset.test/", own=("https://reset.test/",)) == set()


def test_contrast_is_the_formula_of_wcag() -> None:
    assert round(contrast_with_white("#000000"), 1) == 21.0
    assert round(contrast_with_white("#ffffff"), 1) == 1.0
    assert round(contrast_with_white("#767676"), 2) == 4.54


def test_every_page_knows_the_exchange_and_its_addresses(profile: Profile) -> None:
    known = exchange(RequestFactory().get("/", headers={"host": "evil.example"}))
    assert known["exchange"] is profile
    assert known["words"] is profile.words
    assert known["portal_url"] == f"http://portal.test{profile.portal_path}"
    assert known["reset_url"] == "http://reset.test/"
