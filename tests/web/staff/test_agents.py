"""The desk finds an agent, sees why the agent is stuck, checks who is calling, and acts (J17, J19, J29)."""

import re
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.agents.models import Agent, EmailChange
from extranet.audit.models import Event
from extranet.credentials.granting import revoke
from extranet.credentials.models import Account, ResetLink, StaffRole
from extranet.credentials.reset import look
from extranet.credentials.reset_link import code_digest
from extranet.credentials.throttle import of_account
from extranet.credentials.throttle import take as try_password
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center.models import IdentityCheck, SupportRequest
from extranet.vault.tokens import normalise_code
from extranet.web.dates import day
from tests.credentials.agency import VIEW, acting, new_agency_staff, owner
from tests.credentials.people import events, fresh, mails
from tests.reports.exchange import ALICE, BOB
from tests.service_center.known import KNOWN, give_own_facts
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work, staff_account

RECORD = f"/staff/agents/{ALICE}/"
ANSWERS = {"email": f"{ALICE}@agents.test", "certified_on": "2026-11-12", "last_name": "example"}
CERTIFIED = date(2026, 11, 12)
GUARDED = ("send-username", "start-reset", "change-email", "issue-again", "unlock", "enable")
ACTS = (*GUARDED, "disable", "note-call")
TYPED = {"new_email": "new@example.org", "reason": "laptop stolen", "text": "Cannot log in.", "telephone": ""}
Clock = time_machine.Traveller


def do(client: Client, act: str, license: str = ALICE, **typed: str) -> Answer:
    return client.post(f"/staff/agents/{license}/do/{act}/", {**TYPED, **typed})


def check(client: Client, license: str = ALICE, **answers: str) -> Answer:
    return client.post(f"/staff/agents/{license}/identity/", {**ANSWERS, "email": f"{license}@agents.test", **answers})


@pytest.fixture
def checked(alice: Account, desk: Client, now: datetime) -> Client:
    """Dora's browser, after she checked who is calling, also by what only Alice knows."""
    give_own_facts(alice, now=now)
    assert check(desk, **KNOWN).headers["Location"] == RECORD
    return desk


def test_a_search_leaves_no_name_in_the_address(alice: Account, desk: Client) -> None:
    answer = desk.post("/staff/agents/", {"search": "exam"})
    assert "exam" not in answer.headers["Location"].lower()
    page = text_of(desk.get(answer.headers["Location"]))
    assert f'<a href="{RECORD}">Alice Example</a>' in page


def test_a_search_of_another_session_does_not_open(alice: Account, dora: Account, desk: Client) -> None:
    found = desk.post("/staff/agents/", {"search": "exam"}).headers["Location"]
    newer = at_work(dora)
    answer = newer.get(found)
    assert answer.status_code == 302
    assert "Alice" not in text_of(newer.get(answer.headers["Location"]))


def test_nobody_found_says_what_to_ask(alice: Account, desk: Client) -> None:
    page = text_of(desk.post("/staff/agents/", {"search": "zebulon"}, follow=True))
    assert "Nobody fits" in page


def test_the_record_says_every_reason_and_the_look_is_recorded(
    alice: Account, desk: Client, clock: Clock, now: datetime
) -> None:
    clock.move_to(now - timedelta(minutes=1))
    Account.objects.filter(pk=alice.pk).update(disabled_at=now, disabled_reason="laptop stolen")
    Agent.objects.filter(license=ALICE).update(status="suspended")
    page = text_of(desk.get(RECORD))
    assert "The certification is suspended" in page
    assert "The account was disabled on" in page
    assert "laptop stolen" in page
    assert [(event.actor, event.subject) for event in events("agent:record:viewed")] == [
        ("staff\\dora", alice.username)
    ]


def test_an_agent_whom_nothing_keeps_out_is_said_so(alice: Account, desk: Client) -> None:
    assert "Nothing keeps this agent out" in text_of(desk.get(RECORD))


