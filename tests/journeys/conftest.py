"""Every journey is made twice: at the exchange of the job aid and at an invented one with other words and addresses.

What happened before a journey begins is built once a module and profile (the module says how far, in BEGINS); each
test gets it as it was: its own savepoint, its own copy of the data folder, its own clock.
"""

import importlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import pytest
import time_machine
from django.conf import settings
from django.db import transaction
from django.urls import clear_url_caches
from pytest_django import DjangoDbBlocker

import extranet.urls
import extranet.web.portal.urls
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from tests.journeys.browser import Browser
from tests.journeys.exchange import ALICE, BOB, CHARLIE, GENERATED, Exchange, username
from tests.reports.exchange import book_row

Begins = Literal["installed", "monday", "published", "alice is in"]
EVERGREEN = str(Path(__file__).parents[1] / "profiles" / "evergreen")
INSTALLED = "2026-11-10T20:00:00+00:00"  # a Tuesday: nothing of the past is due any more
CHOSEN = {"Alice": "violet kettle ambulance", "Bob": "gravel hammock tuba 9", "Charlie": "marble otter canoe 5"}


@dataclass(frozen=True)
class Built:
    """What happened before: the data folder and the moment as they were left, and Alice's browser if she is in."""

    folder: Path
    now: datetime
    alices: Browser | None


@pytest.fixture(scope="module", params=["covered_california", EVERGREEN], ids=["job aid", "evergreen"], autouse=True)
def profile(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profile]:
    usual = settings.EXTRANET
    here = {"profile": request.param, "data_dir": tmp_path_factory.mktemp("exchange")}
    settings.EXTRANET = usual.model_copy(update=here)
    _read_addresses_again()
    yield current()
    settings.EXTRANET = usual
    _read_addresses_again()


@pytest.fixture(scope="module")
def built(
    request: pytest.FixtureRequest, profile: Profile, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[Built]:
    """What the module says in BEGINS."""
    begins: Begins = request.module.BEGINS
    folder = settings.EXTRANET.data_dir
    with django_db_blocker.unblock(), _taken_back():
        with time_machine.travel(INSTALLED, tick=False) as clock:
            exchange = Exchange(clock, folder).tick()
            alices = _build(exchange, begins)
            moment = exchange.now
        yield Built(folder, moment, alices)


@pytest.fixture
def exchange(built: Built, db: None, data_folder: Path) -> Iterator[Exchange]:
    """The exchange as the journey finds it."""
    shutil.copytree(built.folder, data_folder, dirs_exist_ok=True)
    with time_machine.travel(built.now, tick=False) as clock:
        yield Exchange(clock, data_folder)


@pytest.fixture
def alices(built: Built, exchange: Exchange) -> Browser:
    """Alice's browser on her home page."""
    assert built.alices is not None, "the module begins too early for this fixture"
    return built.alices.twin()


@pytest.fixture
def bobs(exchange: Exchange) -> Browser:
    return arrive(exchange, BOB)


@pytest.fixture
def charlies(exchange: Exchange) -> Browser:
    return arrive(exchange, CHARLIE)


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


def _build(exchange: Exchange, begins: Begins) -> Browser | None:
    """Thursday's roster and the Monday run; at nine the book: two rows of Alice, one of Bob, none of Charlie."""
    if begins == "installed":
        return None
    exchange.at("2026-11-12 15:00").roster(ALICE, BOB, CHARLIE)
    exchange.at("2026-11-16 06:00").tick()
    if begins == "monday":
        return None
    exchange.at("2026-11-16 09:00").publish(
        [
            book_row(ALICE["license"], 1, last_name="Abbott"),
            book_row(ALICE["license"], 2, last_name="Zamora"),
            book_row(BOB["license"], 9, last_name="Quux"),
        ]
    )
    if begins == "published":
        return None
    browser = arrive(exchange, ALICE)
    exchange.post()
    return browser


@contextmanager
def _taken_back() -> Iterator[None]:
    """All that is written inside is taken back at the end, as Django's own test case does it."""
    atomic = transaction.atomic()
    atomic._from_testcase = True  # type: ignore[attr-defined]  # lets durable blocks begin inside
    with atomic:
        yield
        transaction.set_rollback(True)


def _read_addresses_again() -> None:
    """The home page stands where the profile says, which is read when the addresses are."""
    importlib.reload(extranet.web.portal.urls)
    importlib.reload(extranet.urls)
    clear_url_caches()
