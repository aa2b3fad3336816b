"""J30: every request has a clock, one answer, and an end."""

from datetime import datetime, timedelta

import pytest

from extranet.audit.models import Event
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.service_center.answer import AnswerRefused, CloseRefused, answer, close
from extranet.service_center.models import RequestState
from extranet.service_center.overdue import Counts, counts
from extranet.service_center.queue import RequestUnknown, clock, find, take, view, waiting
from tests.service_center.conftest import ADA, BEN, Post

HOURS = timedelta(hours=1)
MOMENT = timedelta(microseconds=1)


def test_the_clock_turns_due_at_24_hours_and_overdue_at_48(post_form: Post, now: datetime) -> None:
    request = post_form()
    moments = [now, now + 24 * HOURS - MOMENT, now + 24 * HOURS, now + 48 * HOURS - MOMENT, now + 48 * HOURS]
    assert [clock(request, at) for at in moments] == ["running", "running", "due", "due", "overdue"]


def test_the_queue_shows_the_oldest_first_and_counts(post_form: Post, now: datetime) -> None:
    old, middle, new = [post_form(at=now - hours * HOURS) for hours in (49, 25, 0)]
    assert [(line.request, line.clock) for line in waiting(now=now)] == [
        (old, "overdue"),
        (middle, "due"),
        (new, "running"),
    ]
    assert counts(now=now) == Counts(running=1, due=1, overdue=1)
    assert counts(now=now).open == 3


def test_an_answer_leaves_by_mail_and_the_request_leaves_the_queue(post_form: Post, now: datetime) -> None:
    request = answer(request=post_form(), text=" Please use the reset link. ", by=ADA, now=now + HOURS)
    assert (request.state, request.answered_at, request.taken_by) == (RequestState.ANSWERED, now + HOURS, "staff\\ada")
    mail = OutboxMail.objects.get(kind="request_answered")
    assert (mail.to_address, mail.about) == ("alice@example.org", request.number)
    assert "Please use the reset link." in body_of(mail).text
    assert waiting(now=now) == []
    assert clock(request, now + 99 * HOURS) == "answered"
    assert Event.objects.latest("id").action == "request:answered:done"
    steps = view(number=request.number, by=BEN, now=now).steps
    assert [(step.what, step.by, step.text) for step in steps] == [
        ("received", "form", ""),
        ("answered", "staff\\ada", "Please use the reset link."),
    ]


def test_of_two_who_answer_one_is_refused(post_form: Post, now: datetime) -> None:
    request = post_form()
    answer(request=request, text="First.", by=ADA, now=now)
    with pytest.raises(AnswerRefused, match="answered or closed already"):
        answer(request=request, text="Second.", by=BEN, now=now)
    assert OutboxMail.objects.filter(kind="request_answered").count() == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("  ", "Write an answer first."),
        ("x" * 10_001, "Use at most 10000 characters."),
        ("Her number is 123-45-6789.", "Social Security"),
        ("The case 5001234567 is delegated to you.", "a case number"),
        ("He was born 02/03/1980.", "a birth date"),
    ],
)
def test_an_answer_that_may_not_leave_is_refused_with_the_reason(
    text: str, reason: str, post_form: Post, now: datetime
) -> None:
    request = post_form()
    with pytest.raises(AnswerRefused, match=reason):
        answer(request=request, text=text, by=ADA, now=now)
    request.refresh_from_db()
    assert request.state == RequestState.OPEN
    assert not OutboxMail.objects.filter(kind="request_answered").exists()


def test_a_blocked_answer_is_recorded_without_its_words(post_form: Post, now: datetime) -> None:
    with pytest.raises(AnswerRefused):
        answer(request=post_form(), text="Her number is 123-45-6789.", by=ADA, now=now)
    event = Event.objects.latest("id")
    assert event.action == "mail:guard:blocked"
    assert "6789" not in str(event.detail)


def test_a_request_is_closed_once_with_a_note_and_no_mail(post_form: Post, now: datetime) -> None:
    request = close(request=post_form(), by=ADA, now=now, note="Settled by telephone with Zebulon's agent.")
    assert (request.state, request.closed_at) == (RequestState.CLOSED, now)
    assert not OutboxMail.objects.filter(kind="request_answered").exists()
    assert view(number=request.number, by=ADA, now=now).steps[-1].text.startswith("Settled by telephone")
    with pytest.raises(CloseRefused):
        close(request=request, by=BEN, now=now)
    with pytest.raises(AnswerRefused):
        answer(request=request, text="Too late.", by=BEN, now=now)


def test_an_answered_request_can_be_closed(post_form: Post, now: datetime) -> None:
    request = answer(request=post_form(), text="Done.", by=ADA, now=now)
    assert close(request=request, by=ADA, now=now).state == RequestState.CLOSED


def test_reading_a_request_is_recorded_each_time(post_form: Post, now: datetime) -> None:
    number = post_form().number
    opened = view(number=number.lower(), by=ADA, now=now)
    view(number=number, by=BEN, now=now)
    assert opened.written["text"].startswith("I cannot log in.")
    readers = Event.objects.filter(action="request:record:viewed", subject=number).values_list("actor", flat=True)
    assert sorted(readers) == ["staff\\ada", "staff\\ben"]


def test_staff_see_whether_the_address_is_the_one_on_the_roster(post_form: Post, now: datetime) -> None:
    known, stranger = post_form(), post_form(email="charlie@example.net")
    seen = [view(number=request.number, by=ADA, now=now).from_roster_address for request in (known, stranger)]
    assert seen == [True, False]


def test_an_unknown_number_opens_nothing(post_form: Post, now: datetime) -> None:
    post_form()
    with pytest.raises(RequestUnknown):
        find("R-0000-00")


def test_only_one_takes_a_request(post_form: Post) -> None:
    request = post_form()
    assert [take(request=request, by=ADA), take(request=request, by=BEN), take(request=request, by=ADA)] == [
        True,
        False,
        True,
    ]
