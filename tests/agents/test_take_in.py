"""A roster becomes the list of agents: whole, once, and with everything it did in the trail."""

import io
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

from extranet.agents.models import Agency, Agent, CertificationStatus, RosterImport
from extranet.agents.roster import (
    Kind,
    RosterDropsTooMany,
    RosterRefused,
    TakenIn,
    import_roster,
    preview,
    take_in,
)
from extranet.audit.models import Event
from extranet.mail.models import OutboxMail
from extranet.profile.loader import current
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, OPERATOR, Row, agent, as_csv, read, roster_of

pytestmark = pytest.mark.django_db
Take = Callable[..., TakenIn]
WEEK = timedelta(days=7)
TODAY = date(2026, 11, 16)


def crowd(number: int) -> list[Row]:
    """That many agents beside Charlie, all certified."""
    return [{**CHARLIE, "license": f"40{n:05}", "email": f"a{n}@example.net"} for n in range(number)]


def events() -> list[tuple[str, str]]:
    return list(Event.objects.order_by("id").values_list("action", "subject"))


def name_of(row: Row) -> str:
    return current().username_prefix + row["license"]


def test_a_first_roster_makes_agents_agencies_and_one_event_each(take: Take, now: datetime) -> None:
    result = take(*EVERYBODY)
    assert [d.license for d in result.preview.added] == ["1H12345", "0E12345", "4012345"]
    alice = agent(ALICE)
    assert (alice.full_name, alice.status, alice.certified_on) == ("Alice Nuñez-Ortega", "certified", date(2026, 11, 2))
    assert (alice.email, alice.roster_email, alice.created_at) == ("alice@example.org", "alice@example.org", now)
    assert Agency.objects.get().name == "Harbor Insurance"
    assert events() == [
        ("roster:import:done", str(result.roster_import.id)),
        *(("agent:roster:added", name_of(row)) for row in EVERYBODY),
    ]
    assert result.roster_import.imported_by == "os:operator"
    assert {a.license for a in result.access_begun} == {"1H12345", "0E12345", "4012345"}


def test_the_same_content_again_changes_nothing(take: Take, now: datetime) -> None:
    first = take(*EVERYBODY)
    again = take(*EVERYBODY, at=now + WEEK)
    assert (again.is_new, again.roster_import) == (False, first.roster_import)
    assert Event.objects.count() == 4
    assert RosterImport.objects.count() == 1


def test_the_same_agents_in_another_file_are_an_import_without_changes(take: Take, now: datetime) -> None:
    take(*EVERYBODY)
    again = take(*reversed(EVERYBODY), at=now + WEEK)
    assert again.is_new
    assert again.preview.changes_nothing
    assert events()[4:] == [("roster:import:done", str(again.roster_import.id))]


def test_an_older_content_is_taken_in_again(take: Take, now: datetime) -> None:
    take(*EVERYBODY)
    take(ALICE, BOB, at=now + WEEK)
    assert take(*EVERYBODY, at=now + 2 * WEEK).is_new
    assert agent(CHARLIE).is_certified


def test_the_preview_tells_what_the_import_then_does_and_changes_nothing(take: Take, now: datetime) -> None:
    take(*EVERYBODY)
    next_week = roster_of({**ALICE, "last_name": "Ortega"}, {**BOB, "status": "suspended"}, *crowd(1))
    seen = preview(next_week, today=TODAY)
    assert Agent.objects.filter(status=CertificationStatus.CERTIFIED).count() == 3
    assert seen.changed[0].fields == {"last_name": ("Nuñez-Ortega", "Ortega")}
    assert seen.suspended[0].fields == {"status": ("certified", "suspended")}
    assert (seen.added[0].license, seen.absent[0].license) == ("4000000", "4012345")
    done = take_in(next_week, by=OPERATOR, now=now, allow_drop=True)
    assert done.preview == seen
    assert done.roster_import.counts == {**seen.counts, "marked_existing": 0}


@pytest.mark.parametrize("status", ["suspended", "decertified", "pending"])
def test_who_is_no_longer_certified_loses_access_and_is_handed_to_the_caller(take: Take, status: str) -> None:
    take(*EVERYBODY)
    result = take(ALICE, {**BOB, "status": status, "status_on": "2026-11-16"}, CHARLIE)
    assert [a.license for a in result.access_ended] == ["0E12345"]
    assert (agent(BOB).status, agent(BOB).status_on) == (status, TODAY)
    assert agent(ALICE).is_certified


