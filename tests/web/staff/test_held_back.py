"""What staff write is searched before it is sent or kept; a hit blocks it, is recorded, and alerts the desk (J28)."""

import ast
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client

import extranet.web
from extranet.audit.actions import Action
from extranet.audit.record import Actor
from extranet.credentials.models import Account, StaffRole
from extranet.mail.models import OutboxMail
from extranet.service_center.identity import check_identity
from extranet.service_center.intake import receive
from extranet.service_center.models import RequestState, SupportRequest
from tests.credentials.people import events, fresh
from tests.reports.exchange import ALICE
from tests.web.people import text_of
from tests.web.staff.test_mail import ANSWERS

PLANTED = "Her number is 123-45-6789 and her member ID 1003900001."
KINDS = ["a Social Security or taxpayer number", "a case number", "a number like Member ID"]


@pytest.fixture
def request_(alice: Account, now: datetime) -> SupportRequest:
    """What comes in may hold anything."""
    return receive(
        name="Alice",
        license=ALICE,
        email="a@agents.test",
        telephone="916 555 0143",
        text=PLANTED,
        network="198.51.100.0/24",
        now=now,
    )


def planted_is_nowhere(page: str) -> None:
    assert "6789" not in page
    assert "1003900001" not in page


def test_a_request_may_hold_anything_and_no_mail_quotes_it(request_: SupportRequest, desk: Client) -> None:
    row = OutboxMail.objects.get(kind="request_received")
    planted_is_nowhere(text_of(desk.get(f"/staff/mail/{row.pk}/")))
    assert events(Action.MAIL_BLOCKED) == []


@pytest.mark.parametrize(("act", "field"), [("answer", "text"), ("close", "note")])
def test_answers_and_notes_are_held_back_and_stay_in_the_form(
    request_: SupportRequest, desk: Client, act: str, field: str
) -> None:
    answer = desk.post(f"/staff/requests/{request_.number}/{act}/", {field: PLANTED})
    assert answer.status_code == 422
    assert "taxpayer number" in text_of(answer)
    request_.refresh_from_db()
    assert request_.state == RequestState.OPEN
    (event,) = events(Action.MAIL_BLOCKED)
    assert (event.actor, event.subject, event.detail["found"]) == ("staff\\dora", request_.number, KINDS)
    planted_is_nowhere(str(event.detail))


@pytest.mark.parametrize(
    ("act", "field"), [("note-call", "text"), ("disable", "reason"), ("ask-factor-removal", "reason")]
)
def test_notes_and_reasons_about_an_agent_are_held_back(
    alice: Account, desk: Client, now: datetime, act: str, field: str
) -> None:
    assert alice.agent is not None
    check_identity(agent=alice.agent, answers=ANSWERS, by=Actor("staff", "staff\\dora"), now=now)
    page = text_of(desk.post(f"/staff/agents/{ALICE}/do/{act}/", {field: "SSN 123-45-6789"}, follow=True))
    assert "taxpayer number" in page
    assert fresh(alice).disabled_at is None
    assert not SupportRequest.objects.exists()
    assert len(events(Action.MAIL_BLOCKED)) == 1


def test_the_reason_of_disabling_a_colleague_is_searched_too(
    administrator: Client, otto: Account, dora: Account
) -> None:
    answer = administrator.post("/staff/accounts/otto/disable/", {"reason": "born 3/4/1980"})
    assert answer.status_code == 422
    assert "birth date" in text_of(answer)
    assert fresh(otto).disabled_at is None


def test_desk_and_administrator_are_alerted_without_the_words(
    request_: SupportRequest, staff_clients: dict[str, Client]
) -> None:
    desk = staff_clients[StaffRole.SERVICE_DESK]
    desk.post(f"/staff/requests/{request_.number}/answer/", {"text": PLANTED})
    for role, client in staff_clients.items():
        tasks = {task.words: task for task in client.get("/staff/").context["tasks"]}
        alerted = "texts held back: they seemed to hold consumer data" in tasks
        assert alerted is (role in (StaffRole.SERVICE_DESK, StaffRole.ADMINISTRATOR))
        page = client.get("/staff/mail/held-back/")
        assert page.status_code == (200 if alerted else 403)
        if alerted:
            assert request_.number in text_of(page)
            assert "staff\\dora" in text_of(page)
            assert "taxpayer number" in text_of(page)
            planted_is_nowhere(text_of(page))


GUARDED = {
    ("staff/requests.py", "text"), ("staff/requests.py", "note"), ("staff/agent_forms.py", "text"),
    ("staff/agent_forms.py", "reason"), ("staff/accounts.py", "reason"), ("staff/publication_page.py", "reason"),
    ("portal/agency_staff.py", "display_name"),
}  # fmt: skip
"""Leaves in a mail, or is kept by staff in words of their own."""
SEALED = {("portal/support.py", "text")}
"""Comes in: may hold anything, is sealed, and no mail quotes it."""
OF_A_FORM = {
    *("name", "license", "email", "username", "password", "again", "code", "chosen", "credential", "next"),
    *("new_email", "about", "actor", "subject", "networks", "telephone"),
}
"""Names, codes, addresses and words to look for: checked by form, or compared and not kept."""
STAFF_NAMES = {("staff/accounts.py", "display_name")}
"""The name of a colleague, which no mail says."""


def test_every_field_in_which_somebody_can_write_is_decided() -> None:
    root = Path(extranet.web.__file__).parent
    undecided = {
        (str(file.relative_to(root)), name)
        for file in root.rglob("*.py")
        for name in _char_fields(ast.parse(file.read_text(encoding="utf-8")))
    } - GUARDED - SEALED - STAFF_NAMES  # fmt: skip
    assert {name for _, name in undecided} <= OF_A_FORM, "say above whether the guard searches it"


def _char_fields(tree: ast.Module) -> set[str]:
    return {
        node.targets[0].id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        if isinstance(node.value, ast.Call) and ast.unparse(node.value.func).endswith(("CharField", "_line"))
    }
