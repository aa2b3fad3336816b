"""J29: a request asks for exactly what is needed, and answers a stranger like an agent."""

from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.policy import policy_named
from extranet.profile.loader import current
from extranet.service_center.intake import RequestRefused, TooManyRequests, take_call
from extranet.service_center.models import SupportRequest
from extranet.service_center.sealed import written_in
from extranet.vault.sealing import Unopenable
from tests.service_center.conftest import ADA, FORM, OFFICE, Post


def test_a_request_is_kept_numbered_confirmed_and_recorded(post_form: Post, alice: Agent, now: datetime) -> None:
    request = post_form()
    policy = policy_named(settings.EXTRANET.policy)
    assert (request.agent, request.license_given, request.origin) == (alice, "1H12345", "form")
    assert request.due_at == now + timedelta(hours=policy.due_hours)
    assert request.overdue_at == now + timedelta(hours=policy.overdue_hours)
    assert written_in(request) == {key: FORM[key] for key in ("name", "email", "telephone", "text")}
    mail = OutboxMail.objects.get()
    assert (mail.kind, mail.to_address, mail.about) == ("request_received", "alice@example.org", request.number)
    assert request.number in body_of(mail).text
    event = Event.objects.latest("id")
    assert (event.action, event.subject, event.network) == ("request:received:done", request.number, OFFICE)


def test_nothing_that_was_written_stands_in_the_database_in_clear(post_form: Post) -> None:
    post_form()
    with connection.cursor() as cursor:
        for table in ("support_requests", "support_request_steps", "audit_events", "mail_outbox"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 -- names from this file
            rows = repr([[bytes(v) if isinstance(v, memoryview) else v for v in row] for row in cursor.fetchall()])
            assert "Zebulon" not in rows
            assert "555-0143" not in rows


def test_a_sealed_text_opens_in_its_own_request_only(post_form: Post) -> None:
    first, second = post_form(), post_form(text="Another thing.")
    second.sealed = first.sealed
    with pytest.raises(Unopenable):
        written_in(second)


@pytest.mark.parametrize("typed", ["1h12345", " 1H12345 ", "prefix", "domain"])
def test_the_license_may_be_typed_like_a_user_name(typed: str, post_form: Post, alice: Agent) -> None:
    name = current().username_prefix + "1H12345"
    forms = {"prefix": name.lower(), "domain": f"{current().account_domain}\\{name}"}
    assert post_form(license=forms.get(typed, typed)).agent == alice


def test_an_unknown_license_gets_the_same_answer(post_form: Post) -> None:
    known, unknown = post_form(), post_form(license="4999999", email="eve@example.com")
    assert unknown.agent is None
    assert len(unknown.number) == len(known.number)
    assert OutboxMail.objects.filter(about=unknown.number, to_address="eve@example.com").count() == 1


@pytest.mark.parametrize(
    ("field", "value", "fault"),
    [
        ("name", " ", "Enter your name."),
        ("name", "x" * 121, "Use at most 120 characters."),
        ("name", "Alice\nBcc: eve@example.com", "one line"),
        ("license", "", "Enter your license number."),
        ("license", "12", "Enter a license number like"),
        ("license", "staff\\ada", "Enter a license number like"),
        ("email", "", "Enter your e-mail address."),
        ("email", "alice@", "like name@example.org"),
        ("telephone", "", "Enter your telephone number."),
        ("telephone", "555-0143", "with area code"),
        ("telephone", "call me at 9165550143", "with area code"),
        ("text", "\n", "Say what we can help you with."),
    ],
)
def test_each_wrong_field_is_named(field: str, value: str, fault: str, post_form: Post) -> None:
    with pytest.raises(RequestRefused) as refused:
        post_form(**{field: value})
    assert set(refused.value.faults) == {field}
    assert fault in refused.value.faults[field]
    assert not SupportRequest.objects.exists()


def test_all_wrong_fields_are_named_at_once(post_form: Post) -> None:
    with pytest.raises(RequestRefused) as refused:
        post_form(name="", license="", email="", telephone="", text="")
    assert set(refused.value.faults) == {"name", "license", "email", "telephone", "text"}


def test_a_second_click_is_the_same_request(post_form: Post, now: datetime) -> None:
    first = post_form()
    assert post_form(at=now + timedelta(minutes=9)) == first
    assert post_form(at=now + timedelta(minutes=10)) != first
    assert OutboxMail.objects.count() == 2


def test_a_network_has_five_requests_an_hour_and_the_neighbour_its_own(post_form: Post, now: datetime) -> None:
    for n in range(5):
        post_form(text=f"Question {n}")
    with pytest.raises(TooManyRequests) as refused:
        post_form(text="One more", at=now + timedelta(minutes=1))
    assert refused.value.retry_after == 59 * 60
    assert current().service_center.phone in str(refused.value)
    assert SupportRequest.objects.count() == 5
    assert Event.objects.latest("id").action == "request:received:refused"
    post_form(text="From elsewhere", network="203.0.113.0/24")
    post_form(text="An hour later", at=now + timedelta(hours=1))


def test_our_own_addresses_are_never_written_to(post_form: Post) -> None:
    post_form(email=current().service_center.email.upper())
    post_form(email=current().system_sender.email)
    assert not OutboxMail.objects.exists()


def test_a_request_under_a_former_license_finds_its_agent(post_form: Post, alice: Agent, now: datetime) -> None:
    alice.former_licenses.create(license="1H00000", renamed_at=now)
    assert post_form(license="1H00000").agent == alice


def test_staff_note_a_call_and_nobody_is_mailed(alice: Agent, now: datetime) -> None:
    request = take_call(license="1h12345", text="Wants a call back.", by=ADA, now=now)
    assert (request.origin, request.agent) == ("phone", alice)
    assert written_in(request)["email"] == "alice@example.org"
    assert not OutboxMail.objects.exists()


@pytest.mark.parametrize(("license", "text"), [("4999999", "Help"), ("1H12345", " ")])
def test_a_call_needs_an_agent_and_words(license: str, text: str, alice: Agent, now: datetime) -> None:
    with pytest.raises(RequestRefused):
        take_call(license=license, text=text, by=ADA, now=now)
