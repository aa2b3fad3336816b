"""What runs when, and what follows a roster: Monday's order, catching up, the neighbour who keeps what is his."""

import io
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import transaction

from extranet.agents.models import Agent
from extranet.agents.rename import RenameRefused
from extranet.agents.roster import RosterRefused
from extranet.audit.record import Actor
from extranet.credentials import sessions
from extranet.credentials.issue import open_account
from extranet.credentials.models import Account, LiveSession, ResetLink, ShownPassword
from extranet.jobs.cron import latest_due
from extranet.mail.models import MailCertificate, OutboxMail
from extranet.mail.secured.certificates import keep
from extranet.profile.loader import current
from extranet.timetable import TIMETABLE_ENTRIES, RosterDay, due, entries, rename_agent, roster_day
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, as_csv
from tests.credentials.agency import VIEW, new_agency_staff, owner
from tests.credentials.people import CHOSEN, new_account, try_login
from tests.mail.certificates import holder

DESK = Actor("staff", "staff\\dora")


def take(*rows: Mapping[str, str], now: datetime, allow_drop: bool = True) -> RosterDay:
    return roster_day(file=io.BytesIO(as_csv(rows)), name="roster.csv", by=DESK, now=now, allow_drop=allow_drop)


def open_session(account: Account, now: datetime) -> LiveSession:
    return sessions.begin(account=account, session_key=uuid4().hex, network="", browser="", now=now).session


@pytest.mark.django_db
def test_everything_on_the_list_runs_on_an_empty_house(now: datetime) -> None:
    ran = due(now=now)
    assert [run.name for run in ran] == [entry.name for entry in TIMETABLE_ENTRIES]
    assert not [run.outcome for run in ran if run.failed]


@pytest.mark.django_db
def test_a_second_look_in_the_same_minute_runs_nothing(now: datetime) -> None:
    due(now=now)
    assert due(now=now + timedelta(seconds=20)) == []


def test_onboarding_is_due_on_monday_at_six_by_the_clock_of_the_exchange() -> None:
    cron = next(entry.cron for entry in entries() if entry.name == "onboarding")
    moment = latest_due(cron, now=datetime(2026, 11, 18, tzinfo=UTC), zone=current().zone)
    assert moment == datetime(2026, 11, 16, 14, 0, tzinfo=UTC)


@pytest.mark.django_db
def test_a_worker_that_was_away_on_monday_onboards_on_wednesday(now: datetime) -> None:
    take(*EVERYBODY, now=now - timedelta(days=1))
    due(now=now + timedelta(days=2))
    assert Account.objects.count() == 3
    assert OutboxMail.objects.count() == 9
    due(now=now + timedelta(days=3))
    assert OutboxMail.objects.count() == 9


@pytest.mark.django_db
def test_shown_passwords_are_forgotten_when_their_minutes_are_over(now: datetime) -> None:
    account = new_account(now=now)
    for minutes in (9, 11):
        link = ResetLink.objects.create(
            account=account, digest=uuid4().hex, asked_at=now, expires_at=now, state=ResetLink.State.CLAIMED
        )
        ShownPassword.objects.create(
            link=link, account=account, sealed=b"x", expires_at=now + timedelta(minutes=minutes)
        )
    due(now=now + timedelta(minutes=10))
    assert ShownPassword.objects.count() == 1


@pytest.mark.django_db
def test_who_left_the_roster_is_out_at_once_and_the_neighbour_is_not(now: datetime) -> None:
    take(ALICE, CHARLIE, now=now)
    due(now=now)
    held = {account.agent_id: open_session(account, now) for account in Account.objects.all()}
    day = take(ALICE, {**CHARLIE, "status": "suspended"}, now=now + timedelta(minutes=1))
    assert day.sessions_ended == 1
    charlie = Agent.objects.get(license=CHARLIE["license"])
    for agent_id, session in held.items():
        session.refresh_from_db()
        assert (session.ended_at is not None) == (agent_id == charlie.pk)


@pytest.mark.django_db
def test_the_same_roster_again_changes_nothing(now: datetime) -> None:
    take(*EVERYBODY, now=now)
    again = take(*EVERYBODY, now=now + timedelta(hours=1))
    assert (again.taken.is_new, again.sessions_ended, again.frames_handed_over) == (False, 0, 0)


@pytest.mark.django_db
def test_a_roster_that_drops_most_agents_is_refused_and_changes_nothing(now: datetime) -> None:
    take(*EVERYBODY, now=now)
    with pytest.raises(RosterRefused):
        take(ALICE, now=now + timedelta(hours=1), allow_drop=False)
    assert Agent.objects.filter(status="certified").count() == 3


@pytest.mark.django_db
def test_a_renamed_agent_logs_in_under_the_new_number_with_the_old_password(now: datetime) -> None:
    account = new_account("4000001", now=now)
    rename_agent(old="4000001", new="4000009", by=DESK, now=now)
    assert try_login("CC_4000009", CHOSEN, now=now).account == account
    assert Account.objects.get(pk=account.pk).username == "CC_4000009"


@pytest.mark.django_db
def test_a_number_of_somebody_else_is_refused_and_both_keep_theirs(now: datetime) -> None:
    new_account("4000001", now=now)
    new_account("4000002", now=now, first_name="Bob")
    with pytest.raises(RenameRefused):
        rename_agent(old="4000001", new="4000002", by=DESK, now=now)
    assert set(Account.objects.values_list("username", flat=True)) == {"CC_4000001", "CC_4000002"}


@pytest.mark.django_db
def test_a_roster_that_moves_an_agent_ends_the_rights_of_the_old_managers_staff(now: datetime) -> None:
    """And of nobody else; a second run finds nothing to do."""
    take(*EVERYBODY, now=now)
    due(now=now)
    manager, member = (Account.objects.get(agent__license=row["license"]) for row in (ALICE, BOB))
    books = {owner(manager): VIEW, owner(member): VIEW}
    nina = new_agency_staff(manager, books, now=now + timedelta(hours=1))
    day = take(ALICE, {**BOB, "agency_license": "0K99999"}, CHARLIE, now=now + timedelta(days=7))
    assert day.rights_ended == 1
    assert list(nina.grants.filter(ended_at=None).values_list("agent__license", flat=True)) == [ALICE["license"]]
    due(now=now + timedelta(days=8))
    assert nina.grants.filter(ended_at=None).count() == 1


@pytest.mark.django_db
def test_a_roster_forgets_the_certificate_of_who_left_and_keeps_those_of_others(now: datetime) -> None:
    take(ALICE, BOB, CHARLIE, now=now)
    for who in (ALICE, BOB):
        account = open_account(agent=Agent.objects.get(license=who["license"]), now=now, by=DESK)
        mine = holder(account.username, who["email"]).certificate
        with transaction.atomic():
            keep(mine, address=who["email"], by=account.username, now=now)
    take(BOB, CHARLIE, now=now + timedelta(days=7))
    assert [row.address for row in MailCertificate.objects.all()] == [BOB["email"].lower()]
