"""The list of mails made whole: who it was for, since when, what is held; sent again once, and secrets never."""

from datetime import datetime

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor
from extranet.credentials.issue_again import issue_again
from extranet.credentials.models import Account, StaffRole
from extranet.credentials.staff import add_staff
from extranet.mail.catalogue import (
    BookAccessGivenMail,
    BookReadyMail,
    CatalogueMail,
    EmailChangeNewMail,
    RequestAnsweredMail,
)
from extranet.mail.delivery import deliver_due
from extranet.mail.models import Canary, DoubtfulAddress, MailState, OutboxMail
from extranet.mail.outbox import body_of, cancel, post
from extranet.mail.returned.take_in import take_in
from extranet.mail.send_again import SendAgainRefused, next_key, send_again
from extranet.service_center.identity import check_identity
from tests.credentials.people import events
from tests.mail.reports import delivery_report
from tests.reports.exchange import ALICE
from tests.web.people import text_of
from tests.web.staff.test_mail import ANSWERS, at, listed

DORA = Actor("staff", "staff\\dora")


@pytest.fixture
def notice(alice: Account, now: datetime) -> OutboxMail:
    """A mail to Alice that is no secret, accepted."""
    mail = BookAccessGivenMail(person="Jo", username="CC_1H10001.JO", given_by="Alice", may_export=False, may_act=False)
    return accepted(mail, alice, now)


def accepted(mail: CatalogueMail, to: Account, now: datetime) -> OutboxMail:
    with transaction.atomic():
        row = post(mail, to=to.address, about=to.username, key=f"{mail.kind}:{to.username}:1", language="", now=now)
    deliver_due(now=now)
    return OutboxMail.objects.get(pk=row.pk)


def doubt(row: OutboxMail, now: datetime) -> None:
    assert take_in(delivery_report(row), now=now) == "failed"


def test_what_today_s_profile_secures_is_not_sent_again_as_it_left_then(notice: OutboxMail, now: datetime) -> None:
    """Posted when the profile did not secure that kind yet."""
    OutboxMail.objects.filter(pk=notice.pk).update(kind="username")
    with pytest.raises(SendAgainRefused, match="secured way now"):
        send_again(row=OutboxMail.objects.get(pk=notice.pk), to=notice.to_address, by=DORA, now=now)
    assert OutboxMail.objects.count() == 1


def test_the_list_names_the_person_and_both_moments(notice: OutboxMail, desk: Client) -> None:
    page = listed(desk, state="all")
    assert notice.about in page
    assert "Alice Example" in page
    assert page.count("Nov\N{NO-BREAK SPACE}16,\N{NO-BREAK SPACE}2026 9:00") == 2


@pytest.mark.parametrize(("since", "there"), [("2026-11-16", True), ("2026-11-17", False), ("", True)])
def test_since_is_a_day_of_the_exchange(notice: OutboxMail, desk: Client, since: str, there: bool) -> None:
    assert (at(notice) in listed(desk, state="all", since=since)) is there


def test_a_day_that_is_none_is_said_beside_the_field(notice: OutboxMail, desk: Client) -> None:
    for day in ("tomorrow", "9999-12-31"):
        answer = desk.get("/staff/mail/", {"state": "all", "since": day})
        assert answer.status_code == 422
        assert 'role="alert"' in text_of(answer)


def test_the_license_finds_as_well_as_the_user_name(notice: OutboxMail, desk: Client) -> None:
    assert at(notice) in listed(desk, state="all", about=ALICE.lower())


def test_what_is_held_says_so_and_has_a_filter(notice: OutboxMail, alice: Account, desk: Client, now: datetime) -> None:
    doubt(notice, now)
    issue_again(account=alice, by=DORA, now=now)
    password = OutboxMail.objects.get(kind="password")
    for page in (listed(desk), listed(desk, state="held"), text_of(desk.get(at(password)))):
        assert "Held: address in doubt" in page
    assert at(notice) not in listed(desk, state="held")
    tasks = {task.words: task for task in desk.get("/staff/").context["tasks"]}
    task = tasks["mails held: the address is in doubt"]
    assert (task.count, task.url) == (1, "/staff/mail/?state=held")


def test_what_a_readable_canary_holds_says_so_and_has_a_filter(
    notice: OutboxMail, alice: Account, desk: Client, auditor: Client, settings: Settings, now: datetime
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"canary_to": "canary@exchange.test"})
    Canary.objects.create(number="c", phrase="p", state="clear", asked_at=now, late_at=now, decided_at=now)
    issue_again(account=alice, by=DORA, now=now)
    password = OutboxMail.objects.get(kind="password")
    for page in (listed(desk), listed(desk, state="stopped"), text_of(desk.get(at(password)))):
        assert "Held: canary came back readable" in page
    assert "extranet mail canary" in text_of(desk.get(at(password)))
    assert "extranet mail canary" not in text_of(desk.get(at(notice)))
    assert at(notice) not in listed(desk, state="stopped")
    assert at(password) not in listed(desk, state="held")
    tasks = {task.words: task for task in desk.get("/staff/").context["tasks"]}
    task = tasks["secured mails held: the canary came back readable"]
    assert (task.count, task.url) == (1, "/staff/mail/?state=stopped")
    assert "canary" not in text_of(auditor.get("/staff/"))


