"""Accounts of who works for an agent: names, invitations, resets and warnings are theirs and nobody else's."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extranet.agents.models import Agent
from extranet.agents.rename import rename
from extranet.credentials import agency_staff, staff
from extranet.credentials.agency_staff import AgencyStaffRefused, add_agency_staff, invite_again, staff_of
from extranet.credentials.choose_password import faults
from extranet.credentials.expiry import expire
from extranet.credentials.granting import revoke
from extranet.credentials.login import LoginRefused
from extranet.credentials.models import Account, BookGrant, EnrolmentLink
from extranet.credentials.rename import follow_license
from extranet.credentials.reset_link import ResetOver
from extranet.credentials.username import UsernameRefused, agency_staff_username, is_agents, parse, shown
from extranet.mail.outbox import body_of
from tests.credentials.agency import EVERYTHING, VIEW, acting, new_agency_staff, owner
from tests.credentials.people import CHOSEN, DESK, HOME, days, events, fresh, mails, minutes, new_account, try_login
from tests.credentials.reset_walks import ask, asked, claim, reset_mails

pytestmark = pytest.mark.django_db
LICENSE = "1H10001"


@pytest.fixture
def alice(now: datetime) -> Account:
    return new_account(LICENSE, now=now)


@pytest.fixture
def nina(alice: Account, now: datetime) -> Account:
    return new_agency_staff(alice, {owner(alice): EVERYTHING}, now=now)


def invited(alice: Account, now: datetime, **more: Any) -> Account:
    values = {"name": "nina", "display_name": "Nina Night", "email": "nina@office.test", "books": {owner(alice): VIEW}}
    return add_agency_staff(principal=owner(alice), **{**values, **more}, by=acting(alice), now=now)


def token_of(account: Account) -> str:
    mail = [mail for mail in mails(account.username) if mail.kind == "agency_staff_enrolment"][-1]
    return body_of(mail).text.partition("/login/enrol/")[2].partition("/")[0]


# Names


@pytest.mark.parametrize(
    "typed",
    ["CC_1H10001.nina", "cc_1h10001.NINA", "1H10001.Nina", "ecoveredca\\CC_1H10001.nina", " ecoveredca/1h10001.nina\t"],
)
def test_every_way_to_type_the_name_is_the_one_account(typed: str) -> None:
    assert parse(typed) == "CC_1H10001.nina"


@pytest.mark.parametrize(
    "typed",
    [
        "1H10001.",
        ".nina",
        "1H10001.9",
        "1H10001.ni na",
        "1H10001.a.b",
        "X.nina",
        "1H10001.n\u0456na",
        "1H10001.a_b",
        "1H10001." + "a" * 21,
    ],
)
def test_what_cannot_be_a_name_is_refused(typed: str) -> None:
    with pytest.raises(UsernameRefused):
        parse(typed)


def test_names_of_agents_staff_and_agency_staff_are_told_apart() -> None:
    names = ["CC_1H10001", agency_staff_username("1H10001", "Nina"), "staff\\a.b"]
    assert [is_agents(name) for name in names] == [True, False, False]
    assert shown(names[1]) == "ecoveredca\\CC_1H10001.nina"
    assert parse("staff\\a.b") == "staff\\a.b"


def test_the_name_follows_a_license_that_changed(alice: Account, nina: Account, now: datetime) -> None:
    agent = rename(old=LICENSE, new="1H10009", by=DESK, now=now)
    follow_license(agent=agent, by=DESK, now=now)
    assert try_login("1H10009.nina", CHOSEN, now=now).account == nina
    with pytest.raises(LoginRefused):
        try_login("1H10001.nina", CHOSEN, now=now)


# Invitations


def test_the_link_goes_to_the_person_alone_and_no_event_holds_it(alice: Account, now: datetime) -> None:
    nina = invited(alice, now)
    (mail,) = [mail for mail in mails(nina.username) if mail.kind == "agency_staff_enrolment"]
    assert (mail.to_address, mail.secret, mail.secured) == ("nina@office.test", True, True)
    told = [*events("agency-staff:account:added"), *events("agency-staff:account:invited")]
    assert {(event.actor, event.subject) for event in told} == {(alice.username, nina.username)}
    assert token_of(nina) not in str([event.detail for event in told])


def test_an_invitation_that_cannot_be_mailed_leaves_nothing(alice: Account, now: datetime) -> None:
    with pytest.raises(AgencyStaffRefused, match="no mail can be sent"):
        invited(alice, now, email="nowhere")
    assert not staff_of(owner(alice)).exists()
    assert mails() == []
    assert not events("agency-staff:right:given")


def test_nobody_is_invited_to_nothing(alice: Account, now: datetime) -> None:
    with pytest.raises(AgencyStaffRefused, match="at least one book"):
        invited(alice, now, books={owner(alice): frozenset()})


def test_an_agent_who_is_not_certified_invites_nobody(alice: Account, now: datetime) -> None:
    Agent.objects.filter(account=alice).update(status="suspended")
    with pytest.raises(AgencyStaffRefused, match="certified"):
        invited(alice, now)
    assert not staff_of(owner(alice)).exists()


def test_one_principal_has_so_many_accounts(alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agency_staff, "MOST", 2)
    for name in ("nina", "omar"):
        invited(alice, now, name=name)
    with pytest.raises(AgencyStaffRefused, match="2 staff accounts already"):
        invited(alice, now, name="olga")
    assert [row.display_name for row in staff_of(owner(alice))] == ["Nina Night", "Nina Night"]


def test_another_link_ends_the_older_one_and_comes_once_a_minute(alice: Account, now: datetime) -> None:
    nina = invited(alice, now)
    first = token_of(nina)
    with pytest.raises(staff.InvitedAlready):
        invite_again(account=nina, by=acting(alice), now=now + timedelta(seconds=59))
    invite_again(account=nina, by=acting(alice), now=now + minutes(1))
    with pytest.raises(staff.EnrolmentOver):
        staff.look(token=first, now=now + minutes(1))
    assert EnrolmentLink.objects.filter(account=nina, expires_at__gt=now + minutes(1)).count() == 1


def test_rights_that_end_end_the_link_and_no_other_is_mailed(alice: Account, now: datetime) -> None:
    nina = invited(alice, now)
    BookGrant.objects.filter(account=nina).update(ended_at=now)  # the gate alone, before anything was tidied up
    with pytest.raises(staff.EnrolmentOver):
        staff.look(token=token_of(nina), now=now)
    with pytest.raises(AgencyStaffRefused, match="give the person a right first"):
        invite_again(account=nina, by=acting(alice), now=now + minutes(2))


def test_a_right_that_ends_while_the_password_is_hashed_sets_none(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    nina = invited(alice, now)
    token = token_of(nina)

    def hashing(_: str) -> str:
        BookGrant.objects.filter(account=nina).update(ended_at=now)
        return "argon2$x"

    monkeypatch.setattr(staff, "hash_password", hashing)
    with pytest.raises(staff.EnrolmentOver):
        staff.enrol(token=token, holder="h" * 32, password=CHOSEN, code="", network=HOME, browser="", now=now)
    assert Account.objects.get(pk=nina.pk).password == ""


def test_the_length_is_that_of_agents_and_the_agents_name_is_no_password(nina: Account) -> None:
    assert faults("oh kelp 9 tug", account=nina) == []
    assert faults("oh kelp 9 t", account=nina) == ["too_short"]
    assert faults("Alice Example Nina Night", account=nina) == ["person"]


# Reset and warnings


def test_a_reset_goes_to_the_own_address_and_changes_nobody_elses_password(
    alice: Account, nina: Account, now: datetime
) -> None:
    before = fresh(alice).password
    token, _ = asked(nina, now=now)
    assert reset_mails(nina)[0].to_address == "nina@office.test"
    assert reset_mails(alice) == []
    done = claim(token, now=now)
    assert (done.username, fresh(alice).password) == (nina.username, before)
    assert try_login(nina, done.password, now=now).must_change
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_who_has_no_right_any_more_gets_no_link_and_an_old_one_gives_nothing(
    alice: Account, nina: Account, now: datetime
) -> None:
    token, _ = asked(nina, now=now)
    revoke(account=nina, by=acting(alice), now=now)
    ask(nina.username, now=now)
    assert len(reset_mails(nina)) == 1
    with pytest.raises(ResetOver):
        claim(token, now=now)


def test_known_and_unknown_names_of_agency_staff_cost_the_same_statements(
    alice: Account, nina: Account, now: datetime
) -> None:
    ask(nina.username, now=now)  # makes the outbox's key, once and for all
    counted = []
    for name in (nina.username, "CC_1H10001.nobody", "CC_1H19999.nina"):
        with CaptureQueriesContext(connection) as queries:
            ask(name, now=now)
        plain = [query["sql"].split(" ")[0] for query in queries.captured_queries]
        counted.append([word for word in plain if word in ("SELECT", "INSERT", "UPDATE", "DELETE")])
    assert counted[0] == counted[1] == counted[2]


def test_a_wrong_password_costs_the_same_statements_for_known_and_unknown_names(
    alice: Account, nina: Account, now: datetime
) -> None:
    counted = []
    for name in (nina.username, "CC_1H10001.nobody"):
        with CaptureQueriesContext(connection) as queries, pytest.raises(LoginRefused):
            try_login(name, "a wrong guess", now=now)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_warnings_go_to_the_person_while_something_is_open_to_them(
    alice: Account, nina: Account, now: datetime
) -> None:
    Account.objects.update(last_login=now + days(45))
    expire(now=now + days(51))
    assert [mail.to_address for mail in mails(nina.username) if mail.kind == "expiry_warning"] == ["nina@office.test"]


def test_who_has_no_right_is_not_warned(alice: Account, nina: Account, now: datetime) -> None:
    Account.objects.update(last_login=now + days(45))
    revoke(account=nina, by=acting(alice), now=now)
    expire(now=now + days(51))
    assert [mail for mail in mails(nina.username) if mail.kind == "expiry_warning"] == []
