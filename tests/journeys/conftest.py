"""Every journey is made twice: at the exchange of the job aid and at an invented one with other words and addresses."""

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.urls import clear_url_caches
from pytest_django import Settings

import extranet.urls
import extranet.web.portal.urls
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, Exchange, username
from tests.reports.exchange import book_row

EVERGREEN = str(Path(__file__).parents[1] / "profiles" / "evergreen")
CHOSEN = {"Alice": "violet kettle ambulance", "Bob": "gravel hammock tuba 9", "Charlie": "marble otter canoe 5"}


def _read_addresses_again() -> None:
    """The home page stands where the profile says, which is read when the addresses are."""
    importlib.reload(extranet.web.portal.urls)
    importlib.reload(extranet.urls)
    clear_url_caches()


@pytest.fixture(params=["covered_california", EVERGREEN], ids=["job aid", "evergreen"], autouse=True)
def profile(request: pytest.FixtureRequest, settings: Settings, data_folder: Path) -> Iterator[Profile]:
    usual = settings.EXTRANET
    settings.EXTRANET = usual.model_copy(update={"profile": request.param})
    _read_addresses_again()
    yield current()
    settings.EXTRANET = usual
    _read_addresses_again()


@pytest.fixture
def exchange(db: None, profile: Profile, data_folder: Path) -> Iterator[Exchange]:
    """Installed on a Tuesday: nothing of the past is due any more."""
    with time_machine.travel("2026-11-10T20:00:00+00:00", tick=False) as clock:
        yield Exchange(clock, data_folder).tick()


@pytest.fixture
def monday(exchange: Exchange) -> Exchange:
    """Alice, Bob and Charlie were certified on Thursday; the Monday run has just been made."""
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB, CHARLIE)
    return exchange.at("2026-11-16 06:00").tick()


@pytest.fixture
def published(monday: Exchange) -> Exchange:
    """At nine the book came: two rows of Alice, one of Bob, none of Charlie."""
    monday.at("2026-11-16 09:00").publish(
        [
            book_row(ALICE["license"], 1, last_name="Abbott"),
            book_row(ALICE["license"], 2, last_name="Zamora"),
            book_row(BOB["license"], 9, last_name="Quux"),
        ]
    )
    return monday


def password_of(exchange: Exchange, address: str) -> str:
    """The password that the mails to that address brought."""
    (found,) = (match[0] for mail in exchange.mails(address) if (match := GENERATED.search(mail.text)))
    return str(found)


def arrive(exchange: Exchange, row: dict[str, str]) -> Browser:
    """The first login: the mailed password, an own one, the agreement. The browser then shows the home page."""
    browser, mailed = Browser(), password_of(exchange, row["email"])
    browser.log_in(username(row), mailed)
    chosen = CHOSEN[row["first_name"]]
    browser.fill("Present password", mailed).fill("New password", chosen).fill("New password, again", chosen)
    return browser.press("Change password").press("I agree")


@pytest.fixture
def alices(published: Exchange) -> Browser:
    """Alice's browser on her home page."""
    return arrive(published, ALICE)


@pytest.fixture
def bobs(published: Exchange) -> Browser:
    return arrive(published, BOB)


@pytest.fixture
def charlies(published: Exchange) -> Browser:
    return arrive(published, CHARLIE)