def test_a_mail_that_is_held_for_two_reasons_names_both(
    notice: OutboxMail, alice: Account, desk: Client, settings: Settings, now: datetime
) -> None:
    doubt(notice, now)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"canary_to": "canary@exchange.test"})
    Canary.objects.create(number="c", phrase="p", state="clear", asked_at=now, late_at=now, decided_at=now)
    issue_again(account=alice, by=DORA, now=now)
    page = text_of(desk.get(at(OutboxMail.objects.get(kind="password"))))
    assert "Held: address in doubt; Held: canary came back readable" in page


def test_the_page_of_a_mail_says_what_came_back(notice: OutboxMail, desk: Client, now: datetime) -> None:
    doubt(notice, now)
    page = text_of(desk.get(at(notice)))
    assert "5.1.1" in page
    assert "in doubt since" in page


def test_a_mail_is_sent_again_once_and_the_trail_says_by_whom(notice: OutboxMail, desk: Client, now: datetime) -> None:
    assert "Send again" in text_of(desk.get(at(notice)))
    answers = [desk.post(f"{at(notice)}again/") for _ in range(2)]
    new = OutboxMail.objects.get(key=f"{notice.key}+2")
    assert {answer["Location"] for answer in answers} == {at(new)}
    assert OutboxMail.objects.count() == 2
    assert body_of(new) == body_of(notice)
    assert (new.to_address, new.state) == (notice.to_address, MailState.QUEUED)
    assert new.message_id != notice.message_id
    (event,) = events(Action.MAIL_SENT_AGAIN)
    assert (event.actor, event.subject, event.detail["again"]) == ("staff\\dora", notice.about, notice.key)
    deliver_due(now=now)
    new.refresh_from_db()
    assert new.state == MailState.ACCEPTED
    assert at(new) in text_of(desk.get(at(notice)))


def test_it_goes_to_where_the_agent_reads_now(notice: OutboxMail, desk: Client) -> None:
    Agent.objects.update(email="Alice@new.test")
    assert "A•••@new.test" in text_of(desk.get(at(notice)))
    desk.post(f"{at(notice)}again/")
    again = OutboxMail.objects.get(key__endswith="+2")
    assert (again.to_address, again.mailbox) == ("Alice@new.test", "alice@new.test")


def test_a_mail_to_one_mailbox_goes_there_again(alice: Account, desk: Client, now: datetime) -> None:
    row = accepted(EmailChangeNewMail(active_on=now, code="ABC234"), alice, now)
    Agent.objects.update(email="alice@new.test")
    desk.post(f"{at(row)}again/")
    assert OutboxMail.objects.get(key__endswith="+2").to_address == row.to_address


def test_keys_count_on() -> None:
    assert next_key("notice:CC_1H10001:1") == "notice:CC_1H10001:1+2"
    assert next_key("notice:CC_1H10001:1+2") == "notice:CC_1H10001:1+3"


def test_what_has_not_left_and_what_was_cancelled_is_refused(
    notice: OutboxMail, alice: Account, desk: Client, now: datetime
) -> None:
    desk.post(f"{at(notice)}again/")
    queued = OutboxMail.objects.get(key__endswith="+2")
    answer = desk.post(f"{at(queued)}again/", follow=True)
    assert "Nothing was sent. It has not left yet" in text_of(answer)
    with transaction.atomic():
        cancel(key_prefix=queued.key, now=now)
    assert "its words are gone" in text_of(desk.get(at(queued)))
    desk.post(f"{at(queued)}again/")
    assert OutboxMail.objects.count() == 2


def test_words_that_cannot_be_opened_are_not_sent(notice: OutboxMail, desk: Client) -> None:
    OutboxMail.objects.update(sealed_body=b"spoiled")
    assert "cannot be opened any more" in text_of(desk.get(at(notice)))
    assert "Nothing was sent" in text_of(desk.post(f"{at(notice)}again/", follow=True))
    assert OutboxMail.objects.count() == 1


def test_a_secret_is_never_sent_again_but_issued_anew(alice: Account, desk: Client, now: datetime) -> None:
    issue_again(account=alice, by=DORA, now=now)
    row = OutboxMail.objects.get(kind="password")
    for state in (MailState.QUEUED, MailState.ACCEPTED, MailState.BOUNCED):
        OutboxMail.objects.filter(pk=row.pk).update(state=state, sealed_body=None, wiped_at=now)
        page = text_of(desk.get(at(row)))
        assert f"{at(row)}again/" not in page
        assert "Issue" in page
        assert "never sent twice" in text_of(desk.post(f"{at(row)}again/", follow=True))
    assert OutboxMail.objects.count() == 1


