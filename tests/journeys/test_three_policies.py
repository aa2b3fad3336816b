"""The main journey under every named policy: first mails, first login, second factor, download, warning, lock, reset;
and what differs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from extranet.credentials.models import Account
from extranet.credentials.second_factor import code_at
from extranet.policy import POLICIES, Policy
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN, _read_addresses_again
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, Exchange, reset_site, username
from tests.journeys.test_forgotten_password import LINK, ask, shown_password
from tests.reports.exchange import book_row

BEGINS = "monday"
LONG = "violet kettle ambulance"  # long enough under every policy
NEXT = "lantern gravel osprey 4"


@pytest.fixture(scope="module", params=POLICIES, autouse=True)
def profile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    """In place of the two exchanges: one exchange, three policies."""
    usual = settings.EXTRANET
    here = {"profile": "covered_california", "data_dir": tmp_path_factory.mktemp("exchange"), "policy": request.param}
    settings.EXTRANET = usual.model_copy(update=here)
    _read_addresses_again()
    yield current()
    settings.EXTRANET = usual
    _read_addresses_again()


@pytest.fixture
def policy(profile: Profile) -> Policy:
    return POLICIES[settings.EXTRANET.policy]


@dataclass
class Phone:
    """The authenticator app of one person, who comes with a browser."""

    exchange: Exchange
    secret: str = field(default="", repr=False)

    def set_up(self, browser: Browser) -> Browser:
        """From the page that asks for a second factor to the one that the person may go on to."""
        browser.open("/account/second-factor/app/")
        (key,) = re.findall(r'<code class="app-key">([^<]*)</code>', browser.html)
        self.secret = key.replace(" ", "")
        browser.fill("Code of the app", self.code()).press("Turn it on")
        assert len(re.findall(r"<li><code>\d+</code></li>", browser.html)) == 10
        return browser.open(current().portal_path)

    def code(self) -> str:
        """The code of a moment that was not used yet."""
        self.exchange.clock.move_to(self.exchange.now + timedelta(seconds=30))
        return code_at(secret=self.secret, now=timezone.now())

    def log_in(self, browser: Browser, name: str, password: str) -> Browser:
        """Password, and the code where one is asked for."""
        browser.log_in(name, password)
        if browser.path == "/login/second-factor/":
            browser.fill("Code", self.code()).press("Continue")
        return browser


@pytest.fixture
def phone(exchange: Exchange) -> Phone:
    """Alice's."""
    return Phone(exchange)


def first_password(exchange: Exchange, row: dict[str, str], browser: Browser, policy: Policy) -> str:
    """What the person has in hand before the first login: out of the mail, or picked up and read or chosen."""
    third = exchange.mails(row["email"])[2]
    if policy.third_mail == "password":
        found = GENERATED.search(third.text)
        assert found
        return str(found[0])
    assert GENERATED.search(third.text + third.html) is None
    browser.open(third.link(f"{reset_site()}/pickup/")).fill(current().words["user_name"], username(row))
    code = browser.press(current().words["next"]).page.by_id["reset-code"]
    mail = exchange.post().mail_with(row["email"], LINK)
    assert code not in mail.text + mail.html
    return new_password(browser.open(mail.link(LINK)), policy, code=code, chosen=LONG)


def new_password(browser: Browser, policy: Policy, *, code: str = "", chosen: str) -> str:
    """The linked page: the code where it is asked for, then a generated or a chosen password."""
    if code:
        browser.fill(next(label for label in browser.page.labels if "code" in label.lower()), code)
    if policy.reset_gives == "chosen":
        browser.fill("New password", chosen).fill("New password, again", chosen)
    browser.press(current().words["reset_password"])
    if policy.reset_gives == "chosen":
        assert "new-password" not in browser.page.by_id
        return chosen
    return shown_password(browser)


