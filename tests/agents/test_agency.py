"""Who belonged to which agency, and when."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from extranet.agents.agency import is_member_at, managed_by, manages, open_membership
from extranet.agents.models import Agency
from extranet.agents.roster import TakenIn
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, agent

pytestmark = pytest.mark.django_db
Take = Callable[..., TakenIn]
WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)
OTHER = {"agency_license": "0K99999", "agency_name": "Valley Insurance"}


@pytest.fixture(autouse=True)
def _everybody(take: Take) -> None:
    take(*EVERYBODY)


def test_a_manager_manages_the_others_of_the_agency_and_no_stranger(now: datetime) -> None:
    assert manages(agent(ALICE), agent(BOB), now)
    assert not manages(agent(ALICE), agent(CHARLIE), now)
    assert [*managed_by(agent(ALICE), now)] == [agent(BOB)]


def test_nobody_else_manages_and_nobody_manages_oneself(now: datetime) -> None:
    assert not manages(agent(BOB), agent(ALICE), now)
    assert not manages(agent(CHARLIE), agent(BOB), now)
    assert not manages(agent(ALICE), agent(ALICE), now)


def test_a_manager_of_one_has_no_agency(take: Take, now: datetime) -> None:
    take(ALICE, BOB, {**CHARLIE, "role": "agency_manager"})
    assert open_membership(agent(CHARLIE)) is None
    assert not managed_by(agent(CHARLIE), now).exists()


@pytest.mark.parametrize("status", ["suspended", "decertified", "pending"])
def test_a_manager_who_is_not_certified_manages_nobody(status: str, take: Take, now: datetime) -> None:
    take({**ALICE, "status": status}, BOB, CHARLIE)
    assert not manages(agent(ALICE), agent(BOB), now)


def test_who_moves_is_out_of_the_old_managers_sight_at_that_moment(take: Take, now: datetime) -> None:
    moved = now + WEEK
    take(ALICE, {**BOB, **OTHER}, CHARLIE, at=moved)
    assert manages(agent(ALICE), agent(BOB), moved - MOMENT)
    assert not manages(agent(ALICE), agent(BOB), moved)


def test_membership_over_time_holds_its_first_moment_and_not_its_last(take: Take, now: datetime) -> None:
    moved, harbor = now + WEEK, Agency.objects.get(license="0K54321")
    take(ALICE, {**BOB, **OTHER}, CHARLIE, at=moved)
    valley = Agency.objects.get(license="0K99999")
    moments = [now - MOMENT, now, moved - MOMENT, moved]
    assert [is_member_at(agent(BOB), harbor, moment) for moment in moments] == [False, True, True, False]
    assert [is_member_at(agent(BOB), valley, moment) for moment in moments] == [False, False, False, True]


def test_a_return_is_a_second_interval(take: Take, now: datetime) -> None:
    harbor = Agency.objects.get(license="0K54321")
    take(ALICE, {**BOB, "agency_license": ""}, CHARLIE, at=now + WEEK)
    take(ALICE, BOB, CHARLIE, at=now + 2 * WEEK)
    weeks = [now, now + WEEK, now + 2 * WEEK]
    assert [is_member_at(agent(BOB), harbor, week) for week in weeks] == [True, False, True]


def test_a_role_that_ends_ends_the_managing(take: Take, now: datetime) -> None:
    take({**ALICE, "role": "agent"}, {**BOB, "role": "agency_manager"}, CHARLIE, at=now + WEEK)
    assert not manages(agent(ALICE), agent(BOB), now + WEEK)
    assert manages(agent(BOB), agent(ALICE), now + WEEK)


def test_an_absent_agent_leaves_the_agency(take: Take, now: datetime) -> None:
    take(ALICE, CHARLIE, at=now + WEEK)
    assert open_membership(agent(BOB)) is None
    assert not manages(agent(ALICE), agent(BOB), now + WEEK)


def test_an_agency_takes_the_name_of_its_first_row(take: Take, now: datetime) -> None:
    take({**ALICE, "agency_name": "Harbor Inc."}, {**BOB, "agency_name": "Harbour"}, CHARLIE, at=now + WEEK)
    harbor = open_membership(agent(BOB))
    assert harbor is not None
    assert (harbor.agency.name, agent(BOB).agency_name) == ("Harbor Inc.", "Harbour")
