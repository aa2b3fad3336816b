"""J4 - J13, J15: the Monday on which newly certified agents get their mails."""

import io

import pytest

from extranet.credentials.accounts_import import import_accounts
from extranet.credentials.models import Account
from extranet.profile.exchange import Profile
from extranet.profile.words import page
from tests.journeys.browser import Browser
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, MONDAY, OPERATOR, Exchange, username

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


def test_each_newly_certified_agent_gets_exactly_three_mails(monday: Exchange, profile: Profile) -> None:
    for row in (ALICE, BOB, CHARLIE):
        mails = monday.mails(row["email"])
        assert [mail.subject for mail in mails] == SUBJECTS[profile.name]
        assert {mail.sender for mail in mails} == {profile.service_center.email}


def test_a_minute_before_monday_s_hour_nobody_has_a_mail(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB)
    exchange.at("2026-11-16 05:59").tick()
    assert exchange.mails(ALICE["email"]) == []
    exchange.at("2026-11-16 06:00").tick()
    assert len(exchange.mails(ALICE["email"])) == 3


def test_run_again_and_again_there_are_still_three(monday: Exchange) -> None:
    for _ in range(3):
        monday.later(minutes=20).tick()
    monday.at("2026-11-23 06:00").tick()
    assert len(monday.mails(ALICE["email"])) == 3


def test_after_two_missed_mondays_everybody_gets_the_three(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE)
    late = {**BOB, "certified_on": "2026-11-19", "status_on": "2026-11-19"}
    exchange.at("2026-11-20 15:00").roster(ALICE, late)
    exchange.at("2026-11-25 11:00").tick()  # Wednesday: the machine is back
    assert len(exchange.mails(ALICE["email"])) == 3
    assert len(exchange.mails(BOB["email"])) == 3


def test_who_is_certified_on_monday_itself_waits_for_the_next(exchange: Exchange) -> None:
    today = {**BOB, "certified_on": str(MONDAY), "status_on": str(MONDAY)}
    exchange.at("2026-11-16 05:00").roster(ALICE, today)
    exchange.at("2026-11-16 06:00").tick()
    assert (len(exchange.mails(ALICE["email"])), len(exchange.mails(BOB["email"]))) == (3, 0)
    exchange.at("2026-11-23 06:00").tick()
    assert (len(exchange.mails(ALICE["email"])), len(exchange.mails(BOB["email"]))) == (3, 3)


def test_who_is_not_certified_gets_nothing(exchange: Exchange) -> None:
    suspended, pending = {**ALICE, "status": "suspended"}, {**BOB, "status": "pending"}
    exchange.at("2026-11-12 15:00").roster(suspended, pending, CHARLIE)
    exchange.at("2026-11-16 06:00").tick()
    assert exchange.mails(ALICE["email"]) + exchange.mails(BOB["email"]) == []


def test_user_name_and_password_never_come_together_nor_as_one_conversation(monday: Exchange) -> None:
    introduction, name, secret = monday.mails(ALICE["email"])
    password = GENERATED.search(secret.text)
    assert password
    for mail in (introduction, name):
        assert GENERATED.search(mail.text) is None
        assert password[0] not in mail.html
    assert ALICE["license"] not in secret.text + secret.html + introduction.text + introduction.html
    ids = {mail.message["Message-ID"] for mail in (introduction, name, secret)}
    assert len(ids) == 3
    assert not any(mail.message[header] for mail in (name, secret) for header in ("References", "In-Reply-To"))


def test_the_secured_two_are_marked_first_and_the_introduction_is_not(monday: Exchange, profile: Profile) -> None:
    marks = [mail.subject.startswith(profile.secured_mark) for mail in monday.mails(ALICE["email"])]
    assert marks == [False, True, True]


def test_the_mails_lead_to_the_one_configured_address(monday: Exchange, profile: Profile) -> None:
    _, name, secret = monday.mails(ALICE["email"])
    for mail in (name, secret):
        assert f"http://portal.test{profile.portal_path}" in mail.text
        assert f"http://portal.test{profile.portal_path}" in mail.html


def test_the_second_mail_says_the_user_name_in_full(monday: Exchange) -> None:
    assert username(ALICE) in monday.mails(ALICE["email"])[1].text


@pytest.mark.parametrize("profile", ["covered_california"], indirect=True, ids=["job aid"])
def test_the_introduction_says_all_that_the_job_aid_lists(monday: Exchange, profile: Profile) -> None:
    words = monday.mails(ALICE["email"])[0].words
    for fact in ("delegated to you", profile.secured_mark, "conversation", "60 days", profile.service_center.phone):
        assert fact in words
    assert profile.service_center.email in words
    assert page("secured_mail")


@pytest.mark.parametrize("profile", ["covered_california"], indirect=True, ids=["job aid"])
def test_the_second_mail_has_the_example_the_junk_folder_and_the_duty(monday: Exchange, profile: Profile) -> None:
    words = monday.mails(ALICE["email"])[1].words
    for fact in (profile.username_example, profile.license_example, "junk", "confidential"):
        assert fact in words


def test_every_mail_ends_in_the_same_notice(monday: Exchange) -> None:
    last_lines = {mail.text.rstrip().splitlines()[-1] for mail in monday.mails(ALICE["email"])}
    assert len(last_lines) == 1
    assert len(last_lines.pop()) > 40


def test_no_mail_holds_anything_about_a_client(published: Exchange) -> None:
    mails = published.mails(ALICE["email"])
    assert len(mails) == 4  # the three, and "your book is ready"
    assert not [mail for mail in mails if "Abbott" in mail.text + mail.html or "50043" in mail.text + mail.html]


def test_a_living_account_is_kept_with_its_password_and_told_so(exchange: Exchange) -> None:
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB)
    earlier = f"License,E-mail,Password date\n{ALICE['license']},{ALICE['email']},2026-11-01\n"
    import_accounts(io.BytesIO(earlier.encode()), by=OPERATOR, now=exchange.now)
    before = Account.objects.get(agent__license=ALICE["license"])
    exchange.at("2026-11-16 06:00").tick()
    mails = exchange.mails(ALICE["email"])
    assert len(mails) == 2
    assert username(ALICE) in mails[1].text
    assert not [mail for mail in mails if GENERATED.search(mail.text)]
    after = Account.objects.get(agent__license=ALICE["license"])
    assert (after.pk, after.password_serial) == (before.pk, before.password_serial)
    assert len(exchange.mails(BOB["email"])) == 3


def test_the_roster_of_a_stranger_s_account_opens_nothing(monday: Exchange) -> None:
    """Charlie has mails of his own; with Alice's user name they are worth nothing."""
    secret = GENERATED.search(monday.mails(CHARLIE["email"])[2].text)
    assert secret
    browser = Browser().log_in(username(ALICE), secret[0])
    assert browser.path == "/login/"
    assert 'role="alert"' in browser.html