def arrive(exchange: Exchange, row: dict[str, str], policy: Policy, phone: Phone) -> Browser:
    """The whole first day; at its end the password in force is LONG."""
    browser = Browser()
    first = first_password(exchange, row, browser, policy)
    browser.log_in(username(row), first)
    if first != LONG:
        assert browser.path == "/account/password/"
        browser.fill("Present password", first).fill("New password", LONG).fill("New password, again", LONG)
        browser.press("Change password")
    assert browser.path == "/agreement/"
    browser.press("I agree")
    if policy.second_factor_agents == "required":
        assert browser.path == "/account/second-factor/"
        assert browser.open(current().portal_path).path == "/account/second-factor/"  # nothing else opens before
        phone.set_up(browser)
    assert browser.path == current().portal_path
    return browser


def kept_in_use(exchange: Exchange, browser: Browser, phone: Phone, until: date) -> None:
    """A login every forty days, so that nothing but the age of the password matters."""
    day = exchange.now.astimezone(current().zone).date()
    while (day := day + timedelta(days=40)) < until:
        exchange.at(f"{day} 10:00").tick()
        assert phone.log_in(browser, username(ALICE), LONG).path == current().portal_path, day


def warnings(exchange: Exchange) -> list[str]:
    return [mail.subject for mail in exchange.mails(ALICE["email"]) if "expire" in mail.subject.lower()]


def test_three_mails_and_the_third_holds_what_the_policy_lets_travel(exchange: Exchange, policy: Policy) -> None:
    for row in (ALICE, BOB, CHARLIE):
        mails = exchange.mails(row["email"])
        assert len(mails) == 3
        assert (GENERATED.search(mails[2].text) is not None) == (policy.third_mail == "password")
        assert ("/pickup/" in mails[2].text) == (policy.third_mail == "pickup")
        assert not [mail for mail in mails[:2] if GENERATED.search(mail.text) or "/pickup/" in mail.text]
        assert row["license"] not in mails[2].text


def test_the_first_two_mails_announce_the_third_as_it_is(exchange: Exchange, policy: Policy) -> None:
    introduction, name, _ = exchange.mails(ALICE["email"])
    picked = policy.third_mail == "pickup"
    assert ("pick up" in introduction.words) == picked
    assert ("pick up" in name.words) == picked
    assert ("from the second e-mail" in name.words) != picked


def test_from_the_three_mails_to_the_home_page(exchange: Exchange, policy: Policy, phone: Phone) -> None:
    arrive(exchange, ALICE, policy, phone)
    account = Account.objects.get(agent__license=ALICE["license"])
    days = policy.password_days
    assert account.expires_on == (None if days is None else date(2026, 11, 16) + timedelta(days=days))


