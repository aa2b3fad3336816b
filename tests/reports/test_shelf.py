"""The only door: the agent is part of the query, the gate is asked twice, and without an event there is no book."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import DatabaseError, connection
from pytest_django import Settings

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.keyring.ring import shred_agent
from extranet.reports.book import Query
from extranet.reports.models import Frame
from extranet.reports.recall import recall
from extranet.reports.refusals import NoBook, NothingPublished
from extranet.reports.shelf import download, managed, newest, open_book, weeks, weeks_of
from extranet.vault.sealing import Unopenable
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import ALICE, BOB, BOOK, CHARLIE, DORA, LAST_MONDAY, MONDAY, Row, book_row

READER = Actor("agent", "CC_1H10001", "192.0.2.0/24")


class Refused(Exception):
    """What a gate of these tests raises."""


def rows_of(day: date, *rows: Row) -> list[Row]:
    return [{**row, "extract_date": day.isoformat()} for row in rows]


def test_a_look_is_audited_with_rows_and_publication(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    row = publish_rows([book_row(ALICE, 1), book_row(ALICE, 2)]).publication
    assert row is not None
    open_book(agent=alice, kind=BOOK, week=None, actor=READER, now=now, gate=lambda: None)
    event = Event.objects.get(action=Action.BOOK_VIEWED)
    assert (event.actor, event.subject, event.network) == ("CC_1H10001", ALICE, "192.0.2.0/24")
    assert event.detail == {"kind": BOOK, "as_of": "2026-11-16", "publication": str(row.id), "rows": 2}


def test_a_download_holds_the_filtered_view_and_is_audited_with_its_bytes(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows([book_row(ALICE, 1, first_name="Luis"), book_row(ALICE, 2)])
    file = download(
        agent=alice,
        kind=BOOK,
        week=None,
        query=Query(search="luis"),
        format="csv",
        actor=READER,
        now=now,
        gate=lambda: None,
    )
    assert file.name == f"book-of-business-2026-11-16-{ALICE}.csv"
    assert file.rows == 1
    assert "Luis" in file.body.decode()
    assert "María" not in file.body.decode()
    detail = Event.objects.get(action=Action.BOOK_DOWNLOADED).detail
    assert (detail["rows"], detail["bytes"], detail["format"]) == (1, len(file.body), "csv")


def test_a_closed_gate_opens_no_book(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    publish_rows([book_row(ALICE, 1)])

    def gate() -> None:
        raise Refused

    with pytest.raises(Refused):
        open_book(agent=alice, kind=BOOK, week=None, actor=READER, now=now, gate=gate)
    assert not Event.objects.filter(action=Action.BOOK_VIEWED).exists()


def test_a_gate_that_closes_in_the_middle_of_a_download_stops_it(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows([book_row(ALICE, 1)])
    asked = []

    def gate() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise Refused

    with pytest.raises(Refused):
        download(agent=alice, kind=BOOK, week=None, query=Query(), format="csv", actor=READER, now=now, gate=gate)
    assert not Event.objects.filter(action=Action.BOOK_DOWNLOADED).exists()


@pytest.mark.django_db(transaction=True)
def test_without_the_audit_event_there_is_no_book(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    publish_rows([book_row(ALICE, 1)])
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_events RENAME TO audit_events_away")
    try:
        with pytest.raises(DatabaseError):
            open_book(agent=alice, kind=BOOK, week=None, actor=READER, now=now, gate=lambda: None)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE audit_events_away RENAME TO audit_events")


def test_a_week_recalled_while_it_is_opened_is_not_shown(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    row = publish_rows([book_row(ALICE, 1)]).publication
    assert row is not None
    asked = []

    def gate() -> None:
        asked.append(1)
        if len(asked) > 1:
            recall(publication_id=row.id, by=publisher, now=now)

    with pytest.raises(NoBook, match="taken back"):
        open_book(agent=alice, kind=BOOK, week=None, actor=READER, now=now, gate=gate)


@pytest.mark.parametrize("week", [None, MONDAY, date(2020, 1, 6)])
def test_where_nothing_was_published_there_is_no_book_and_nobody_is_refused(
    week: date | None, alice: Agent, open_for: Open, now: datetime
) -> None:
    assert newest(BOOK) is None
    assert weeks(agent=alice, kind=BOOK, now=now) == []
    with pytest.raises(NothingPublished):
        open_for(alice, week=week)
    assert not Event.objects.exists()


def test_past_weeks_are_those_with_rows_or_since_the_certification(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    dora = make_agent(DORA, "Dora")
    Agent.objects.filter(id=dora.id).update(certified_on=MONDAY)
    dora.refresh_from_db()
    publish_rows(rows_of(LAST_MONDAY, book_row(ALICE, 1)), as_of=LAST_MONDAY)
    publish_rows(rows_of(MONDAY, book_row(BOB, 2)))
    shown = {
        agent.license: [week.as_of for week in weeks(agent=agent, kind=BOOK, now=now)] for agent in (alice, bob, dora)
    }
    assert shown == {ALICE: [MONDAY, LAST_MONDAY], BOB: [MONDAY, LAST_MONDAY], DORA: [MONDAY]}
    assert open_for(bob, week=LAST_MONDAY).rows == []
    with pytest.raises(NoBook):
        open_for(dora, week=LAST_MONDAY)
    newest_week, last_week = weeks(agent=alice, kind=BOOK, now=now)
    assert (newest_week.current, newest_week.rows, last_week.current, last_week.cases) == (True, 0, False, 1)


def test_only_as_many_weeks_as_policy_keeps(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    days = [MONDAY - timedelta(weeks=back) for back in range(10)]
    for day in days:
        publish_rows(rows_of(day, book_row(ALICE, 1)), as_of=day)
    assert [week.as_of for week in weeks(agent=alice, kind=BOOK, now=now)] == days[:8]


def test_a_past_week_opens_with_the_columns_it_had(
    alice: Agent, publish_rows: Publish, open_for: Open, settings: Settings
) -> None:
    publish_rows([book_row(ALICE, 1)])
    columns = [column.key for column in open_for(alice).columns]
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": "tests/profiles/evergreen"})
    assert [column.key for column in open_for(alice).columns] == columns


def test_bobs_frame_under_alices_name_does_not_open(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open
) -> None:
    """Whoever can write the index still cannot read: the key is bound to its owner."""
    publish_rows([book_row(ALICE, 1), book_row(BOB, 2)])
    stolen = Frame.objects.get(agent=bob)
    Frame.objects.filter(agent=alice).update(
        owner=alice.id, offset=stolen.offset, length=stolen.length, wrapped_key=bytes(stolen.wrapped_key)
    )
    with pytest.raises(Unopenable):
        open_for(alice)


def test_shredded_keys_close_all_books_of_that_agent_only(
    alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows([book_row(ALICE, 1), book_row(BOB, 2)])
    shred_agent(alice.id, now=now)
    with pytest.raises(NoBook, match="destroyed for good"):
        open_for(alice)
    assert len(open_for(bob).rows) == 1


@pytest.fixture
def agency(alice: Agent, bob: Agent, charlie: Agent) -> Agency:
    """Alice manages; Bob has always been a member; Charlie is nobody's."""
    made = Agency.objects.create(license="0K00001", name="Example Agency")
    since = datetime(2026, 1, 5, tzinfo=UTC)
    for agent, role in ((alice, AgencyRole.AGENCY_MANAGER), (bob, AgencyRole.AGENT)):
        AgencyMembership.objects.create(agent=agent, agency=made, role=role, from_at=since)
    return made


