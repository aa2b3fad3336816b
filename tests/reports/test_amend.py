"""Rows that waited become the agent's who is certified after the publication; nobody else's, and once."""

from datetime import datetime

import pytest

from extranet.agents.models import Agent, CertificationStatus, FormerLicense
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.keyring.ring import KeyDestroyed
from extranet.reports import amend as amending
from extranet.reports.amend import amend
from extranet.reports.files_verify import verify_files
from extranet.reports.forget import forget_books
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication
from extranet.reports.owner import waiting_owner
from extranet.reports.publish import publish
from extranet.reports.seal import handle_for
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import ALICE, BOOK, CHARLIE, DORA, LAST_MONDAY, MONDAY, book_row, csv_file

ROSTER = Actor("system", "timetable")
ROWS = [book_row(ALICE, 1), book_row(DORA, 2), book_row(DORA, 3), book_row(CHARLIE, 4)]


def test_a_newly_certified_agent_gets_the_rows_that_waited(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows([{**row, "extract_date": "2026-11-09"} for row in ROWS], as_of=LAST_MONDAY)
    publish_rows(ROWS)
    dora = make_agent(DORA, "Dora")
    assert open_for(dora).rows == []
    assert amend(by=ROSTER, now=now) == 2
    for week in (LAST_MONDAY, MONDAY):
        book = open_for(dora, week=week)
        assert {book.at(row, "agent_license") for row in book.rows} == {DORA}
        assert len(book.rows) == 2
    assert len(open_for(alice).rows) == 1
    assert Event.objects.filter(action=Action.PUBLICATION_AMENDED, actor="timetable").count() == 2


def test_amended_again_nothing_happens(alice: Agent, publish_rows: Publish, open_for: Open, now: datetime) -> None:
    publish_rows(ROWS)
    dora = make_agent(DORA, "Dora")
    assert [amend(by=ROSTER, now=now) for _ in range(2)] == [1, 0]
    assert len(open_for(dora).rows) == 2


@pytest.mark.parametrize("status", [CertificationStatus.PENDING, CertificationStatus.SUSPENDED])
def test_who_is_not_certified_gets_nothing(
    status: CertificationStatus, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows(ROWS)
    make_agent(DORA, "Dora", status=status)
    assert amend(by=ROSTER, now=now) == 0


def test_killed_between_amendment_and_index_the_next_run_finishes(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_rows(ROWS)
    dora = make_agent(DORA, "Dora")
    with monkeypatch.context() as patch:
        patch.setattr(amending, "_index_row", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            amend(by=ROSTER, now=now)
    assert open_for(dora).rows == []
    assert amend(by=ROSTER, now=now) == 1
    assert len(open_for(dora).rows) == 2


def test_an_amendment_is_signed_beside_the_pack_and_the_manifest_stays(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows(ROWS)
    before = Publication.objects.get()
    make_agent(DORA, "Dora")
    amend(by=ROSTER, now=now)
    frame = Frame.objects.get(frame="amended")
    assert store().names() == [
        before.pack,
        f"{before.pack}.amended-{frame.owner}.json",
        f"{before.pack}.manifest.json",
    ]
    assert Publication.objects.get().manifest == before.manifest
    assert verify_files().faults == []


def test_an_agent_certified_while_a_file_is_published_is_not_forgotten(
    alice: Agent, now: datetime, open_for: Open, publisher: Actor
) -> None:
    def certify(stage: str, _done: int, _total: int) -> None:
        if stage == "sign":
            make_agent(DORA, "Dora")

    publish(kind=BOOK, source=csv_file(ROWS), as_of=MONDAY, by=publisher, now=now, release=True, progress=certify)
    assert len(open_for(Agent.objects.get(license=DORA)).rows) == 2


def test_rows_that_waited_for_a_forgotten_agent_stay_closed_for_everybody(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows(ROWS)
    dora = make_agent(DORA, "Dora")
    amend(by=ROSTER, now=now)
    assert len(open_for(dora).rows) == 2
    assert forget_books(DORA, by=ROSTER, now=now) == 2  # Dora's own key, and that of the rows that waited
    for frame in Frame.objects.filter(owner=waiting_owner(DORA)):  # as it waited, and as it was handed over
        with pytest.raises(KeyDestroyed):
            handle_for(frame.frame, frame.holder, frame.key_version)
    assert len(open_for(alice).rows) == 1
    charlie = make_agent(CHARLIE, "Charlie")
    assert amend(by=ROSTER, now=now) == 1  # the neighbour who waited beside Dora
    assert len(open_for(charlie).rows) == 1


def test_rows_forgotten_before_their_agent_came_are_not_handed_over(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows(ROWS)
    assert [forget_books(typed, by=ROSTER, now=now) for typed in (f" {DORA.lower()} ", DORA)] == [1, 0]
    dora, charlie = make_agent(DORA, "Dora"), make_agent(CHARLIE, "Charlie")
    assert amend(by=ROSTER, now=now) == 1
    assert (open_for(dora).rows, len(open_for(charlie).rows)) == ([], 1)
    assert verify_files().faults == []
    assert Event.objects.filter(action=Action.KEYS_SHREDDED, subject=DORA).count() == 1


def test_a_renamed_agent_is_forgotten_under_the_former_license_too(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows(ROWS)
    dora = make_agent("4000077", "Dora")
    FormerLicense.objects.create(license=DORA, agent=dora, renamed_at=now)
    assert forget_books("4000077", by=ROSTER, now=now) == 1
    assert amend(by=ROSTER, now=now) == 0
    assert open_for(dora).rows == []


def test_a_forgotten_agent_gets_the_rows_of_the_next_publication(
    alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows([{**row, "extract_date": "2026-11-09"} for row in ROWS], as_of=LAST_MONDAY)
    forget_books(DORA, by=ROSTER, now=now)
    publish_rows(ROWS)
    dora = make_agent(DORA, "Dora")
    assert amend(by=ROSTER, now=now) == 1
    assert len(open_for(dora, week=MONDAY).rows) == 2
