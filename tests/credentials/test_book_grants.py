"""What agency staff may open, and when that is over: the gate knows at once, whatever was run."""

from datetime import datetime

import pytest

from extranet.agents.models import AgencyRole, Agent, CertificationStatus
from extranet.credentials import granting, sessions
from extranet.credentials.book_grants import Right, grants_of, in_force, may
from extranet.credentials.disable import disable, enable
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.granting import GrantRefused, NoSuchGrant, end_by_owner, end_lapsed, revoke, set_rights
from extranet.credentials.models import Account, BookGrant
from tests.credentials.agency import (
    ACT,
    EVERYTHING,
    EXPORT,
    HARBOR,
    VALLEY,
    VIEW,
    acting,
    joins,
    new_agency_staff,
    new_manager,
    owner,
)
from tests.credentials.people import DESK, HOME, days, events, fresh, mails, minutes, new_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def mona(now: datetime) -> Account:
    return new_manager("4000010", now=now)


@pytest.fixture
def alice(mona: Account, now: datetime) -> Account:
    account = new_account("4000001", now=now)
    joins(account, HARBOR, now=now)
    return account


@pytest.fixture
def bob(now: datetime) -> Account:
    account = new_account("4000002", now=now, first_name="Bob")
    joins(account, VALLEY, now=now)
    return account


@pytest.fixture
def nina(mona: Account, alice: Account, now: datetime) -> Account:
    """The manager's: sees the manager's own book, and that of Alice with downloads."""
    return new_agency_staff(mona, {owner(mona): VIEW, owner(alice): EXPORT}, now=now)


def books(account: Account, now: datetime) -> set[str]:
    return {grant.agent.license for grant in grants_of(account, now)}


def allowed(account: Account, now: datetime) -> bool:
    return may_enter(fresh(account), channel=Channel.PORTAL, now=now).allowed


def barred_everywhere(account: Account, now: datetime) -> bool:
    verdicts = [may_enter(fresh(account), channel=channel, now=now) for channel in Channel]
    return {verdict.reason for verdict in verdicts} == {Reason.NOTHING_GRANTED}


def test_each_right_is_asked_for_by_itself_and_for_one_book(
    nina: Account, mona: Account, alice: Account, bob: Account, now: datetime
) -> None:
    held = {(right, who): may(nina, owner(who), right, now) for right in Right for who in (mona, alice, bob)}
    assert {key for key, has in held.items() if has} == {(Right.VIEW, mona), (Right.VIEW, alice), (Right.EXPORT, alice)}


def test_rights_are_changed_one_book_at_a_time(nina: Account, mona: Account, alice: Account, now: datetime) -> None:
    assert set_rights(account=nina, agent=owner(alice), rights=ACT, by=acting(mona), now=now)
    assert not may(nina, owner(alice), Right.EXPORT, now)
    assert may(nina, owner(alice), Right.ACT, now)
    assert not set_rights(account=nina, agent=owner(alice), rights=ACT, by=acting(mona), now=now)
    assert set_rights(account=nina, agent=owner(alice), rights=frozenset(), by=acting(mona), now=now)
    assert books(nina, now) == {"4000010"}


def test_giving_and_ending_are_in_the_trail_under_who_did_it(
    nina: Account, mona: Account, alice: Account, now: datetime
) -> None:
    end_by_owner(grant_id=_grant(nina, alice).pk, owner=owner(alice), by=acting(alice), now=now)
    given = events("agency-staff:right:given", nina.username)
    assert [(event.actor, event.detail["agent"], event.detail["rights"]) for event in given] == [
        (mona.username, "4000010", ["view"]),
        (mona.username, "4000001", ["view", "export"]),
    ]
    (ended,) = events("agency-staff:right:ended", nina.username)
    assert (ended.actor, ended.detail["agent"], ended.detail["reason"]) == (alice.username, "4000001", "by_owner")


def test_whose_book_it_is_learns_of_it_by_mail(nina: Account, mona: Account, alice: Account) -> None:
    told = [mail for mail in mails(nina.username) if mail.kind == "book_access_given"]
    assert {mail.to_address for mail in told} == {owner(mona).email, owner(alice).email}


def test_nobody_gives_rights_on_the_book_of_another_agency(
    nina: Account, mona: Account, bob: Account, now: datetime
) -> None:
    with pytest.raises(GrantRefused):
        set_rights(account=nina, agent=owner(bob), rights=VIEW, by=acting(mona), now=now)
    assert not may(nina, owner(bob), Right.VIEW, now)
    assert mails(nina.username)[-1].to_address != owner(bob).email


def test_an_agent_gives_rights_on_the_own_book_only(alice: Account, mona: Account, now: datetime) -> None:
    omar = new_agency_staff(alice, {owner(alice): EVERYTHING}, now=now, name="omar")
    with pytest.raises(GrantRefused):
        set_rights(account=omar, agent=owner(mona), rights=VIEW, by=acting(alice), now=now)
    assert books(omar, now) == {"4000001"}


@pytest.mark.parametrize("status", ["suspended", "decertified", "pending"])
def test_who_is_not_certified_opens_nothing_to_anybody(
    nina: Account, alice: Account, now: datetime, status: str
) -> None:
    Agent.objects.filter(account=alice).update(status=status)
    assert books(nina, now) == {"4000010"}
    assert allowed(nina, now)  # the manager's own book is still open


@pytest.mark.parametrize("status", ["suspended", "decertified", "pending"])
def test_without_a_certified_principal_the_staff_enter_nowhere(
    nina: Account, mona: Account, now: datetime, status: str
) -> None:
    Agent.objects.filter(account=mona).update(status=status)
    assert barred_everywhere(nina, now)