def test_a_reset_link_leads_to_the_reset_of_the_desk(alice: Account, desk: Client, now: datetime) -> None:
    assert alice.agent is not None
    check_identity(agent=alice.agent, answers=ANSWERS, by=DORA, now=now)
    desk.post(f"/staff/agents/{ALICE}/do/start-reset/")
    row = OutboxMail.objects.get(kind="reset_started_by_staff")
    deliver_due(now=now)
    page = text_of(desk.get(at(row)))
    assert f'action="/staff/agents/{ALICE}/do/start-reset/"' in page
    assert f"{at(row)}again/" not in page


def test_the_desk_reads_what_is_no_secret_and_the_look_is_in_the_trail(notice: OutboxMail, desk: Client) -> None:
    page = text_of(desk.get(at(notice)))
    assert "CC_1H10001.JO" in page.partition("What it said")[2]
    assert [event.actor for event in events(Action.MAIL_READ)] == ["staff\\dora"]


def test_an_answer_is_shown_as_text(alice: Account, desk: Client, now: datetime) -> None:
    mail = RequestAnsweredMail(number="R-CDFH-47", answer="Use <b>the link</b>.")
    with transaction.atomic():
        row = post(mail, to=alice.address, about="R-CDFH-47", key="request_answered:R-CDFH-47:1", language="", now=now)
    page = text_of(desk.get(at(row)))
    assert "&lt;b&gt;the link" in page
    assert "<b>the link" not in page


def test_codes_and_links_that_prove_something_are_not_shown(alice: Account, desk: Client, now: datetime) -> None:
    """Who reads the code could prove an address that is not theirs."""
    row = accepted(EmailChangeNewMail(active_on=now, code="ABC234"), alice, now)
    assert "ABC234" in body_of(row).text
    assert "ABC234" not in text_of(desk.get(at(row)))
    assert events(Action.MAIL_READ) == []


def test_the_number_of_cases_that_a_caller_is_asked_for_is_not_shown(
    alice: Account, desk: Client, now: datetime
) -> None:
    mail = accepted(BookReadyMail(report_title="Book of Business", as_of=now.date(), rows=1410, cases=274), alice, now)
    page = text_of(desk.get(at(mail)))
    assert "274" in body_of(mail).text
    assert "What it said" not in page
    assert "274" not in page.replace(str(mail.pk), "")


def test_an_administrator_sees_the_way_but_no_words_and_no_buttons(
    notice: OutboxMail, administrator: Client, staff_clients: dict[str, Client]
) -> None:
    page = text_of(administrator.get(at(notice)))
    assert "CC_1H10001.JO" not in page
    assert "Send again" not in page
    for role, client in staff_clients.items():
        for act in ("again", "address"):
            refused = client.post(f"{at(notice)}{act}/").status_code == 403
            assert refused is (role != StaffRole.SERVICE_DESK)


def test_the_address_of_a_colleague_is_cleared_here_that_of_an_agent_on_the_record(
    notice: OutboxMail, desk: Client, now: datetime
) -> None:
    doubt(notice, now)
    assert f"{at(notice)}address/" not in text_of(desk.get(at(notice)))
    assert "on the record of the agent" in text_of(desk.post(f"{at(notice)}address/", follow=True))
    add_staff(name="nina", role="auditor", display_name="Nina", email="nina@staff.test", by=DORA, now=now)
    row = OutboxMail.objects.get(kind="staff_enrolment")
    deliver_due(now=now)
    row.refresh_from_db()
    doubt(row, now)
    assert "The address works" in text_of(desk.get(at(row)))
    assert "not in doubt any more" in text_of(desk.post(f"{at(row)}address/", follow=True))
    assert DoubtfulAddress.objects.get(cleared_at=None).address == notice.to_address.lower()


def test_the_record_shows_the_doubt_and_the_desk_ends_it(
    notice: OutboxMail, alice: Account, desk: Client, now: datetime
) -> None:
    doubt(notice, now)
    record = f"/staff/agents/{ALICE}/"
    page = text_of(desk.get(record))
    assert "mails came back, code 5.1.1" in page
    assert "passwords, links and user names are held" in page
    assert desk.post(f"{record}do/clear-doubt/")["Location"].startswith(f"{record}identity/")
    assert alice.agent is not None
    check_identity(agent=alice.agent, answers=ANSWERS, by=DORA, now=now)
    assert "The address works" in text_of(desk.get(record))
    assert "not in doubt any more" in text_of(desk.post(f"{record}do/clear-doubt/", follow=True))
    assert "mails came back" not in text_of(desk.get(record))