def test_the_record_holds_none_of_the_facts_that_a_caller_is_asked_for(alice: Account, desk: Client) -> None:
    Agent.objects.filter(license=ALICE).update(
        npn="10000001", phone="9165550143", agency_name="Harbor Insurance", certified_on=CERTIFIED, status_on=CERTIFIED
    )
    page = text_of(desk.get(RECORD))
    for fact in (alice.address, "10000001", "9165550143", "Harbor", CERTIFIED.isoformat(), day(CERTIFIED)):
        assert fact not in page
    Agent.objects.filter(license=ALICE).update(status="suspended")
    assert f"Suspended since {day(CERTIFIED)}" in text_of(desk.get(RECORD))


def test_an_unknown_license_has_no_record(alice: Account, desk: Client) -> None:
    assert desk.get("/staff/agents/9Z99999/").status_code == 404
    assert do(desk, "unlock", "9Z99999").status_code == 404
    assert do(desk, "promote").status_code == 404


@pytest.mark.parametrize("act", GUARDED)
def test_without_a_check_the_page_leads_there_and_says_so(alice: Account, desk: Client, act: str) -> None:
    answer = do(desk, act)
    assert answer.headers["Location"] == f"{RECORD}identity/"
    assert "Check the identity of the caller first" in text_of(desk.get(answer.headers["Location"]))
    assert not mails()
    assert events("access:page:refused")[0].actor == "staff\\dora"


def test_before_the_check_the_page_offers_only_what_needs_none(alice: Account, desk: Client) -> None:
    page = text_of(desk.get(RECORD))
    assert set(re.findall(r"/do/([a-z-]+)/", page)) == {"disable", "note-call"}
    assert f'href="{RECORD}identity/"' in page


def test_three_facts_must_match(alice: Account, desk: Client) -> None:
    answer = check(desk, last_name="Stranger")
    assert answer.status_code == 422
    page = text_of(answer)
    assert 'role="alert"' in page
    assert "Stranger" not in page
    assert do(desk, "start-reset").headers["Location"].endswith("/identity/")
    assert not ResetLink.objects.exists()


def test_a_check_of_alice_opens_nothing_of_bob(alice: Account, bob: Account, checked: Client) -> None:
    assert do(checked, "send-username", BOB).headers["Location"] == f"/staff/agents/{BOB}/identity/"
    assert not mails()


def test_a_check_is_over_after_half_an_hour(checked: Client, clock: Clock, now: datetime) -> None:
    for minutes in (10, 20):
        clock.move_to(now + timedelta(minutes=minutes))
        assert "You have checked the identity" in text_of(checked.get(RECORD))
    clock.move_to(now + timedelta(minutes=30))
    assert do(checked, "unlock").headers["Location"].endswith("/identity/")


def test_the_user_name_is_sent_once_however_often_one_clicks(alice: Account, checked: Client) -> None:
    for _ in range(2):
        assert do(checked, "send-username").headers["Location"] == RECORD
    assert [mail.kind for mail in mails(alice.username)] == ["username_reminder"]
    assert "The user name is on its way" in text_of(checked.get(RECORD))


def test_the_code_of_a_started_reset_is_shown_and_fits_the_mailed_link(
    alice: Account, checked: Client, now: datetime
) -> None:
    page = text_of(checked.get(do(checked, "start-reset").headers["Location"]))
    shown = re.search(r'<code id="reset-code"[^>]*>([A-Z0-9]{6})</code>', page)
    assert shown is not None
    words = body_of(mails(alice.username)[0]).text
    assert shown[1] not in words
    token = re.search(r"/link/([a-z0-9]+)/", words)
    assert token is not None
    assert look(token=token[1], browser_token="", now=now).needs_code
    assert ResetLink.objects.get().code_digest == code_digest(token[1], normalise_code(shown[1]))


def test_a_second_click_shows_the_same_code_and_mails_nothing_more(alice: Account, checked: Client) -> None:
    pages = [text_of(checked.get(do(checked, "start-reset").headers["Location"])) for _ in range(2)]
    codes = {match[1] for page in pages if (match := re.search(r'id="reset-code"[^>]*>([^<]*)<', page))}
    assert len(codes) == 1
    assert all("reset-code" in page for page in pages)
    assert ResetLink.objects.count() == len(mails(alice.username)) == 1