def test_a_missing_license_counts_as_decertified_with_its_reason(take: Take, now: datetime) -> None:
    take(*EVERYBODY)
    result = take(ALICE, CHARLIE)
    bob = agent(BOB)
    assert (bob.status, bob.status_reason, bob.status_on) == ("decertified", "absent", TODAY)
    assert [a.license for a in result.access_ended] == ["0E12345"]
    event = Event.objects.get(action="agent:certification:ended")
    assert (event.subject, event.detail["reason"]) == (name_of(BOB), "absent")
    assert take(CHARLIE, ALICE, at=now + WEEK).preview.changes_nothing


@pytest.mark.parametrize("before", [[ALICE, CHARLIE], [ALICE, {**BOB, "status": "suspended"}, CHARLIE]])
def test_who_is_certified_again_is_the_same_agent(take: Take, before: list[Row]) -> None:
    take(*EVERYBODY)
    bob = agent(BOB)
    take(*before)
    result = take(*EVERYBODY)
    assert [d.license for d in result.preview.recertified] == ["0E12345"]
    assert [a.id for a in result.access_begun] == [bob.id]
    assert (agent(BOB).id, agent(BOB).is_certified, agent(BOB).status_reason) == (bob.id, True, "")
    assert Event.objects.filter(action="agent:certification:renewed", subject=name_of(BOB)).count() == 1


def test_a_pending_agent_becomes_certified_and_begins(take: Take) -> None:
    take({**ALICE, "status": "pending", "certified_on": "", "status_on": ""}, CHARLIE)
    assert agent(ALICE).certified_on == TODAY  # unknown until certified, and never read before
    result = take(ALICE, CHARLIE)
    assert [a.license for a in result.access_begun] == ["1H12345"]
    assert agent(ALICE).certified_on == date(2026, 11, 2)


def test_a_file_that_drops_too_many_is_refused_and_changes_nothing(take: Take, now: datetime) -> None:
    rows = crowd(20)
    take(*rows)
    wrong = as_csv([{**rows[0], "status": "decertified"}, *rows[1:18]])
    with pytest.raises(RosterDropsTooMany, match="would end the certification of 3 of 20 agents, more than 10%"):
        import_roster(file=io.BytesIO(wrong), name="wrong.csv", by=OPERATOR, now=now)
    assert Agent.objects.filter(status=CertificationStatus.CERTIFIED).count() == 20
    assert RosterImport.objects.count() == 1
    assert events()[-1] == ("roster:import:refused", "wrong.csv")


def test_the_share_itself_passes(take: Take) -> None:
    rows = crowd(20)
    take(*rows)
    assert len(take(*rows[:18], allow_drop=False).access_ended) == 2


def test_a_named_person_may_allow_the_drop_and_stands_in_the_trail(take: Take) -> None:
    rows = crowd(20)
    take(*rows)
    take(*rows[:10], allow_drop=True)
    event = Event.objects.filter(action="roster:import:done").latest("id")
    assert (event.actor, event.detail["allowed_drop"], event.detail["absent"]) == ("os:operator", True, 10)


def test_suspensions_are_no_drop(take: Take) -> None:
    rows = crowd(4)
    take(*rows)
    assert take(*({**row, "status": "suspended"} for row in rows), allow_drop=False).preview.dropped == 0


def test_a_faulty_row_changes_nothing_and_is_recorded(take: Take, now: datetime) -> None:
    take(ALICE)
    data = as_csv([{**ALICE, "last_name": "Changed"}, {**BOB, "email": "nobody"}])
    with pytest.raises(RosterRefused):
        import_roster(file=io.BytesIO(data), name="roster.csv", by=OPERATOR, now=now)
    assert agent(ALICE).last_name == "Nuñez-Ortega"
    assert not Agent.objects.filter(license="0E12345").exists()
    assert events()[-1] == ("roster:import:refused", "roster.csv")


