"""What a publication tells each agent of the week before: sealed for that agent, against what was released then."""

from collections.abc import Iterable
from datetime import date, datetime

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.keyring.ring import shred_agent
from extranet.mail.models import OutboxMail
from extranet.reports.changes.record import Changes
from extranet.reports.changes_shelf import open_changes
from extranet.reports.files_verify import verify_files
from extranet.reports.models import Frame, Publication
from extranet.reports.ready import post_ready_mails
from extranet.reports.recall import recall
from extranet.reports.seal import CHANGES
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, LAST_MONDAY, MONDAY, Row, book_row

BEFORE = [book_row(ALICE, 1), book_row(ALICE, 2), book_row(ALICE, 3), book_row(BOB, 4)]  # cases by number
AFTER = [
    book_row(ALICE, 1, net_premium="99.00"),  # changed
    book_row(BOB, 2),  # moved from Alice to Bob
    book_row(BOB, 4),  # as it was
    book_row(ALICE, 5),  # new
]  # number 3 is gone for good


def of_week(rows: Iterable[Row], week: date) -> list[Row]:
    return [{**row, "extract_date": week.isoformat(), "last_updated": f"{week}T03:00:00Z"} for row in rows]


def two_weeks(publish_rows: Publish, before: list[Row] = BEFORE, after: list[Row] = AFTER) -> Publication:
    publish_rows(of_week(before, LAST_MONDAY), as_of=LAST_MONDAY)
    outcome = publish_rows(of_week(after, MONDAY), as_of=MONDAY, release=False)
    assert outcome.publication is not None
    return outcome.publication


@pytest.fixture
def published(alice: Agent, bob: Agent, publish_rows: Publish, publisher: Actor, now: datetime) -> Publication:
    row = two_weeks(publish_rows)
    publish_rows(of_week(AFTER, MONDAY), as_of=MONDAY)
    row.refresh_from_db()
    return row


def changes_of(agent: Agent, now: datetime) -> Changes:
    return open_changes(
        agent=agent,
        kind="book-of-business",
        week=None,
        against=None,
        actor=Actor("agent", agent.license),
        now=now,
        gate=lambda: None,
    )


def told(changes: Changes) -> dict[str, list[str]]:
    return {case.case[-1]: [one.name for one in case.all_told()] for case in changes.cases}


def test_each_agent_is_told_the_own_changes_only(
    published: Publication, alice: Agent, bob: Agent, now: datetime
) -> None:
    for_alice, for_bob = told(changes_of(alice, now)), told(changes_of(bob, now))
    assert set(for_alice) == {"1", "2", "3", "5"}
    assert set(for_bob) == {"2"}
    assert for_alice == {
        "1": ["premium_changed"],
        "2": ["delegation_ended"],
        "3": ["no_longer_reported"],
        "5": ["new_case"],
    }


def test_the_loser_of_a_case_is_told_its_number_and_nothing_of_its_rows(
    published: Publication, alice: Agent, now: datetime
) -> None:
    (lost,) = [case for case in changes_of(alice, now).cases if case.case.endswith("2")]
    assert (lost.state, list(lost.rows)) == ("gone", [])
    assert BOB not in repr(lost)


def test_counts_stand_in_the_index_and_the_frames_hold_the_rest(
    published: Publication, alice: Agent, bob: Agent
) -> None:
    frames = {frame.agent_id: frame for frame in Frame.objects.filter(publication=published, frame=CHANGES)}
    counts = {agent.first_name: frames[agent.id].counts for agent in (alice, bob)}
    assert {name: counts["Alice"][name] for name in ("added", "gone", "changed")} == {
        "added": 1,
        "gone": 2,
        "changed": 1,
    }
    assert counts["Bob"]["added"] == 1
    assert published.compared_with == Publication.objects.get(as_of=LAST_MONDAY).id
    assert (published.changes["added"], published.changes["gone"]) == (2, 2)
    assert published.manifest["changes"] == published.changes
    assert verify_files().faults == []


def test_who_lost_everything_is_told_so(alice: Agent, bob: Agent, publish_rows: Publish, now: datetime) -> None:
    after = [book_row(ALICE, number) for number in (1, 2, 3)]
    two_weeks(publish_rows, after=after)
    publish_rows(of_week(after, MONDAY), as_of=MONDAY)
    assert {case.state for case in changes_of(bob, now).cases} == {"gone"}


def test_the_first_week_of_all_has_nothing_to_compare_with(alice: Agent, publish_rows: Publish) -> None:
    publish_rows([book_row(ALICE, 1)])
    row = Publication.objects.get()
    assert (row.compared_with, row.changes, row.frames.filter(frame=CHANGES).count()) == (None, {}, 0)


def test_a_recalled_week_is_not_compared_with(
    alice: Agent, bob: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    publish_rows(of_week(BEFORE, date(2026, 11, 2)), as_of=date(2026, 11, 2))
    publish_rows(of_week(BEFORE, LAST_MONDAY), as_of=LAST_MONDAY)
    recall(publication_id=Publication.objects.get(as_of=LAST_MONDAY).id, by=publisher, now=now)
    publish_rows(of_week(AFTER, MONDAY), as_of=MONDAY)
    assert Publication.objects.get(as_of=MONDAY).compared_with == Publication.objects.get(as_of=date(2026, 11, 2)).id


def test_an_agent_whose_keys_were_destroyed_gets_no_comparison_and_stops_nothing(
    alice: Agent, bob: Agent, publish_rows: Publish, now: datetime
) -> None:
    publish_rows(of_week(BEFORE, LAST_MONDAY), as_of=LAST_MONDAY)
    shred_agent(alice.id, now=now)
    assert publish_rows(of_week(AFTER, MONDAY), as_of=MONDAY).status == "released"
    told_of = set(Frame.objects.filter(frame=CHANGES).values_list("agent_id", flat=True))
    assert told_of == {bob.id}


def test_the_ready_mail_carries_counts_and_no_consumer(published: Publication, alice: Agent, now: datetime) -> None:
    post_ready_mails(publication_id=published.id, now=now)
    mails = OutboxMail.objects.filter(kind="book_ready", key__endswith=str(alice.id), key__contains=str(published.id))
    assert mails.count() == 1


def test_volatile_columns_alone_are_no_change(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    rows = [book_row(ALICE, 1), book_row(ALICE, 2)]
    publish_rows(of_week(rows, LAST_MONDAY), as_of=LAST_MONDAY)
    publish_rows(of_week(list(reversed(rows)), MONDAY), as_of=MONDAY)
    assert changes_of(alice, now).cases == ()


def test_a_trial_writes_no_comparison(alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime) -> None:
    publish_rows(of_week(BEFORE, LAST_MONDAY), as_of=LAST_MONDAY)
    before = Frame.objects.count()
    assert publish_rows(of_week(AFTER, MONDAY), as_of=MONDAY, release=False, dry_run=True).status == "checked"
    assert Frame.objects.count() == before
