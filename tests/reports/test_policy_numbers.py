"""Settings of the policy that need a published week to be seen, with two values each."""

from datetime import datetime, timedelta

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.reports.models import Publication, PublicationState
from extranet.reports.refusals import PublicationHeld, UsageRefused
from extranet.reports.release import release
from extranet.reports.retention import expire_publications
from extranet.reports.shelf import weeks
from tests.policies import put_in_force
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, BOOK, LAST_MONDAY, MONDAY, book_row


@pytest.mark.parametrize("weeks_kept", [2, 1])
def test_how_many_weeks_an_agent_keeps(
    alice: Agent, publish_rows: Publish, now: datetime, monkeypatch: pytest.MonkeyPatch, weeks_kept: int
) -> None:
    put_in_force(monkeypatch, weeks_kept=weeks_kept)
    for back in range(3):
        day = MONDAY - timedelta(weeks=back)
        publish_rows([{**book_row(ALICE, 1), "extract_date": day.isoformat()}], as_of=day)
    assert len(weeks(agent=alice, kind=BOOK, now=now)) == weeks_kept
    assert expire_publications(now=now) == 3 - weeks_kept


@pytest.mark.parametrize("release_persons", [1, 2])
def test_how_many_persons_release(
    alice: Agent,
    publish_rows: Publish,
    publisher: Actor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
    release_persons: int,
) -> None:
    put_in_force(monkeypatch, release_persons=release_persons)
    publish_rows([book_row(ALICE, 1)], release=False)
    row = Publication.objects.get()
    if release_persons == 1:
        assert release(publication_id=row.id, by=publisher, now=now).state == PublicationState.RELEASED
        return
    with pytest.raises(UsageRefused, match="second person"):
        release(publication_id=row.id, by=publisher, now=now)


@pytest.mark.parametrize(("book_shrink_rows", "held"), [(20, True), (41, False)])
def test_of_how_many_rows_a_book_must_be_to_have_shrunk(
    alice: Agent, bob: Agent, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch, book_shrink_rows: int, held: bool
) -> None:
    put_in_force(monkeypatch, book_shrink_rows=book_shrink_rows)
    rows = [*(book_row(ALICE, number) for number in range(1, 41)), *(book_row(BOB, number) for number in range(41, 61))]
    publish_rows([{**row, "extract_date": LAST_MONDAY.isoformat()} for row in rows], as_of=LAST_MONDAY)
    if held:
        with pytest.raises(PublicationHeld):
            publish_rows(rows[16:])
        return
    assert publish_rows(rows[16:]).status == "released"