def test_who_changes_agency_is_out_of_the_staffs_sight_at_that_moment(
    nina: Account, alice: Account, now: datetime
) -> None:
    moved = now + days(7)
    joins(alice, VALLEY, now=moved)
    assert books(nina, moved - minutes(1)) == {"4000001", "4000010"}
    assert books(nina, moved) == {"4000010"}


def test_a_return_to_the_agency_brings_no_right_back(
    nina: Account, mona: Account, alice: Account, now: datetime
) -> None:
    joins(alice, VALLEY, now=now + days(7))
    joins(alice, HARBOR, now=now + days(14))
    assert books(nina, now + days(14)) == {"4000010"}
    set_rights(account=nina, agent=owner(alice), rights=VIEW, by=acting(mona), now=now + days(15))
    assert books(nina, now + days(15)) == {"4000001", "4000010"}


def test_a_manager_who_manages_no_longer_leaves_the_staff_the_own_book(
    nina: Account, mona: Account, now: datetime
) -> None:
    joins(mona, HARBOR, now=now + days(7), role=AgencyRole.AGENT)
    assert books(nina, now + days(7)) == {"4000010"}
    joins(mona, HARBOR, now=now + days(14), role=AgencyRole.AGENCY_MANAGER)
    assert books(nina, now + days(14)) == {"4000010"}


def test_a_manager_who_leaves_takes_no_book_along(nina: Account, mona: Account, now: datetime) -> None:
    joins(mona, VALLEY, now=now + days(7), role=AgencyRole.AGENCY_MANAGER)
    assert books(nina, now + days(7)) == {"4000010"}


def test_what_is_over_is_written_down_once_and_stays_over(nina: Account, alice: Account, now: datetime) -> None:
    Agent.objects.filter(account=alice).update(status=CertificationStatus.SUSPENDED)
    assert end_lapsed(by=DESK, now=now) == 1
    assert end_lapsed(by=DESK, now=now) == 0
    Agent.objects.filter(account=alice).update(status=CertificationStatus.CERTIFIED)
    assert books(nina, now) == {"4000010"}
    (ended,) = events("agency-staff:right:ended", nina.username)
    assert ended.detail["reason"] == granting.LAPSED


def test_who_loses_the_last_right_loses_the_session_and_enters_nowhere(
    nina: Account, mona: Account, alice: Account, now: datetime
) -> None:
    sessions.begin(account=nina, session_key="n" * 32, network=HOME, browser="", now=now)
    assert revoke(account=nina, by=acting(mona), now=now) == 2
    assert sessions.check(session_key="n" * 32, now=now) == sessions.Ended("rights_ended")
    assert barred_everywhere(nina, now)
    set_rights(account=nina, agent=owner(alice), rights=VIEW, by=acting(mona), now=now + minutes(1))
    assert allowed(nina, now + minutes(1))  # the same person, under the same name
    assert sessions.check(session_key="n" * 32, now=now + minutes(1)) == sessions.Ended("rights_ended")


def test_one_of_two_rights_that_ends_ends_no_session(
    nina: Account, mona: Account, alice: Account, now: datetime
) -> None:
    sessions.begin(account=nina, session_key="n" * 32, network=HOME, browser="", now=now)
    set_rights(account=nina, agent=owner(alice), rights=frozenset(), by=acting(mona), now=now)
    assert not isinstance(sessions.check(session_key="n" * 32, now=now), sessions.Ended)


def test_no_session_begins_for_whom_the_gate_bars(nina: Account, mona: Account, now: datetime) -> None:
    revoke(account=nina, by=acting(mona), now=now)
    with pytest.raises(sessions.Barred):
        sessions.begin(account=nina, session_key="n" * 32, network=HOME, browser="", now=now)


def test_disabling_the_principal_ends_what_the_staff_hold(nina: Account, mona: Account, now: datetime) -> None:
    """Whoever took the account over may have invited somebody: one act of the service center closes that, too."""
    sessions.begin(account=nina, session_key="n" * 32, network=HOME, browser="", now=now)
    disable(account=fresh(mona), reason="taken over", by=DESK, now=now)
    assert isinstance(sessions.check(session_key="n" * 32, now=now), sessions.Ended)
    assert barred_everywhere(nina, now)
    assert end_lapsed(by=DESK, now=now) == 0
    enable(account=fresh(mona), by=DESK, now=now)
    assert allowed(nina, now)


def test_nobody_but_its_agent_ends_a_right_as_owner(nina: Account, alice: Account, bob: Account, now: datetime) -> None:
    grant = _grant(nina, alice)
    with pytest.raises(NoSuchGrant):
        end_by_owner(grant_id=grant.pk, owner=owner(bob), by=acting(bob), now=now)
    assert may(nina, owner(alice), Right.VIEW, now)
    assert end_by_owner(grant_id=grant.pk, owner=owner(alice), by=acting(alice), now=now)
    assert not end_by_owner(grant_id=grant.pk, owner=owner(alice), by=acting(alice), now=now)
    assert not may(nina, owner(alice), Right.VIEW, now)


def test_no_other_kind_of_account_holds_a_right(mona: Account, alice: Account, nina: Account, now: datetime) -> None:
    with pytest.raises(Account.DoesNotExist):
        set_rights(account=alice, agent=owner(alice), rights=VIEW, by=acting(mona), now=now)
    assert in_force(now).exclude(account=nina.pk).count() == 0


def _grant(account: Account, of: Account) -> BookGrant:
    return BookGrant.objects.get(account=account, agent=of.agent_id, ended_at=None)
