"""J26, J27: sixty days with one password, day by day by the clock of the exchange."""

from extranet.credentials.models import Account
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN
from tests.journeys.exchange import ALICE, BOB, Exchange, Mail, username
from tests.journeys.test_forgotten_password import LINK, ask, shown_password

BEGINS = "alice is in"


def warnings(exchange: Exchange, address: str, profile: Profile) -> list[Mail]:
    """Mails of the system's sender to that address; on these days nothing else comes from it."""
    return [mail for mail in exchange.mails(address) if mail.sender == profile.system_sender.email]


def test_one_warning_on_the_tenth_day_before_and_a_lock_on_the_day(
    exchange: Exchange, alices: Browser, profile: Profile
) -> None:
    """Chosen on November 16: warned on January 5 at eight, good through January 15."""
    before = len(warnings(exchange, ALICE["email"], profile))
    exchange.at("2026-12-20 10:00").tick()
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == profile.portal_path

    exchange.at("2027-01-05 07:59").tick()
    assert len(warnings(exchange, ALICE["email"], profile)) == before
    for moment in ("2027-01-05 08:00", "2027-01-05 08:15", "2027-01-06 09:00", "2027-01-15 23:45"):
        exchange.at(moment).tick()
        assert len(warnings(exchange, ALICE["email"], profile)) == before + 1
    assert "10" in warnings(exchange, ALICE["email"], profile)[-1].subject

    exchange.at("2027-01-15 23:59")
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == profile.portal_path
    exchange.at("2027-01-16 00:00").tick()
    assert alices.open("/account/").path == "/login/"  # locked in the middle of the session
    alices.log_in(username(ALICE), CHOSEN["Alice"])
    assert alices.path == "/login/"
    assert "reset link" in alices.words
    assert len(warnings(exchange, ALICE["email"], profile)) == before + 1


def test_the_reset_link_lets_the_locked_agent_in_again(exchange: Exchange, alices: Browser) -> None:
    exchange.at("2027-02-20 10:00").tick()
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == "/login/"
    browser = ask(Browser(), username(ALICE))
    browser.open(exchange.tick().link(ALICE["email"], LINK)).press(current().words["reset_password"])
    mailed, chosen = shown_password(browser), "lantern gravel osprey 4"
    browser.log_in(username(ALICE), mailed)
    browser.fill("Present password", mailed).fill("New password", chosen).fill("New password, again", chosen)
    assert browser.press("Change password").path == current().portal_path


def test_who_changes_in_time_is_neither_warned_nor_locked(
    exchange: Exchange, alices: Browser, profile: Profile
) -> None:
    before = len(warnings(exchange, ALICE["email"], profile))
    exchange.at("2027-01-04 12:00")
    alices.log_in(username(ALICE), CHOSEN["Alice"]).open("/account/password/")
    chosen = "lantern gravel osprey 4"
    alices.fill("Present password", CHOSEN["Alice"]).fill("New password", chosen)
    alices.fill("New password, again", chosen).press("Change password")
    for day in ("2027-01-05 09:00", "2027-01-16 09:00", "2027-02-01 09:00"):
        exchange.at(day).tick()
    assert alices.log_in(username(ALICE), chosen).path == profile.portal_path
    news = warnings(exchange, ALICE["email"], profile)[before:]
    assert len(news) <= 1  # the notice of the change, if the system's sender says it
    assert not [mail for mail in news if "10" in mail.subject]


def test_a_mailed_password_that_nobody_used_lives_two_weeks(exchange: Exchange) -> None:
    """Bob never logged in; his password has no sixty days and no warning, and the reset link helps him."""
    account = Account.objects.get(agent__license=BOB["license"])
    assert account.expires_on is None
    exchange.at("2026-12-01 12:00").tick()
    browser = ask(Browser(), username(BOB))
    browser.open(exchange.tick().link(BOB["email"], LINK)).press(current().words["reset_password"])
    assert browser.log_in(username(BOB), shown_password(browser)).path == "/account/password/"
