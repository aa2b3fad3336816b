"""The queue keeps the promise of 24 to 48 hours; an answer never carries a consumer's data (J28, J29, J30)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from extranet.credentials.models import Account, StaffRole
from extranet.mail.outbox import body_of
from extranet.service_center.intake import receive
from extranet.service_center.models import RequestState, SupportRequest
from tests.credentials.people import events, mails
from tests.reports.exchange import ALICE, BOB
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work, staff_account

FORM = {
    "name": "Alice Example",
    "license": ALICE,
    "email": f"{ALICE}@agents.test",
    "telephone": "(916) 555-0143",
    "text": "I cannot log in.",
}
Clock = time_machine.Traveller
Post = Callable[..., SupportRequest]


@pytest.fixture
def post_form(alice: Account, now: datetime) -> Post:
    """Send the public form as Alice would, with what is changed."""

    def posted(*, at: datetime = now, **changed: str) -> SupportRequest:
        typed: dict[str, Any] = {**FORM, **changed}
        return receive(**typed, network="198.51.100.0/24", now=at)

    return posted


@pytest.fixture
def alices_request(post_form: Post) -> SupportRequest:
    return post_form()


def at(request: SupportRequest, act: str = "") -> str:
    return f"/staff/requests/{request.number}/{act}"


def reply(client: Client, request: SupportRequest, text: str = "Your access works again.") -> Answer:
    return client.post(at(request, "answer/"), {"text": text})


def state(request: SupportRequest) -> str:
    return SupportRequest.objects.get(pk=request.pk).state


def test_the_queue_shows_the_clocks_and_the_oldest_first(
    post_form: Post, desk: Client, clock: Clock, now: datetime
) -> None:
    young = post_form(at=now - timedelta(hours=1), text="young")
    due = post_form(at=now - timedelta(hours=24), text="due")
    late = post_form(at=now - timedelta(hours=48, minutes=5), text="late")
    page = text_of(desk.get("/staff/requests/"))
    assert "<strong>3</strong> open: 1 overdue, 1 due, 1 with time left." in page
    for words in ("OVERDUE for 5 min", "due, overdue in 24 h 0 min", "due in 23 h 0 min"):
        assert words in page
    places = [page.index(request.number) for request in (late, due, young)]
    assert places == sorted(places)


def test_the_queue_shows_nothing_that_a_person_wrote(alices_request: SupportRequest, desk: Client) -> None:
    page = text_of(desk.get("/staff/requests/"))
    assert alices_request.number in page
    assert FORM["text"] not in page
    assert FORM["telephone"] not in page


def test_opening_one_is_recorded_and_leads_to_the_agent(alices_request: SupportRequest, desk: Client) -> None:
    page = text_of(desk.get(at(alices_request)))
    assert FORM["text"] in page
    assert f'href="/staff/agents/{ALICE}/?request={alices_request.number}"' in page
    assert "the address on the roster" in page
    assert [event.actor for event in events("request:record:viewed", alices_request.number)] == ["staff\\dora"]


def test_another_address_than_the_rosters_is_pointed_out(post_form: Post, desk: Client) -> None:
    request = post_form(email="stranger@example.net")
    assert "<strong>not</strong> the address on the roster" in text_of(desk.get(at(request)))


def test_an_unknown_license_is_pointed_out(post_form: Post, desk: Client) -> None:
    page = text_of(desk.get(at(post_form(license=BOB))))
    assert "Nobody on the roster has this license number" in page


def test_what_was_written_is_never_run(post_form: Post, desk: Client) -> None:
    request = post_form(text="<script>alert(1)</script>")
    assert "<script>alert" not in text_of(desk.get(at(request)))


def test_the_answer_is_mailed_once_to_the_address_given(alices_request: SupportRequest, desk: Client) -> None:
    for _ in range(2):
        assert reply(desk, alices_request).headers["Location"] == at(alices_request)
    sent = [mail for mail in mails(alices_request.number) if mail.kind == "request_answered"]
    assert [mail.to_address for mail in sent] == [FORM["email"]]
    assert "Your access works again." in body_of(sent[0]).text
    page = text_of(desk.get(at(alices_request)))
    assert state(alices_request) == RequestState.ANSWERED
    assert "Your access works again." in page
    assert "Send the answer" not in page
    assert "Nothing was sent a second time" in page


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The member's number is 123-45-6789.", "a Social Security or taxpayer number"),
        ("She was born 04/12/1987.", "a birth date"),
        ("See case 5123456789.", "a case number"),
        ("  ", "Write an answer first"),
    ],
)
def test_what_must_not_leave_is_said_beside_the_field_and_stays_there(
    alices_request: SupportRequest, desk: Client, text: str, found: str
) -> None:
    answer = reply(desk, alices_request, text)
    page = text_of(answer)
    assert answer.status_code == 422
    assert 'id="id_text-error" role="alert">' in page
    assert found in page
    assert text.strip().replace("'", "&#x27;") in page
    assert state(alices_request) == RequestState.OPEN
    assert [mail.kind for mail in mails(alices_request.number)] == ["request_received"]


def test_of_two_who_answer_one_is_told_so(alices_request: SupportRequest, desk: Client, now: datetime) -> None:
    ben = at_work(staff_account("ben", StaffRole.SERVICE_DESK, now=now))
    reply(ben, alices_request, "Ben's answer.")
    page = text_of(desk.get(reply(desk, alices_request).headers["Location"]))
    assert "answered or closed already" in page
    assert "Ben&#x27;s answer." in page


def test_taking_one_keeps_others_from_answering_too(
    alices_request: SupportRequest, desk: Client, now: datetime
) -> None:
    ben = at_work(staff_account("ben", StaffRole.SERVICE_DESK, now=now))
    for _ in range(2):
        desk.post(at(alices_request, "take/"))
    ben.post(at(alices_request, "take/"))
    assert SupportRequest.objects.get().taken_by == "staff\\dora"
    assert "Somebody else has taken this request." in text_of(ben.get(at(alices_request)))


def test_closing_mails_nobody_and_works_once(alices_request: SupportRequest, desk: Client) -> None:
    for _ in range(2):
        assert desk.post(at(alices_request, "close/"), {"note": "Settled by phone."}).status_code == 302
    assert state(alices_request) == RequestState.CLOSED
    assert len(events("request:closed:done", alices_request.number)) == 1
    assert [mail.kind for mail in mails(alices_request.number)] == ["request_received"]
    page = text_of(desk.get(at(alices_request)))
    assert "Settled by phone." in page
    assert "Close the request" not in page


def test_a_number_finds_a_request_that_is_done(alices_request: SupportRequest, desk: Client) -> None:
    desk.post(at(alices_request, "close/"), {})
    answer = desk.get("/staff/requests/", {"number": alices_request.number.lower()})
    assert answer.headers["Location"] == at(alices_request)
    missing = desk.get("/staff/requests/", {"number": "R-AAAA-AA"}, follow=True)
    assert "No request has this number" in text_of(missing)


def test_an_unknown_number_is_not_found(alice: Account, desk: Client) -> None:
    assert desk.get("/staff/requests/R-AAAA-AA/").status_code == 404
    for act in ("take", "answer", "close"):
        assert desk.post(f"/staff/requests/R-AAAA-AA/{act}/").status_code == 404


def test_only_the_desk_sees_and_answers(
    alices_request: SupportRequest, staff_clients: dict[str, Client], alices: Client
) -> None:
    others = [client for role, client in staff_clients.items() if role != StaffRole.SERVICE_DESK] + [alices]
    for client in others:
        assert {client.get(path).status_code for path in ("/staff/requests/", at(alices_request))} == {403}
        acts = [client.post(at(alices_request, f"{act}/"), {"text": "x"}) for act in ("take", "answer", "close")]
        assert {answer.status_code for answer in acts} == {403}
    assert state(alices_request) == RequestState.OPEN
    assert not events("request:record:viewed")


def test_a_get_acts_on_nothing(alices_request: SupportRequest, desk: Client) -> None:
    for act in ("take", "answer", "close"):
        assert desk.get(at(alices_request, f"{act}/")).status_code == 405


def test_an_answer_needs_the_forms_token(alices_request: SupportRequest, dora: Account) -> None:
    assert reply(at_work(dora, csrf=True), alices_request).status_code == 403
    assert state(alices_request) == RequestState.OPEN