def test_a_manager_opens_the_book_of_an_agent_of_the_agency(
    agency: Agency, alice: Agent, publish_rows: Publish, open_for: Open, now: datetime
) -> None:
    publish_rows([book_row(BOB, 2)])
    agent = managed(manager=alice, license=BOB.lower(), kind=BOOK, week=None, actor=READER, now=now)
    assert len(open_for(agent, actor=READER).rows) == 1
    assert Event.objects.filter(action=Action.BOOK_VIEWED, actor="CC_1H10001", subject=BOB).exists()
    assert [week.as_of for week in weeks_of(manager=alice, agent=agent, kind=BOOK, now=now)] == [MONDAY]


@pytest.mark.parametrize("license", [CHARLIE, DORA, "", "' OR 1=1"])
def test_a_manager_opens_nobody_elses_book_and_learns_nothing(
    license: str, agency: Agency, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows([book_row(BOB, 2), book_row(CHARLIE, 3)])
    with pytest.raises(NoBook) as caught:
        managed(manager=alice, license=license, kind=BOOK, week=None, actor=READER, now=now)
    assert caught.value.lines == ["there is no such book in your agency"]
    assert Event.objects.get(action=Action.BOOK_REFUSED).detail["reason"].startswith("not a member")


def test_an_agent_who_is_no_manager_opens_nobodys_book(
    agency: Agency, alice: Agent, bob: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows([book_row(ALICE, 1)])
    with pytest.raises(NoBook):
        managed(manager=bob, license=ALICE, kind=BOOK, week=None, actor=READER, now=now)


@pytest.mark.parametrize(
    ("joined", "left", "may"),
    [
        (timedelta(days=-30), None, True),
        (timedelta(hours=1), None, False),  # joined after the switch
        (timedelta(days=-30), timedelta(hours=1), False),  # left since
    ],
)
def test_membership_counts_today_and_at_the_switch(
    joined: timedelta,
    left: timedelta | None,
    may: bool,
    agency: Agency,
    alice: Agent,
    bob: Agent,
    publish_rows: Publish,
    now: datetime,
) -> None:
    publish_rows([book_row(BOB, 2)])
    AgencyMembership.objects.filter(agent=bob).update(from_at=now + joined, until_at=now + left if left else None)
    later = now + timedelta(hours=2)
    found = weeks_of(manager=alice, agent=bob, kind=BOOK, now=later)
    assert bool(found) is may
    if not may:
        with pytest.raises(NoBook):
            managed(manager=alice, license=BOB, kind=BOOK, week=MONDAY, actor=READER, now=later)


def test_books_of_another_kind_are_not_mixed_up(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    row = publish_rows([book_row(ALICE, 1)]).publication
    assert newest(BOOK) == row
    assert newest("conditional-eligibility") is None


def test_a_query_is_frozen() -> None:
    assert replace(Query(), page=2).page == 2
