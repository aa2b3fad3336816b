"""J4 - J13, J15: the Monday on which newly certified agents get their mails."""

import pytest

from extranet.profile.exchange import Profile
from extranet.profile.words import page
from tests.journeys.browser import Browser
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, Exchange, username

BEGINS = "published"
SUBJECTS = {
    "covered_california": [
        "Your Covered California Individual Book of Business – Informational",
        "[secure] Your Covered California Individual Book of Business – Username",
        "[secure] Your Covered California Individual Book of Business – Password",
    ],
    "evergreen": [
        "Your Evergreen clients: welcome",
        "[encrypted] Your Evergreen clients: account name",
        "[encrypted] Your Evergreen clients: pass phrase",
    ],
}


def test_each_newly_certified_agent_gets_exactly_three_mails(exchange: Exchange, profile: Profile) -> None:
    for row in (ALICE, BOB, CHARLIE):
        mails = exchange.mails(row["email"])[:3]
        assert [mail.subject for mail in mails] == SUBJECTS[profile.name]
        assert {mail.sender for mail in mails} == {profile.service_center.email}


def test_run_again_and_again_there_are_still_three(exchange: Exchange) -> None:
    before = len(exchange.mails("@"))
    for _ in range(3):
        exchange.later(minutes=20).tick()
    exchange.at("2026-11-23 06:00").tick()
    assert len(exchange.mails("@")) == before


def test_user_name_and_password_never_come_together_nor_as_one_conversation(exchange: Exchange) -> None:
    introduction, name, secret = exchange.mails(ALICE["email"])[:3]
    password = GENERATED.search(secret.text)
    assert password
    for mail in (introduction, name):
        assert GENERATED.search(mail.text) is None
        assert password[0] not in mail.html
    assert ALICE["license"] not in secret.text + secret.html + introduction.text + introduction.html
    ids = {mail.message["Message-ID"] for mail in (introduction, name, secret)}
    assert len(ids) == 3
    assert not any(mail.message[header] for mail in (name, secret) for header in ("References", "In-Reply-To"))


def test_the_secured_two_are_marked_first_and_the_introduction_is_not(exchange: Exchange, profile: Profile) -> None:
    marks = [mail.subject.startswith(profile.secured_mark) for mail in exchange.mails(ALICE["email"])[:3]]
    assert marks == [False, True, True]


def test_the_mails_lead_to_the_one_configured_address(exchange: Exchange, profile: Profile) -> None:
    _, name, secret = exchange.mails(ALICE["email"])[:3]
    for mail in (name, secret):
        assert f"http://portal.test{profile.portal_path}" in mail.text
        assert f"http://portal.test{profile.portal_path}" in mail.html


def test_the_second_mail_says_the_user_name_in_full(exchange: Exchange) -> None:
    assert username(ALICE) in exchange.mails(ALICE["email"])[1].text


@pytest.mark.parametrize("profile", ["covered_california"], indirect=True, ids=["job aid"])
def test_the_introduction_says_all_that_the_job_aid_lists(exchange: Exchange, profile: Profile) -> None:
    words = exchange.mails(ALICE["email"])[0].words
    for fact in ("delegated to you", profile.secured_mark, "conversation", "60 days", profile.service_center.phone):
        assert fact in words
    assert profile.service_center.email in words
    assert page("secured_mail")


@pytest.mark.parametrize("profile", ["covered_california"], indirect=True, ids=["job aid"])
def test_the_second_mail_has_the_example_the_junk_folder_and_the_duty(exchange: Exchange, profile: Profile) -> None:
    words = exchange.mails(ALICE["email"])[1].words
    for fact in (profile.username_example, profile.license_example, "junk", "confidential"):
        assert fact in words


def test_every_mail_ends_in_the_same_notice(exchange: Exchange) -> None:
    last_lines = {mail.text.rstrip().splitlines()[-1] for mail in exchange.mails(ALICE["email"])}
    assert len(last_lines) == 1
    assert len(last_lines.pop()) > 40


def test_no_mail_holds_anything_about_a_client(exchange: Exchange) -> None:
    mails = exchange.mails(ALICE["email"])
    assert len(mails) == 4  # the three, and "your book is ready"
    assert not [mail for mail in mails if "Abbott" in mail.text + mail.html or "50043" in mail.text + mail.html]


def test_the_roster_of_a_stranger_s_account_opens_nothing(exchange: Exchange) -> None:
    """Charlie has mails of his own; with Alice's user name they are worth nothing."""
    secret = GENERATED.search(exchange.mails(CHARLIE["email"])[2].text)
    assert secret
    browser = Browser().log_in(username(ALICE), secret[0])
    assert browser.path == "/login/"
    assert 'role="alert"' in browser.html