def test_a_download_asks_for_a_fresh_code_where_the_policy_says_so(
    exchange: Exchange, policy: Policy, phone: Phone
) -> None:
    browser = arrive(exchange, ALICE, policy, phone)
    exchange.publish([book_row(ALICE["license"], 1, last_name="Abbott")])
    download = "/reports/book-of-business/download/?format=csv"
    minutes = policy.step_up_minutes or 0
    for _ in range(minutes // 10):  # ten minutes each: never idle
        exchange.clock.move_to(exchange.now + timedelta(minutes=10))
        assert browser.open(current().portal_path).path == current().portal_path
    browser.open(download)
    if policy.step_up_minutes is not None:
        assert browser.path == "/account/confirm/"
        assert "Abbott" not in browser.html
        browser.fill("Code", phone.code()).press("Continue")
        browser.open(download)
    assert "Abbott" in browser.html


def test_a_password_that_is_too_short_is_refused_at_the_first_choice(exchange: Exchange, policy: Policy) -> None:
    short = "gravel tuba 99"  # fourteen signs
    browser = ask(Browser(), username(BOB))
    browser.open(exchange.post().link(BOB["email"], LINK))
    if policy.reset_gives == "chosen":
        browser.fill("New password", short).fill("New password, again", short)
        browser.press(current().words["reset_password"])
        assert "at least 15 characters" in browser.words
        return
    first = new_password(browser, policy, chosen="")
    browser.log_in(username(BOB), first).fill("Present password", first)
    browser.fill("New password", short).fill("New password, again", short).press("Change password")
    assert browser.path == "/agreement/"  # twelve are enough


def test_the_warning_comes_ten_days_before_and_the_lock_on_the_day_or_neither(
    exchange: Exchange, policy: Policy, phone: Phone
) -> None:
    browser = arrive(exchange, ALICE, policy, phone)
    last = date(2026, 11, 16) + timedelta(days=policy.password_days or 400)
    kept_in_use(exchange, browser, phone, last - timedelta(days=11))
    if policy.password_days is None:
        assert not warnings(exchange)
        return
    exchange.at(f"{last - timedelta(days=10)} 07:59").tick()
    assert not warnings(exchange)
    exchange.at(f"{last - timedelta(days=10)} 08:00").tick().tick()
    assert len(warnings(exchange)) == 1
    rungs = 1 if len(policy.warning_days) == 1 else 2  # what was missed on the way becomes one mail
    exchange.at(f"{last} 12:00").tick().tick()
    assert len(warnings(exchange)) == rungs
    assert phone.log_in(browser, username(ALICE), LONG).path == current().portal_path
    exchange.at(f"{last + timedelta(days=1)} 00:00").tick()
    assert browser.log_in(username(ALICE), LONG).path == "/login/"
    assert "reset link" in browser.words
    assert len(warnings(exchange)) == rungs


def test_sixty_quiet_days_lock_under_every_policy_and_the_reset_lets_in(
    exchange: Exchange, policy: Policy, phone: Phone
) -> None:
    browser = arrive(exchange, ALICE, policy, phone)
    came = exchange.now
    exchange.clock.move_to(came + timedelta(days=60) - timedelta(minutes=5))
    assert phone.log_in(browser, username(ALICE), LONG).path == current().portal_path
    exchange.clock.move_to(exchange.now + timedelta(days=60))
    assert browser.log_in(username(ALICE), LONG).path == "/login/"
    assert "reset link" in browser.words
    browser = ask(Browser(), username(ALICE))
    clear = new_password(browser.open(exchange.tick().link(ALICE["email"], LINK)), policy, chosen=NEXT)
    forced = policy.reset_gives == "generated"
    browser.log_in(username(ALICE), clear)
    if policy.second_factor_agents == "required":  # the reset removed none
        assert browser.path == "/login/second-factor/"
        browser.fill("Code", phone.code()).press("Continue")
    assert browser.path == ("/account/password/" if forced else current().portal_path)


def test_an_old_password_comes_back_only_where_none_is_remembered(
    exchange: Exchange, policy: Policy, phone: Phone
) -> None:
    browser = arrive(exchange, ALICE, policy, phone)
    for old, new in ((LONG, NEXT), (NEXT, LONG)):
        browser.open("/account/password/").fill("Present password", old)
        browser.fill("New password", new).fill("New password, again", new).press("Change password")
    assert ("had this password before" in browser.words) == (policy.history > 0)


def test_what_another_agent_holds_is_worth_nothing_under_any_policy(exchange: Exchange, policy: Policy) -> None:
    """Charlie has a third mail, too."""
    charlie = Browser(address="203.0.113.9")
    first = first_password(exchange, CHARLIE, charlie, policy)
    assert charlie.log_in(username(ALICE), first).path == "/login/"
    if policy.third_mail == "pickup":
        hers = exchange.mails(ALICE["email"])[2].link(f"{reset_site()}/pickup/")
        charlie.open(hers).fill(current().words["user_name"], username(CHARLIE)).press(current().words["next"])
        assert 'role="alert"' in charlie.html
        assert "reset-code" not in charlie.page.by_id


def test_who_never_picked_up_or_logged_in_is_helped_by_the_reset(exchange: Exchange, policy: Policy) -> None:
    exchange.at("2026-12-01 12:00").tick()
    if policy.third_mail == "pickup":
        late = Browser().open(exchange.mails(BOB["email"])[2].link(f"{reset_site()}/pickup/"))
        assert late.status == 410
    browser = ask(Browser(), username(BOB))
    clear = new_password(browser.open(exchange.tick().link(BOB["email"], LINK)), policy, chosen=CHOSEN["Bob"])
    assert browser.log_in(username(BOB), clear).path in ("/account/password/", "/agreement/")