def test_a_crash_in_the_middle_leaves_nothing_half_done(now: datetime) -> None:
    """Agents and agencies are written, then the database refuses a membership."""
    broken = roster_of(*EVERYBODY)
    object.__setattr__(broken.rows[0], "role", None)
    with pytest.raises(Exception, match="role"):
        take_in(broken, by=OPERATOR, now=now)
    assert (Agent.objects.count(), Agency.objects.count(), RosterImport.objects.count()) == (0, 0, 0)


def test_a_blank_status_day_keeps_the_known_one_and_else_is_today(take: Take) -> None:
    take(ALICE, BOB, CHARLIE)
    take({**ALICE, "status_on": ""}, {**BOB, "status": "suspended", "status_on": ""}, CHARLIE)
    assert (agent(ALICE).status_on, agent(BOB).status_on) == (date(2026, 11, 2), TODAY)


def test_today_is_the_day_in_the_exchanges_zone(take: Take) -> None:
    """Tuesday in UTC, still Monday evening in Los Angeles."""
    take(*EVERYBODY)
    take(ALICE, CHARLIE, at=datetime(2026, 11, 17, 7, 59, tzinfo=UTC))
    assert agent(BOB).status_on == date(2026, 11, 16)


def test_the_cutover_marks_who_was_certified_before(now: datetime) -> None:
    new = {**CHARLIE, "certified_on": "2026-11-10"}
    result = take_in(roster_of(ALICE, new), by=OPERATOR, now=now, cutover=date(2026, 11, 10))
    assert (agent(ALICE).existing, agent(CHARLIE).existing) == (True, False)
    assert result.roster_import.counts["marked_existing"] == 1


def test_a_forgotten_cutover_can_be_told_later_with_the_same_file(take: Take, now: datetime) -> None:
    take(*EVERYBODY)
    late = take_in(roster_of(*EVERYBODY), by=OPERATOR, now=now, cutover=date(2026, 11, 10))
    assert (late.is_new, late.roster_import.counts["marked_existing"]) == (True, 3)
    assert not take_in(roster_of(*EVERYBODY), by=OPERATOR, now=now, cutover=date(2026, 11, 10)).is_new


def test_a_new_license_with_the_number_of_an_absent_producer_is_pointed_out(take: Take) -> None:
    take(*EVERYBODY)
    seen = preview(roster_of({**ALICE, "license": "1H99999"}, BOB, CHARLIE), today=TODAY)
    assert seen.perhaps_renamed == (("1H12345", "1H99999"),)


def test_a_large_roster_needs_a_handful_of_queries(
    take: Take, now: datetime, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    rows = [{**ALICE, "license": f"40{n:05}", "npn": str(n), "agency_license": f"0K{n % 50:05}"} for n in range(900)]
    with django_assert_max_num_queries(80):
        take(*rows)
    changed = [{**row, "phone": "9165550100", "agency_license": "0K00001"} for row in rows]
    with django_assert_max_num_queries(80):
        result = take(*changed, at=now + WEEK)
    assert len(result.preview.of(Kind.CHANGED)) == 900


def test_an_import_mails_nobody(take: Take) -> None:
    take(*EVERYBODY)
    take(ALICE, {**BOB, "status": "suspended"})
    assert not OutboxMail.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_imports_at_once_one_wins_and_the_other_sees_the_same_content(now: datetime) -> None:
    """On SQLite the second waits for the write lock, on PostgreSQL for the roster's own lock."""
    start, results = threading.Barrier(2), list[TakenIn]()

    def run() -> None:
        roster = read(as_csv(EVERYBODY))
        start.wait()
        results.append(take_in(roster, by=OPERATOR, now=now))
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert sorted(result.is_new for result in results) == [False, True]
    assert (Agent.objects.count(), RosterImport.objects.count(), Event.objects.count()) == (3, 1, 4)


def test_the_roster_leaves_the_language_that_an_agent_chose(take: Take) -> None:
    take(*EVERYBODY)
    Agent.objects.filter(license=ALICE["license"]).update(language="es")
    take({**ALICE, "last_name": "Ortega"}, BOB, CHARLIE)
    alice = Agent.objects.get(license=ALICE["license"])
    assert (alice.last_name, alice.language) == ("Ortega", "es")
