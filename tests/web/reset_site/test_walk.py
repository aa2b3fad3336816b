"""The screens of J16 - J21 as a person sees them, on a reset host of its own."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from pytest_django.fixtures import Settings

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.models import Account, Throttle
from extranet.credentials.username import shown
from extranet.profile.loader import current, load
from tests.credentials.people import CHOSEN, events, new_account, try_login
from tests.credentials.reset_walks import link_in, reset_mails
from tests.web.reset_site.browser import Browser

pytestmark = pytest.mark.django_db
UNKNOWN = "4099999"


def test_alice_walks_from_her_user_name_to_the_confirmation(browser: Browser, alice: Account) -> None:
    words = current().words
    browser.open("/")
    assert words["reset_password"] in browser.page.buttons
    assert words["no_user_name"] in browser.words
    browser.send(username=alice.username)
    assert f"<h1>{words['reset_my_password']}</h1>" in browser.text
    assert words["how_to_reset"] in browser.words
    assert f"{words['via_email']} 4*****@a*****" in browser.words
    assert words["next"] in browser.page.buttons
    assert words["wrong_email"] in browser.words
    browser.send()
    assert words["link_sent"] in browser.words
    assert len(browser.page.by_id["reset-code"]) == 6
    assert len(reset_mails(alice)) == 1


def test_her_old_password_works_on(browser: Browser, alice: Account, now: datetime) -> None:
    browser.ask(alice.username)
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_a_reload_of_the_confirmation_sends_nothing_again(browser: Browser, alice: Account) -> None:
    code = browser.ask(alice.username).page.by_id["reset-code"]
    assert browser.open(browser.url).page.by_id["reset-code"] == code
    assert len(reset_mails(alice)) == 1


def test_no_address_of_the_walk_holds_the_user_name(browser: Browser, alice: Account) -> None:
    browser.ask(alice.username)
    assert len(browser.trail) >= 5
    for url in browser.trail:
        assert alice.username not in url
        assert "4000001" not in url


def test_an_unknown_name_walks_through_the_same_screens(browser: Browser, other: Browser, alice: Account) -> None:
    known, unknown = browser, other
    for step in (lambda b, n: b.open("/"), lambda b, n: b.send(username=n), lambda b, n: b.send()):
        step(known, alice.username)  # type: ignore[no-untyped-call]
        step(unknown, UNKNOWN)  # type: ignore[no-untyped-call]
        assert known.status == unknown.status == 200
        assert tags(known.text) == tags(unknown.text)
        assert abs(len(known.text) - len(unknown.text)) < 40
    assert [len(url) for url in known.trail][:1] == [len(url) for url in unknown.trail][:1]
    assert not reset_mails(alice)[1:]


def tags(text: str) -> list[str]:
    return [part.split(">")[0].split()[0] for part in text.split("<")[1:]]


def test_a_decertified_agent_walks_through_the_same_screens_and_gets_no_mail(
    browser: Browser, other: Browser, alice: Account, bob: Account
) -> None:
    Agent.objects.filter(account=bob).update(status=CertificationStatus.DECERTIFIED)
    known, barred = browser.ask(alice.username), other.ask(bob.username)
    assert tags(known.text) == tags(barred.text)
    assert not reset_mails(bob)


def test_the_fourth_mail_within_an_hour_is_not_sent_and_looks_the_same(browser: Browser, alice: Account) -> None:
    pages = [tags(browser.ask(alice.username).text) for _ in range(4)]
    assert pages[0] == pages[3]
    assert len(reset_mails(alice)) == 3


@pytest.mark.parametrize("name", ["", "   ", "no such form", "4000001'--", "x" * 5000])
def test_what_is_no_user_name_is_an_error_beside_the_field(browser: Browser, alice: Account, name: str) -> None:
    browser.open("/").send(username=name)
    assert browser.status == 200
    assert 'role="alert"' in browser.text
    assert browser.page.forms[-1]["fields"].keys() >= {"username", "csrfmiddlewaretoken"}
    assert not Throttle.objects.filter(scope="reset-mail").exists()


def test_a_get_or_head_of_any_screen_changes_nothing(browser: Browser, alice: Account) -> None:
    browser.open("/").send(username=alice.username)
    for _ in range(5):
        browser.open(browser.url)
        browser.client.head(browser.url)
    assert not reset_mails(alice)
    assert not events("account:reset:asked")


def test_the_state_between_screens_belongs_to_one_browser_and_half_an_hour(
    browser: Browser, other: Browser, alice: Account, now: datetime, clock: time_machine.Traveller
) -> None:
    browser.open("/").send(username=alice.username)
    step_two = browser.url
    other.open("/").send(username=UNKNOWN)  # it has a cookie of its own
    for stranger in (step_two, step_two[:-4] + "AAAA", "/how/?walk=", "/how/?walk=%C3%A4", "/how/", "/sent/?walk=x"):
        assert other.open(stranger).url.endswith("/")
        assert "how_to_reset" not in other.text
        assert current().words["how_to_reset"] not in other.words
    clock.move_to(now + timedelta(minutes=30), tick=False)
    assert current().words["how_to_reset"] not in browser.open(step_two).words
    assert not reset_mails(alice)


def test_the_confirmation_cannot_be_reached_without_the_way(browser: Browser, alice: Account) -> None:
    browser.open("/").send(username=alice.username)
    browser.open(browser.url.replace("/how/", "/sent/"))
    assert "reset-code" not in browser.text


def test_a_form_of_another_site_is_refused(browser: Browser, alice: Account) -> None:
    browser.open("/").send(username=alice.username)
    assert browser.client.post(browser.url, {"how": "email"}).status_code == 403
    assert not reset_mails(alice)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"},
        {"X-Original-Host": "evil.example", "X-Forwarded-Server": "evil.example"},
    ],
)
def test_no_header_ever_reaches_the_link(alice: Account, clock: object, headers: dict[str, str]) -> None:
    browser = Browser(Client(headers={"host": "reset.test", **headers}))
    browser.ask(alice.username)
    assert link_in(reset_mails(alice)[0]).startswith("http://reset.test/link/")
    assert "evil" not in browser.text


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_a_foreign_host_is_refused(alice: Account, clock: object) -> None:
    browser = Browser(Client(headers={"host": "evil.example"}))
    assert browser.open("/").status == 400


def test_too_many_names_from_one_network_have_to_wait(browser: Browser, alice: Account) -> None:
    browser.open("/").send(username="4100001")
    assert Throttle.objects.filter(scope="reset-network").update(count=99) == 1
    assert browser.open("/").send(username="4100002").status == 200
    browser.open("/").send(username=alice.username)
    assert browser.status == 429
    assert browser.response["Retry-After"] == "900"


def test_the_reset_host_has_its_pages_and_nothing_of_the_portal(browser: Browser) -> None:
    for path in ("/login/", "/staff/", "/account/", current().portal_path, "/support/", "/reset/", "/arrive/"):
        assert browser.open(path).status == 404, path
    assert browser.open("/health/live").status == 200


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_the_portals_reset_page_leads_to_the_reset_host(db: None) -> None:
    portal = Client(headers={"host": "portal.test"})
    for path in ("/", "/how/", "/link/abcdef/"):
        response = portal.get(f"/reset{path}")
        assert (response.status_code, response["Location"]) == (303, f"http://reset.test{path}")
    posted = portal.post("/reset/", {"username": UNKNOWN})
    assert (posted.status_code, posted["Location"]) == (303, "http://reset.test/")
    assert not Throttle.objects.exists()


@pytest.mark.urls("tests.web.reset_site.portal_urls")
def test_without_a_host_of_its_own_the_portal_serves_it(
    alice: Account, now: datetime, clock: object, settings: Settings
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"reset_url": ""})
    browser = Browser(Client(headers={"host": "portal.test"}))
    browser.open("/reset/").send(username=alice.username).send()
    link = link_in(reset_mails(alice)[0])
    assert link.startswith("http://portal.test/reset/link/")
    browser.open(link).send()
    password = browser.page.by_id["new-password"]
    assert 'href="http://portal.test/login/"' in browser.text
    assert "device_enrolment" not in browser.text
    try_login(alice, password, now=now, device=browser.client.cookies["device"].value)
    assert events("account:login:succeeded")[0].detail["known_device"] is True


def test_another_exchange_has_its_own_words_on_every_screen(
    browser: Browser, db: None, now: datetime, settings: Settings
) -> None:
    folder = Path(__file__).parents[2] / "profiles" / "evergreen"
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": str(folder)})
    alice, foreign = new_account(now=now), load("covered_california")
    pages = [browser.open("/").words, browser.send(username=shown(alice.username)).words, browser.send().words]
    pages += [browser.open(link_in(reset_mails(alice)[0])).words, browser.send().words, browser.open("/link/x").words]
    for page, word in zip(
        pages, ("reset_password", "how_to_reset", "link_sent", "reset_password", "log_in"), strict=False
    ):
        assert current().words[word] in page
    for page in pages:
        assert foreign.exchange.name not in page
        assert foreign.service_center.phone not in page
