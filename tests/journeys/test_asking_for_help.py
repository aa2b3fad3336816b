"""J17, J19, J29, J30: nobody is ever stuck; the service center helps, after it knows whom it talks to."""

import re
from datetime import timedelta

import pytest

from extranet.agents.find import by_license
from extranet.agents.models import Agent
from extranet.credentials.models import Account
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from extranet.reports.shelf import weeks
from extranet.service_center import acts
from extranet.service_center.answer import answer
from extranet.service_center.identity import IdentityNotChecked, check_identity
from extranet.service_center.queue import view, waiting
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN
from tests.journeys.exchange import ALICE, CHARLIE, DORA, Exchange, username
from tests.journeys.test_forgotten_password import LINK

BEGINS = "alice is in"
FACTS = {"npn": ALICE["npn"], "phone": ALICE["phone"], "email": ALICE["email"]}


def agent(row: dict[str, str]) -> Agent:
    found = by_license(row["license"])
    assert found is not None
    return found


def check_all(exchange: Exchange) -> None:
    """Also by what only Alice knows."""
    Account.objects.filter(agent=agent(ALICE)).update(last_login=exchange.now - timedelta(days=5))
    newest = weeks(agent=agent(ALICE), kind="book-of-business", now=exchange.now)[0]
    known = {"last_login_on": "2026-11-11", "cases": str(newest.cases)}
    assert check_identity(agent=agent(ALICE), answers={**FACTS, **known}, by=DORA, now=exchange.now).own


def send_form(address: str = ALICE["email"]) -> Browser:
    browser = Browser().open("http://portal.test/support/")
    browser.fill("Name", "Alice Nuñez-Ortega").fill("License number", ALICE["license"])
    browser.fill("E-mail address", address).fill("Telephone", "916 555 0143")
    return browser.fill("How can we help you?", "I cannot log in since Friday.").press("Send")


def test_a_request_is_confirmed_waits_in_the_queue_and_is_answered(exchange: Exchange, profile: Profile) -> None:
    number = send_form().page.by_id["request-number"]
    confirmation = exchange.post().newest(ALICE["email"])
    assert number in confirmation.words
    (line,) = waiting(now=exchange.now)
    assert (line.request.number, line.clock) == (number, "running")
    opened = view(number=number, by=DORA, now=exchange.now)
    assert opened.written["telephone"] == "916 555 0143"

    answer(request=opened.request, text="Your account is open. Please try once more.", by=DORA, now=exchange.now)
    mail = exchange.post().newest(ALICE["email"])
    assert "Please try once more." in mail.words
    assert mail.sender == profile.service_center.email
    assert waiting(now=exchange.now) == []


def test_after_a_day_it_is_due_and_after_two_overdue(exchange: Exchange) -> None:
    send_form()
    clocks = []
    for hours in (23, 1, 23, 1):
        exchange.later(hours=hours)
        clocks += [line.clock for line in waiting(now=exchange.now)]
    assert clocks == ["running", "due", "due", "overdue"]


def test_the_form_says_how_to_write_an_e_mail_instead(exchange: Exchange, profile: Profile) -> None:
    browser = Browser().open("http://portal.test/support/")
    assert profile.request_title in browser.words
    assert profile.service_center.email in browser.words
    assert profile.words["request_answer_time"] in browser.words


def test_a_lost_user_name_is_mailed_to_the_address_on_the_roster(exchange: Exchange) -> None:
    with pytest.raises(IdentityNotChecked):
        acts.send_username(agent=agent(ALICE), by=DORA, now=exchange.now)
    assert check_identity(agent=agent(ALICE), answers=FACTS, by=DORA, now=exchange.now).passed
    acts.send_username(agent=agent(ALICE), by=DORA, now=exchange.now)
    assert username(ALICE) in exchange.post().newest(ALICE["email"]).text
    assert len(exchange.mails(CHARLIE["email"])) == 3


