"""A site whose packs lie in S3: the same weeks, books and checks; and what happens while the store is away."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.reports.files_verify import verify_files
from extranet.reports.manifest import store
from extranet.reports.models import Publication, PublicationState
from extranet.reports.retention import expire_publications
from extranet.vault import object_store
from extranet.vault.stores import StoreAway
from tests.reports.conftest import Open, Publish
from tests.reports.exchange import ALICE, BOB, MONDAY, book_row
from tests.s3 import S3Server, free_port, moto_server

ROWS = [book_row(ALICE, 1), book_row(ALICE, 2), book_row(BOB, 3)]


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with moto_server() as server:
        yield server


@pytest.fixture(autouse=True)
def server(
    running: S3Server, settings: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> S3Server:
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 1})
    url = f"s3://{running.bucket}/{request.node.name}"
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"store_url": url})
    return running


def test_a_week_is_published_opened_checked_and_in_time_deleted(
    alice: Agent, bob: Agent, charlie: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    days = [MONDAY - timedelta(weeks=back) for back in reversed(range(9))]
    for day in days:
        publish_rows([{**row, "extract_date": day.isoformat()} for row in ROWS], as_of=day)
    assert len(open_for(alice).rows) == 2
    assert open_for(charlie).rows == []
    assert verify_files().faults == []
    assert expire_publications(now=now) == 1
    assert not [name for name in store().names() if days[0].isoformat() in name]
    assert len(store().names()) == 2 * 8


def test_nothing_of_the_packs_lies_in_the_data_folder(alice: Agent, publish_rows: Publish, settings: Settings) -> None:
    publish_rows(ROWS)
    assert not (settings.EXTRANET.folder / "packs").exists()


def test_while_the_store_is_away_nothing_is_half_done_and_the_same_command_finishes(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as away:
        away.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
        with pytest.raises(StoreAway):
            publish_rows(ROWS)
        assert not Publication.objects.filter(state=PublicationState.RELEASED).exists()
    assert publish_rows(ROWS).status == "released"
    assert Publication.objects.count() == 1
    assert len(open_for(alice).rows) == 2


def test_a_store_that_is_away_is_no_damage(
    alice: Agent, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows(ROWS)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreAway):
        verify_files()
