"""The system checks find what would embarrass the exchange before an agent does."""

import pytest
from django.core.checks.registry import registry
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.test import RequestFactory
from pytest_django import Settings

from extranet.profile.checks import check_profile, contrast_with_white, foreign_addresses
from extranet.profile.context import exchange
from extranet.profile.exchange import Profile
from extranet.profile.wording import MAIL_FIELDS
from tests.profile.conftest import Change


def test_both_profiles_pass(profile: Profile) -> None:
    assert list(check_profile()) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "check"),
    [
        ("profile.toml", 'next = "Continue"', "", "profile.E001"),
        ("emails/en/book_ready/body.txt", "{{ rows }}", "{{ first_row }}", "profile.E002"),
        ("emails/en/introduction/body.txt", "bring your", "{{ gone }} bring your", "profile.E002"),
        ("emails/en/book_ready/body.txt", "{{ portal_url }}", "https://track.example/c", "profile.E003 profile.E008"),
        (
            "emails/_base.html",
            "{{ content }}",
            '{{ content }}<a href="mailto:thief@else.example">Help</a>',
            "profile.E003",
        ),
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
    assert {message.id for message in found} == set(check.split())
    assert all(str(use_folder) in message.msg for message in found)


PASSWORD, EXPIRY, FRAME = "emails/en/password/body", "emails/en/expiry_warning/body", "emails/_base.html"
BUTTON = '<a href="{{ reset_url }}">New pass phrase</a><p>'
RULES = [
    (
        "missing field in the text",
        f"{PASSWORD}.txt",
        "{{ password }}",
        "a secret",
        "E007",
        "body.txt never says {{ password }}",
    ),
    (
        "missing field in the HTML",
        f"{EXPIRY}.html",
        '{{ expires_on|date:"Y-m-d" }}',
        "soon",
        "E007",
        "body.html never says",
    ),
    ("missing link", "emails/en/reset_link/body.txt", "{{ link }}", "the page", "E007 E009", "never says {{ link }}"),
    ("link in one form", f"{EXPIRY}.html", "{{ login_url }}", "the page", "E009", "login/ in one form only"),
    ("two actions", f"{EXPIRY}.html", "<p>", BUTTON, "E008", "leads to more than one place"),
    ("footer elsewhere", FRAME, '<p>{% include "_farewell.txt" %}</p>', "", "E010", "_base.html: does not end"),
    ("words behind the footer", FRAME, "</body>", "<p>PS</p></body>", "E010", "_base.html: does not end"),
    ("no content", FRAME, "{{ content }}", "", "E007 E009 E010", "never places {{ content }}"),
    ("other language", FRAME, '"{{ language }}"', '"fr"', "E010", "says that its language is 'fr'"),
    ("no language", FRAME, ' lang="{{ language }}"', "", "E010", "says that its language is ''"),
    ("remote image", f"{EXPIRY}.html", "<p>", '<img src="/pixel.png"><p>', "E004", "holds <img>"),
    (
        "remote background",
        FRAME,
        '<table role="presentation"',
        '<table role="presentation" background="/a.png"',
        "E004",
        "background=",
    ),
    ("picture in a style", FRAME, "padding:16px", "background:URL (a.png)", "E004", "in a style"),
    ("style sheet", FRAME, "</head>", "<style>p{color:red}</style></head>", "E004", "holds <style>"),
    (
        "linked style sheet",
        FRAME,
        "</head>",
        '<link rel="stylesheet" href="/a.css"></head>',
        "E004 E008 E009",
        "holds <link>",
    ),
    ("script", FRAME, "{{ content }}", "{{ content }}<script>x()</script>", "E004", "holds <script>"),
    ("form", f"{EXPIRY}.html", "<p>", '<form action="/x"></form><p>', "E004", "holds <form>"),
    ("refresh", FRAME, '<meta charset="utf-8">', '<meta http-equiv="refresh" content="0">', "E004", "http-equiv="),
    ("comment that runs", f"{EXPIRY}.html", "<p>", "<!--[if mso]><p>x</p><![endif]--><p>", "E004", "holds a comment"),
    ("no table", FRAME, ' role="presentation"', "", "E011", "has no table for its layout"),
    ("boxes", f"{EXPIRY}.html", "<p>", "<div>a</div><p>", "E011", "holds <div>"),
    ("class", f"{EXPIRY}.html", "<p>", '<p class="big">', "E011", "no style sheet reaches a mail"),
    ("floating", f"{EXPIRY}.html", "<p>", '<p style="float: left">', "E011", "in a style"),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "checks", "words"), [rule[1:] for rule in RULES], ids=[r[0] for r in RULES]
)
def test_a_mail_against_the_rules_is_refused_with_what_to_do(
    settings: Settings, spoiled: Change, file: str, old: str, new: str, checks: str, words: str
) -> None:
    folder = spoiled(file, old, new)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(folder)})
    found = list(check_profile())
    assert {message.id for message in found} == {f"profile.{check}" for check in checks.split()}
    assert any(words in message.msg for message in found)
    for message in found:
        assert message.msg.startswith(f"{folder}/emails/")
        assert message.hint


def test_a_fault_of_the_frame_in_many_wordings_is_told_once_a_mail(settings: Settings, spoiled: Change) -> None:
    folder = spoiled(FRAME, '"{{ language }}"', '"fr"')
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(folder)})
    found = [message.msg for message in check_profile()]
    assert len(found) == len(set(found)) == len(MAIL_FIELDS)


def test_a_site_with_a_broken_mail_does_not_start(settings: Settings, spoiled: Change) -> None:
    folder = spoiled(f"{PASSWORD}.txt", "{{ password }}", "a secret")
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(folder)})
    with pytest.raises(SystemCheckError, match="never says"):
        call_command("check")


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
