"""AC-2 and J28: whoever is not certified any more is out at once, wherever they are; who comes back is let in again."""

from typing import Any

import pytest

from extranet.profile.loader import current
from extranet.reports import render as rendering
from extranet.reports import shelf
from tests.credentials.people import events
from tests.journeys.browser import Browser
from tests.journeys.conftest import CHOSEN
from tests.journeys.exchange import ALICE, BOB, CHARLIE, Exchange, username
from tests.journeys.test_forgotten_password import LINK, ask

BEGINS = "alice is in"
BOOK = "/reports/book-of-business/"
GONE = {**ALICE, "status": "decertified", "status_on": "2026-11-17"}


def test_decertified_in_the_middle_of_a_session(exchange: Exchange, alices: Browser, bobs: Browser) -> None:
    assert "Abbott" in alices.open(BOOK).words
    day = exchange.later(minutes=5).roster(GONE, BOB, CHARLIE)
    assert day.sessions_ended == 1
    for page in (BOOK, f"{BOOK}download/", "/account/", current().portal_path):
        assert alices.open(page).path == "/login/"
    assert alices.log_in(username(ALICE), CHOSEN["Alice"]).path == "/login/"
    assert "Quux" in bobs.open(BOOK).words


def test_decertified_between_building_and_sending_of_a_download(
    exchange: Exchange, alices: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*args: Any) -> bytes:
        built.append(rendering.render(*args))
        exchange.roster(GONE, BOB, CHARLIE)
        return built[-1]

    monkeypatch.setattr(shelf, "render", build)  # the moment, not the act: the file is really built
    alices.open(f"{BOOK}download/?format=csv")
    assert b"Abbott" in built[0]
    assert alices.path == "/login/"
    assert "Abbott" not in alices.html
    assert not events("book:download:done", ALICE["license"])
    assert events("book:view:refused", ALICE["license"])


def test_a_reset_link_on_its_way_is_worth_nothing_any_more(exchange: Exchange, alices: Browser) -> None:
    browser = ask(Browser(), username(ALICE))
    link = exchange.post().link(ALICE["email"], LINK)
    exchange.roster(GONE, BOB, CHARLIE)
    assert browser.open(link).status == 410
    before = len(exchange.mails(ALICE["email"]))
    ask(Browser(), username(ALICE))
    assert len(exchange.tick().mails(ALICE["email"])) == before


def test_absent_from_the_roster_means_gone_and_back_means_in_again(exchange: Exchange, alices: Browser) -> None:
    exchange.later(minutes=5).roster(BOB, CHARLIE)
    assert alices.open(BOOK).path == "/login/"
    exchange.later(days=1).roster(ALICE, BOB, CHARLIE)
    alices.log_in(username(ALICE), CHOSEN["Alice"])
    assert "Abbott" in alices.open(BOOK).words
    assert len(exchange.tick().mails(ALICE["email"])) == 4 + 1  # Monday's three, the book, the changed password
