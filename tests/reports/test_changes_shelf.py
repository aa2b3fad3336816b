"""What changed, through the only door: both weeks must be the agent's own, the gate is asked twice, all is audited."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent, CertificationStatus
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.keyring.ring import shred_agent
from extranet.reports.amend import amend_publication
from extranet.reports.changes.record import Changes
from extranet.reports.changes_shelf import counted, open_changes
from extranet.reports.models import Frame, Publication
from extranet.reports.recall import recall
from extranet.reports.refusals import NoBook
from extranet.reports.seal import CHANGES
from extranet.reports.shelf import weeks
from extranet.vault.sealing import Unopenable
from tests.reports.conftest import Publish, make_agent
from tests.reports.exchange import ALICE, BOB, BOOK, CHARLIE, DORA, LAST_MONDAY, MONDAY, Row, book_row
from tests.reports.weeks import forget_comparison

EARLIER = LAST_MONDAY - timedelta(days=7)
BEFORE = [book_row(ALICE, 1), book_row(ALICE, 2), book_row(BOB, 8), book_row(BOB, 9)]
AFTER = [book_row(ALICE, 1, net_premium="9.00"), book_row(ALICE, 3), book_row(BOB, 8), book_row(BOB, 2)]
OpenChanges = Callable[..., Changes]


class Refused(Exception):
    """What a gate of these tests raises."""


@pytest.fixture
def publish_week(publish_rows: Publish) -> Callable[[list[Row], date], Publication]:
    def run(rows: list[Row], day: date) -> Publication:
        row = publish_rows([{**row, "extract_date": day.isoformat()} for row in rows], as_of=day).publication
        assert row is not None
        return row

    return run


@pytest.fixture
def two_weeks(
    alice: Agent, bob: Agent, charlie: Agent, publish_week: Callable[[list[Row], date], Publication]
) -> tuple[Publication, Publication]:
    """Last week and this one: Alice's case 2 is Bob's now."""
    return publish_week(BEFORE, LAST_MONDAY), publish_week(AFTER, MONDAY)


@pytest.fixture
def look(now: datetime) -> OpenChanges:
    def run(agent: Agent, week: date | None = None, against: date | None = None, **options: object) -> Changes:
        settled: dict[str, object] = {"actor": Actor("agent", agent.license), "gate": lambda: None, **options}
        return open_changes(agent=agent, kind=BOOK, week=week, against=against, now=now, **settled)  # type: ignore[arg-type]

    return run


def told(changes: Changes) -> list[tuple[str, str, list[str]]]:
    return [(case.state, case.case[-1], [one.name for one in case.all_told()]) for case in changes.cases]


def sealed(agent: Agent, weeks: tuple[Publication, Publication]) -> None:
    """Only this agent was compared when the newer week was published."""
    Frame.objects.filter(publication=weeks[1], frame=CHANGES).exclude(agent=agent).delete()


def test_two_published_weeks_are_compared_while_one_waits(
    two_weeks: tuple[Publication, Publication], alice: Agent, bob: Agent, charlie: Agent, look: OpenChanges
) -> None:
    forget_comparison(two_weeks[1])
    found = look(alice)
    assert (found.before, found.after) == (LAST_MONDAY, MONDAY)
    assert told(found) == [
        ("changed", "1", ["premium_changed"]),
        ("added", "3", ["new_case"]),
        ("gone", "2", ["case_away"]),
    ]
    assert told(look(bob)) == [("added", "2", ["new_case"]), ("gone", "9", ["case_away"])]
    assert look(charlie).cases == ()


def test_the_sealed_comparison_is_opened_for_the_weeks_that_it_speaks_of(
    two_weeks: tuple[Publication, Publication], alice: Agent, bob: Agent, look: OpenChanges, now: datetime
) -> None:
    sealed(alice, two_weeks)
    assert told(look(alice))[-1] == ("gone", "2", ["delegation_ended"])
    assert told(look(alice, MONDAY, LAST_MONDAY))[-1] == ("gone", "2", ["delegation_ended"])
    assert told(look(bob))[-1] == ("gone", "9", ["case_away"])  # has no frame of his own, and gets nobody else's


def test_any_two_weeks_can_be_compared(
    two_weeks: tuple[Publication, Publication],
    alice: Agent,
    look: OpenChanges,
    publish_week: Callable[[list[Row], date], Publication],
    now: datetime,
) -> None:
    sealed(alice, two_weeks)
    publish_week([book_row(ALICE, 3)], EARLIER)
    assert told(look(alice, MONDAY, EARLIER)) == [("added", "1", ["new_case"])]
    assert look(alice, LAST_MONDAY).before == EARLIER
    assert look(alice).before == LAST_MONDAY


def test_after_a_recall_of_the_week_before_the_frame_against_it_is_not_shown(
    two_weeks: tuple[Publication, Publication],
    alice: Agent,
    look: OpenChanges,
    publish_week: Callable[[list[Row], date], Publication],
    publisher: Actor,
    now: datetime,
) -> None:
    sealed(alice, two_weeks)
    recall(publication_id=two_weeks[0].id, by=publisher, now=now)
    with pytest.raises(NoBook):
        look(alice)
    assert counted(agent=alice, open_weeks=weeks(agent=alice, kind=BOOK, now=now)) is None
    publish_week([book_row(ALICE, 1, net_premium="8.00"), book_row(ALICE, 3)], LAST_MONDAY)
    assert told(look(alice)) == [("changed", "1", ["premium_changed"])]


def test_rows_that_were_handed_on_later_are_compared_too(
    alice: Agent,
    look: OpenChanges,
    publish_week: Callable[[list[Row], date], Publication],
    publisher: Actor,
    now: datetime,
) -> None:
    """A frame that was made before they came does not speak for the whole book."""
    dora = make_agent(DORA, "Dora", status=CertificationStatus.PENDING)
    rows = [book_row(DORA, 1), book_row(DORA, 2)]
    others = [book_row(ALICE, number) for number in range(10, 15)]
    two = (publish_week([*rows, *others], LAST_MONDAY), publish_week([rows[0], *others], MONDAY))
    Agent.objects.filter(id=dora.id).update(status=CertificationStatus.CERTIFIED)
    for row in two:
        amend_publication(row, by=publisher, now=now)
    made_before = Frame.objects.filter(publication=two[1], frame=CHANGES).first()
    assert made_before is not None
    made_before.pk, made_before.agent, made_before.owner = None, dora, dora.id
    made_before.save(force_insert=True)  # nothing that could be opened as Dora's
    assert told(look(dora)) == [("gone", "2", ["case_away"])]
    assert counted(agent=dora, open_weeks=weeks(agent=dora, kind=BOOK, now=now)) is None


def test_counts_come_from_the_index_alone(
    two_weeks: tuple[Publication, Publication], alice: Agent, bob: Agent, now: datetime
) -> None:
    sealed(alice, two_weeks)
    shred_agent(alice.id, now=now)  # nothing can be opened any more
    found = counted(agent=alice, open_weeks=weeks(agent=alice, kind=BOOK, now=now))
    assert found is not None
    assert found.against == LAST_MONDAY
    names = ("added", "gone", "changed", "new_case", "delegation_ended", "premium_changed")
    assert found.counts == dict.fromkeys(names, 1)
    assert counted(agent=bob, open_weeks=weeks(agent=bob, kind=BOOK, now=now)) is None


def test_shredded_keys_close_the_changes_too(
    two_weeks: tuple[Publication, Publication], alice: Agent, look: OpenChanges, now: datetime
) -> None:
    sealed(alice, two_weeks)
    shred_agent(alice.id, now=now)
    with pytest.raises(NoBook, match="destroyed for good"):
        look(alice)
    assert Event.objects.get(action=Action.BOOK_REFUSED).subject == ALICE


def test_alices_changes_under_bobs_name_do_not_open(
    two_weeks: tuple[Publication, Publication], alice: Agent, bob: Agent, look: OpenChanges, now: datetime
) -> None:
    sealed(alice, two_weeks)
    Frame.objects.filter(agent=alice, frame="changes").update(agent=bob, owner=bob.id)
    with pytest.raises(Unopenable):
        look(bob)


def test_a_look_is_audited_with_both_weeks_and_how_many_cases(
    two_weeks: tuple[Publication, Publication], alice: Agent, look: OpenChanges
) -> None:
    look(alice)
    event = Event.objects.get(action=Action.CHANGES_VIEWED)
    assert (event.actor, event.subject) == (ALICE, ALICE)
    assert event.detail == {
        "kind": BOOK,
        "as_of": "2026-11-16",
        "publication": str(two_weeks[1].id),
        "against": "2026-11-09",
        "against_publication": str(two_weeks[0].id),
        "cases": 3,
    }


@pytest.mark.parametrize("closes_at", [1, 2])
def test_a_closed_gate_shows_no_change(
    closes_at: int, two_weeks: tuple[Publication, Publication], alice: Agent, look: OpenChanges
) -> None:
    asked = []

    def gate() -> None:
        asked.append(1)
        if len(asked) == closes_at:
            raise Refused

    with pytest.raises(Refused):
        look(alice, gate=gate)
    assert not Event.objects.filter(action=Action.CHANGES_VIEWED).exists()


@pytest.mark.parametrize("which", [0, 1])
def test_a_week_recalled_while_it_is_compared_is_not_shown(
    which: int,
    two_weeks: tuple[Publication, Publication],
    alice: Agent,
    look: OpenChanges,
    publisher: Actor,
    now: datetime,
) -> None:
    asked = []

    def gate() -> None:
        asked.append(1)
        if len(asked) > 1:
            recall(publication_id=two_weeks[which].id, by=publisher, now=now)

    with pytest.raises(NoBook, match="taken back"):
        look(alice, gate=gate)


@pytest.mark.parametrize(
    ("week", "against"),
    [(MONDAY, EARLIER), (EARLIER, None), (LAST_MONDAY, None), (LAST_MONDAY, MONDAY), (MONDAY, MONDAY)],
)
def test_weeks_that_are_not_there_or_in_the_wrong_order_are_refused_and_recorded(
    week: date, against: date | None, two_weeks: tuple[Publication, Publication], alice: Agent, look: OpenChanges
) -> None:
    with pytest.raises(NoBook):
        look(alice, week, against)
    assert Event.objects.get(action=Action.BOOK_REFUSED).detail["reason"] == "no such weeks to compare"


def test_a_week_of_before_the_certification_is_not_compared(
    two_weeks: tuple[Publication, Publication], look: OpenChanges
) -> None:
    dora = make_agent(DORA, "Dora")
    Agent.objects.filter(id=dora.id).update(certified_on=MONDAY)
    dora.refresh_from_db()
    with pytest.raises(NoBook):
        look(dora, MONDAY, LAST_MONDAY)


def test_a_manager_compares_the_weeks_since_the_agent_joined_only(
    two_weeks: tuple[Publication, Publication],
    alice: Agent,
    bob: Agent,
    charlie: Agent,
    look: OpenChanges,
    now: datetime,
) -> None:
    agency = Agency.objects.create(license="0K00001", name="Example Agency")
    long_ago = datetime(2026, 1, 5, tzinfo=UTC)
    AgencyMembership.objects.create(agent=alice, agency=agency, role=AgencyRole.AGENCY_MANAGER, from_at=long_ago)
    joined = AgencyMembership.objects.create(agent=bob, agency=agency, role=AgencyRole.AGENT, from_at=long_ago)
    reader = Actor("agent", ALICE)
    assert len(look(bob, manager=alice, actor=reader).cases) == 2
    Publication.objects.filter(id=two_weeks[0].id).update(released_at=now - timedelta(days=7))
    AgencyMembership.objects.filter(id=joined.id).update(from_at=now - timedelta(days=1))
    with pytest.raises(NoBook):
        look(bob, manager=alice, actor=reader)
    with pytest.raises(NoBook):
        look(charlie, manager=alice, actor=reader)
    assert CHARLIE in Event.objects.filter(action=Action.BOOK_REFUSED).values_list("subject", flat=True)
