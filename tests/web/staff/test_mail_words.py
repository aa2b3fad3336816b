"""Staff look at the words of every mail with invented people; nothing that was sent is shown, no page runs a mail."""

import re

import pytest
from django.test import Client

from extranet.agents.models import Agent
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from extranet.profile.loader import current
from extranet.profile.wording import MAIL_FIELDS, VARIANTS
from extranet.web.methods import methods_of
from extranet.web.staff import mail_words
from tests.web.people import signed_in, text_of

LIST = "/staff/mail/words/"
ALL = [(language, name) for language in ("en", "es") for name in MAIL_FIELDS]


def test_the_list_of_mails_leads_to_the_words_of_all(desk: Client) -> None:
    assert LIST in text_of(desk.get("/staff/mail/"))
    page = text_of(desk.get(LIST))
    for language, name in ALL:
        assert f"{LIST}{language}/{name}/" in page
    assert "secured, opens an account" in page


@pytest.mark.parametrize(("language", "name"), ALL)
def test_every_mail_is_shown_in_both_languages(desk: Client, language: str, name: str) -> None:
    page = desk.get(f"{LIST}{language}/{name}/")
    alone = desk.get(f"{LIST}{language}/{name}/html/")
    assert (page.status_code, alone.status_code) == (200, 200)
    assert f'src="{LIST}{language}/{name}/html/?wording=usual" sandbox=""' in text_of(page)
    assert text_of(alone).startswith(f'<!doctype html>\n<html lang="{language}">')


def test_sender_mark_and_secrecy_stand_beside_the_words(desk: Client) -> None:
    page = text_of(desk.get(f"{LIST}en/password/"))
    assert "Covered California Agent Service Center &lt;agents@covered.ca.gov&gt;" in page
    assert "[secure] Your Covered California Individual Book of Business – Password" in page
    assert "yes: its body is wiped once it left" in page
    assert "mfkt-29rw-hxpe-7ncd" in page


def test_each_wording_of_a_mail_can_be_chosen(desk: Client) -> None:
    page = text_of(desk.get(f"{LIST}en/introduction/"))
    assert "YOUR ACCOUNT IS STILL THERE" in page
    assert "?wording=new-account" in page
    other = text_of(desk.get(f"{LIST}en/introduction/", {"wording": "new-account"}))
    assert "WHAT COMES NEXT" in other
    assert "What comes next" in text_of(desk.get(f"{LIST}en/introduction/html/", {"wording": "new-account"}))


@pytest.mark.parametrize(
    "path", ["fr/password/", "en/nothing/", "fr/password/html/", "en/nothing/html/", "en/password/?wording=none"]
)
def test_what_is_not_there_is_not_found(desk: Client, path: str) -> None:
    assert desk.get(f"{LIST}{path}").status_code == 404


def test_the_html_may_fetch_nothing_run_nothing_and_lead_nowhere(desk: Client) -> None:
    answer = desk.get(f"{LIST}en/expiry_warning/html/")
    policy = answer["Content-Security-Policy"].split("; ")
    assert sorted(policy) == [
        "base-uri 'none'",
        "default-src 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox",
        "style-src 'unsafe-inline'",
    ]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert answer["Cache-Control"] == "no-store"


def test_the_page_around_it_may_frame_this_site_and_nothing_else(desk: Client) -> None:
    answer = desk.get(f"{LIST}en/expiry_warning/")
    assert "frame-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "DENY"
    assert "frame-src" not in desk.get(LIST)["Content-Security-Policy"]


def test_nothing_that_was_sent_to_anybody_is_shown(desk: Client, alice: Account) -> None:
    for _, name in ALL[: len(MAIL_FIELDS)]:
        page = text_of(desk.get(f"{LIST}en/{name}/"))
        assert alice.username not in page
        assert alice.address not in page
    assert not OutboxMail.objects.exists()


def test_a_page_of_words_changes_nothing() -> None:
    for view in (mail_words.mail_words, mail_words.one_mails_words, mail_words.mail_words_html):
        assert set(methods_of(view) or ()) <= {"GET", "HEAD"}


def test_administrators_look_too_and_nobody_else(
    administrator: Client, publisher: Client, auditor: Client, charlie: Account
) -> None:
    paths = (LIST, f"{LIST}es/password/", f"{LIST}es/password/html/")
    for path in paths:
        assert administrator.get(path).status_code == 200
        for client in (publisher, auditor, signed_in(charlie)):
            assert client.get(path).status_code == 403
        assert Client(headers={"host": "portal.test"}).get(path).status_code == 302


def test_every_variant_has_an_address_that_reads_well() -> None:
    named = [variant for variants in VARIANTS.values() for variant in variants]
    assert [variant for variant in named if not re.fullmatch(r"[a-z]+(-[a-z]+)*", variant)] == []
    assert current().languages == ("en", "es")


def test_the_desk_sees_in_which_language_an_agent_reads(desk: Client, alice: Account) -> None:
    record = f"/staff/agents/{alice.username.rpartition('_')[2]}/"
    assert ("Language of e-mails", "English") in desk.get(record).context["facts"]
    Agent.objects.filter(account=alice).update(language="es")
    assert ("Language of e-mails", "español") in desk.get(record).context["facts"]