def test_who_cannot_answer_gets_nothing(exchange: Exchange) -> None:
    wrong = {"npn": "99999999", "phone": "2125550100", "email": "thief@example.org"}
    assert not check_identity(agent=agent(ALICE), answers=wrong, by=DORA, now=exchange.now).passed
    with pytest.raises(IdentityNotChecked):
        acts.change_email(agent=agent(ALICE), new_email="thief@example.org", by=DORA, now=exchange.now)
    assert exchange.tick().mails("thief@example.org") == []


def test_a_reset_that_the_desk_starts_needs_the_code_from_the_telephone(exchange: Exchange) -> None:
    check_identity(agent=agent(ALICE), answers=FACTS, by=DORA, now=exchange.now)
    code = acts.start_reset(agent=agent(ALICE), by=DORA, now=exchange.now)
    mail = exchange.post().newest(ALICE["email"])
    assert code not in mail.text
    browser = Browser().open(mail.link(LINK))
    label = next(label for label in browser.page.labels if "code" in label.lower())
    browser.fill(label, code).press(current().words["reset_password"])
    assert browser.log_in(username(ALICE), browser.page.by_id["new-password"]).path == "/account/password/"


def test_another_address_is_told_to_the_old_one_and_takes_over_after_three_days(exchange: Exchange) -> None:
    check_all(exchange)
    acts.change_email(agent=agent(ALICE), new_email="new@example.org", by=DORA, now=exchange.now)
    exchange.post()
    assert "new@example.org" not in exchange.newest(ALICE["email"]).text  # masked
    code = re.search(r"\b[2-9A-Z]{6}\b", exchange.newest("new@example.org").text)
    assert code
    acts.prove_email(agent=agent(ALICE), code=code[0], by=DORA, now=exchange.now)
    exchange.later(hours=71, minutes=59).tick()
    assert agent(ALICE).email == ALICE["email"]
    exchange.later(minutes=5).tick()
    assert agent(ALICE).email == "new@example.org"


def test_the_owner_of_the_old_address_stops_the_thief(exchange: Exchange) -> None:
    check_all(exchange)
    acts.change_email(agent=agent(ALICE), new_email="thief@example.org", by=DORA, now=exchange.now)
    link = exchange.post().link(ALICE["email"], "http://portal.test/email-change/")
    browser = Browser().open(link)
    assert "t•••@example.org" in browser.words
    browser.press("Stop the change")
    exchange.later(days=4).tick()
    assert agent(ALICE).email == ALICE["email"]
    assert browser.open(link).status == 410


def test_a_password_mail_that_never_arrived_reaches_the_service_center(exchange: Exchange) -> None:
    """The address takes no mail: after a week the password is revoked and the agent waits in the queue."""
    (exchange.folder / "mailbox").rename(exchange.folder / "mailbox.kept")
    (exchange.folder / "mailbox").write_text("not a folder: nothing can be delivered")
    exchange.at("2026-11-19 15:00").roster(
        ALICE, {**CHARLIE, "license": "4099999", "certified_on": "2026-11-19", "email": "dave@example.org"}
    )
    exchange.at("2026-11-23 06:00").tick()
    for _ in range(9):
        exchange.later(days=1).tick()
    stuck = [line for line in waiting(now=exchange.now) if line.request.origin == "never_received"]
    assert [line.agent.license for line in stuck if line.agent] == ["4099999"]


def test_a_colleague_of_the_same_desk_cannot_use_another_s_check(exchange: Exchange) -> None:
    check_identity(agent=agent(ALICE), answers=FACTS, by=DORA, now=exchange.now)
    with pytest.raises(IdentityNotChecked):
        acts.start_reset(agent=agent(CHARLIE), by=DORA, now=exchange.now)
    with pytest.raises(IdentityNotChecked):
        acts.start_reset(agent=agent(ALICE), by=DORA, now=exchange.now + timedelta(minutes=31))


def test_wrong_guesses_of_a_stranger_do_not_stop_the_owner(exchange: Exchange, alices: Browser) -> None:
    alices.press(current().words["log_out"])
    stranger = Browser(address="203.0.113.9")
    for number in range(8):
        stranger.log_in(username(ALICE), f"guess number {number}")
    assert stranger.status == 429
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == current().portal_path