def test_the_code_lies_in_no_address_and_not_in_clear_in_the_session(checked: Client) -> None:
    location = do(checked, "start-reset").headers["Location"]
    code = re.search(r'id="reset-code"[^>]*>([^<]*)<', text_of(checked.get(location)))
    assert code is not None
    assert code[1] not in location
    assert code[1] not in str(dict(checked.session.items()))


def test_the_code_is_gone_after_ten_minutes_and_was_never_another_desks(
    checked: Client, clock: Clock, now: datetime
) -> None:
    location = do(checked, "start-reset").headers["Location"]
    ben = at_work(staff_account("ben", StaffRole.SERVICE_DESK, now=now))
    assert 'id="reset-code"' not in text_of(ben.get(location))
    clock.move_to(now + timedelta(minutes=10))
    assert 'id="reset-code"' not in text_of(checked.get(location))


def test_a_reset_that_cannot_help_is_refused_in_words(checked: Client) -> None:
    Agent.objects.filter(license=ALICE).update(status="suspended")
    page = text_of(do(checked, "start-reset").client.get(RECORD))
    assert "A reset would not help" in page
    assert not ResetLink.objects.exists()


def test_a_change_of_address_tells_both_once_and_waits(alice: Account, checked: Client) -> None:
    for _ in range(2):
        assert do(checked, "change-email").headers["Location"] == RECORD
    assert EmailChange.objects.count() == 1
    assert sorted(mail.kind for mail in mails(alice.username)) == ["email_change_new", "email_change_old"]
    page = text_of(checked.get(RECORD))
    assert "A change of the address to n•••@example.org waits until" in page
    assert "new@example.org" not in page


def test_the_caller_proves_the_new_address_by_its_code(alice: Account, checked: Client) -> None:
    do(checked, "change-email")
    assert "Nobody has proved the new one yet" in text_of(checked.get(RECORD))
    wrong = do(checked, "prove-email", code="AAAAAA")
    assert wrong.status_code == 422
    assert "Tries: 4 left." in text_of(wrong)
    (mail,) = (mail for mail in mails(alice.username) if mail.kind == "email_change_new")
    code = re.search(r"^[2-9A-Z]{6}$", body_of(mail).text, re.M)
    assert code
    assert do(checked, "prove-email", code=code[0]).headers["Location"] == RECORD
    assert "Prove the new address" not in text_of(checked.get(RECORD))


@pytest.mark.parametrize("act", ["change-email", "unlock", "enable"])
def test_what_lets_somebody_in_asks_for_what_only_the_agent_knows(
    alice: Account, desk: Client, act: str, now: datetime
) -> None:
    give_own_facts(alice, now=now)
    check(desk)
    answer = do(desk, act)
    assert answer.headers["Location"] == f"{RECORD}identity/"
    assert "only the agent knows" in text_of(desk.get(answer.headers["Location"]))
    assert not mails()


@pytest.mark.parametrize("address", ["", "nowhere", f"{ALICE}@agents.test"])
def test_a_wrong_address_is_refused_beside_its_field(checked: Client, address: str) -> None:
    answer = do(checked, "change-email", new_email=address)
    assert answer.status_code == 422
    assert 'id="change_email_new_email-error" role="alert"' in text_of(answer)
    assert not EmailChange.objects.exists()


def test_a_password_is_issued_again_once(alice: Account, checked: Client) -> None:
    before = fresh(alice).password_serial
    for _ in range(2):
        assert do(checked, "issue-again").headers["Location"] == RECORD
    assert fresh(alice).password_serial == before + 1
    assert [mail.kind for mail in mails(alice.username)] == ["password"]


def test_unlocking_forgets_the_tries(alice: Account, checked: Client, now: datetime) -> None:
    for _ in range(15):
        try_password(budget=of_account(), owner=alice.username, now=now)
    assert "Too many wrong tries" in text_of(checked.get(RECORD))
    for _ in range(2):
        do(checked, "unlock")
    assert "Too many wrong tries" not in text_of(checked.get(RECORD))


