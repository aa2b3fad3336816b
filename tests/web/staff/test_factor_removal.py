"""An agent lost every second factor: Dora asks after the identity check, Dan approves, nobody alone (IA-5)."""

from datetime import datetime

import pytest
from django.test import Client

from extranet.credentials import second_factor
from extranet.credentials.gate import needs_second_factor
from extranet.credentials.models import Account, StaffRole
from extranet.service_center.models import FactorRemoval
from tests.credentials.people import DESK, events, mails
from tests.reports.exchange import ALICE
from tests.web.people import Answer, browser, log_in, signed_in, text_of
from tests.web.staff.people import at_work, staff_account

RECORD = f"/staff/agents/{ALICE}/"
ANSWERS = {"email": f"{ALICE}@agents.test", "certified_on": "2026-11-12", "last_name": "example"}
WHY = "phone stolen with the codes"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def protected(alice: Account, now: datetime) -> Account:
    second_factor.activate(account=alice, secret=SECRET, step=0, now=now, by=DESK)
    return alice


@pytest.fixture
def second_desk(db: None, clock: object, now: datetime) -> Client:
    return at_work(staff_account("dan", StaffRole.SERVICE_DESK, now=now))


def do(client: Client, act: str, **typed: str) -> Answer:
    return client.post(f"{RECORD}do/{act}-factor-removal/", typed)


def ask(client: Client) -> None:
    client.post(f"{RECORD}identity/", ANSWERS)
    assert do(client, "ask", reason=WHY).headers["Location"] == RECORD


def test_two_persons_let_the_agent_in_with_the_password_alone(
    protected: Account, desk: Client, second_desk: Client
) -> None:
    ask(desk)
    own = text_of(desk.get(RECORD))
    assert WHY in own
    assert "Another member of the service center must approve it" in own
    assert "Approve the removal" not in own
    assert "Removals of second factors wait" in text_of(second_desk.get("/staff/"))
    assert WHY in text_of(second_desk.get("/staff/factor-removals/"))
    assert "Approve the removal" in text_of(second_desk.get(RECORD))
    do(second_desk, "approve")
    assert "removed and all sessions ended" in text_of(second_desk.get(RECORD))
    assert log_in(browser(), protected).headers["Location"] == "/sites/ccAgentPortal"
    told = [mail.kind for mail in mails(protected.username)]
    assert sorted(told) == ["factor_removal_asked", "second_factor_changed"]


def test_the_same_person_cannot_approve_by_posting_it(protected: Account, desk: Client) -> None:
    ask(desk)
    do(desk, "approve")
    assert "You asked for it yourself" in text_of(desk.get(RECORD))
    assert needs_second_factor(protected)


def test_without_the_identity_check_it_leads_there(protected: Account, desk: Client) -> None:
    assert do(desk, "ask", reason=WHY).headers["Location"] == f"{RECORD}identity/"
    assert not FactorRemoval.objects.exists()


def test_a_reason_is_needed(protected: Account, desk: Client) -> None:
    desk.post(f"{RECORD}identity/", ANSWERS)
    assert do(desk, "ask", reason="").status_code == 422
    assert not FactorRemoval.objects.exists()


def test_it_can_be_left_as_it_is(protected: Account, desk: Client, second_desk: Client) -> None:
    ask(desk)
    do(second_desk, "refuse")
    assert needs_second_factor(protected)
    do(second_desk, "approve")
    assert needs_second_factor(protected)
    assert len(events("request:factor-removal:refused")) == 1


@pytest.mark.parametrize("act", ["ask", "approve", "refuse"])
def test_nobody_but_the_desk_may(
    protected: Account, desk: Client, staff_clients: dict[str, Client], bob: Account, act: str
) -> None:
    ask(desk)
    others = [client for role, client in staff_clients.items() if role != StaffRole.SERVICE_DESK]
    for client in (*others, signed_in(bob)):
        assert do(client, act, reason=WHY).status_code in (302, 403)
    assert needs_second_factor(protected)
    assert FactorRemoval.objects.get().state == "waiting"


def test_an_administrator_makes_no_link_for_the_own_account(administrator: Client, desk: Client) -> None:
    page = text_of(administrator.get("/staff/accounts/amelia/"))
    assert "Make a new link" not in page
    assert administrator.post("/staff/accounts/amelia/invite/").headers["Location"] == "/staff/accounts/amelia/"
    assert "ask another administrator" in text_of(administrator.get("/staff/accounts/amelia/"))
    assert not events("staff:account:invited", "staff\\amelia")
    assert "Make a new link" in text_of(administrator.get("/staff/accounts/dora/"))