def test_disabling_needs_no_check_but_a_reason_and_ends_the_session(
    alice: Account, alices: Client, desk: Client
) -> None:
    answer = do(desk, "disable", reason=" ")
    assert answer.status_code == 422
    assert 'id="disable_reason-error"' in text_of(answer)
    assert alices.get("/account/").status_code == 200
    for _ in range(2):
        assert do(desk, "disable").headers["Location"] == RECORD
    assert alices.get("/account/").status_code == 302
    assert len(events("account:disabled:done")) == 1


def test_enabling_takes_it_back(alice: Account, checked: Client) -> None:
    do(checked, "disable")
    for _ in range(2):
        do(checked, "enable")
    assert fresh(alice).is_active
    assert len(events("account:enabled:done")) == 1


def test_an_act_belongs_to_the_request_it_was_begun_from(alice: Account, bob: Account, checked: Client) -> None:
    do(checked, "note-call")
    do(checked, "note-call", BOB)
    own, others = (SupportRequest.objects.get(license_given=license) for license in (ALICE, BOB))
    assert do(checked, "unlock", request=own.number).headers["Location"] == f"{RECORD}?request={own.number}"
    assert do(checked, "unlock", request=others.number).headers["Location"] == RECORD
    assert [step.what for step in own.steps.order_by("id")] == ["received", "unlocked"]
    assert [step.what for step in others.steps.all()] == ["received"]


def test_a_call_is_noted_once_and_gets_a_clock(alice: Account, desk: Client) -> None:
    first, second = (do(desk, "note-call").headers["Location"] for _ in range(2))
    request = SupportRequest.objects.get()
    assert first == second == f"/staff/requests/{request.number}/"
    assert (request.origin, request.due_at - request.received_at) == ("phone", timedelta(hours=24))
    assert not OutboxMail.objects.exists()


def test_a_call_without_words_is_refused(alice: Account, desk: Client) -> None:
    answer = do(desk, "note-call", text=" ")
    assert answer.status_code == 422
    assert 'id="note_call_text-error"' in text_of(answer)


def test_the_timeline_shows_no_words_of_a_mail(alice: Account, checked: Client) -> None:
    do(checked, "start-reset")
    page = text_of(checked.get(RECORD))
    assert "mail: reset_started_by_staff" in page
    assert "/link/" not in page


@pytest.mark.parametrize("path", [RECORD, f"{RECORD}identity/", f"{RECORD}code/", "/staff/agents/"])
def test_only_the_desk_opens_these_pages(
    alice: Account, staff_clients: dict[str, Client], alices: Client, path: str
) -> None:
    admitted = [role for role, client in staff_clients.items() if client.get(path).status_code == 200]
    assert admitted == [StaffRole.SERVICE_DESK]
    assert alices.get(path).status_code == 403


@pytest.mark.parametrize("act", ACTS)
def test_only_the_desk_acts(alice: Account, staff_clients: dict[str, Client], alices: Client, act: str) -> None:
    refused = [client for role, client in staff_clients.items() if role != StaffRole.SERVICE_DESK]
    assert {do(client, act).status_code for client in (*refused, alices)} == {403}
    assert staff_clients[StaffRole.SERVICE_DESK].get(f"{RECORD}do/{act}/").status_code == 405
    assert not OutboxMail.objects.exists()
    assert not IdentityCheck.objects.exists()
    assert fresh(alice).is_active
    assert not Event.objects.filter(action__startswith="book:").exists()


def test_the_desk_sees_who_works_for_an_agent(alice: Account, desk: Client, now: datetime) -> None:
    """And bars them by disabling the agent: whoever took that account over may have invited them."""
    nina = new_agency_staff(alice, {owner(alice): VIEW}, now=now)
    omar = new_agency_staff(alice, {owner(alice): VIEW}, now=now, name="omar")
    revoke(account=omar, by=acting(alice), now=now)
    facts = dict(desk.get(RECORD).context["facts"])
    assert facts["Agency staff"] == f"ecoveredca\\{nina.username} (open), ecoveredca\\{omar.username} (no rights)"
    assert "Others who may open the book" not in facts
    do(desk, "disable", reason="taken over")
    assert "(open)" not in dict(desk.get(RECORD).context["facts"])["Agency staff"]
