"""Answer a request by mail, or close it (J30)."""

from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.mail.catalogue import RequestAnsweredMail
from extranet.mail.guard import MailBlocked, check, check_text
from extranet.mail.outbox import post
from extranet.service_center.models import RequestState, SupportRequest
from extranet.service_center.reader import language_of
from extranet.service_center.sealed import add_step, written_in

LONGEST = 10_000  # signs


class AnswerRefused(Exception):
    """The answer does not leave; the message says why and what to do."""


class CloseRefused(Exception):
    """The request is closed already."""


class NoteRefused(Exception):
    """The note is not kept; the message says why. The request is as it was."""


def answer(*, request: SupportRequest, text: str, by: Actor, now: datetime) -> SupportRequest:
    """Mail the answer to the address that the request gave. Once: of two who answer, one is refused.

    Raises AnswerRefused, also where the text seems to hold a consumer's data: that is never mailed (J28).
    """
    mail = _mail(request, text, by=by, now=now)
    with transaction.atomic():
        still_open = SupportRequest.objects.filter(pk=request.pk, state=RequestState.OPEN)
        if not still_open.update(state=RequestState.ANSWERED, answered_at=now, taken_by=by.name):
            raise AnswerRefused("This request was answered or closed already.")
        to, key = written_in(request)["email"], f"request_answered:{request.number}:1"
        post(mail, to=to, about=request.number, key=key, language=language_of(request, to), now=now)
        add_step(request, "answered", by=by.name, now=now, text=mail.answer)
        record(action=Action.REQUEST_ANSWERED, now=now, actor=by, subject=request.number)
    request.refresh_from_db()
    return request


def close(*, request: SupportRequest, by: Actor, now: datetime, note: str = "") -> SupportRequest:
    """End a request without a mail, because it was answered or settled by telephone.

    Raises CloseRefused; NoteRefused where the note seems to hold a consumer's data.
    """
    _check_note(request, note, by=by, now=now)
    with transaction.atomic():
        not_closed = SupportRequest.objects.filter(pk=request.pk).exclude(state=RequestState.CLOSED)
        if not not_closed.update(state=RequestState.CLOSED, closed_at=now):
            raise CloseRefused("This request is closed already.")
        add_step(request, "closed", by=by.name, now=now, text=note.strip())
        record(action=Action.REQUEST_CLOSED, now=now, actor=by, subject=request.number)
    request.refresh_from_db()
    return request


def _check_note(request: SupportRequest, note: str, *, by: Actor, now: datetime) -> None:
    try:
        check_text(note, what="note", about=request.number, by=by, now=now)
    except MailBlocked as blocked:
        found = " and ".join(blocked.found)
        raise NoteRefused(f"The note seems to hold {found}. No note keeps that: take it out.") from blocked


def _mail(request: SupportRequest, text: str, *, by: Actor, now: datetime) -> RequestAnsweredMail:
    """The mail, past the guard. Raises AnswerRefused."""
    words = text.strip()
    if not words:
        raise AnswerRefused("Write an answer first.")
    if len(words) > LONGEST:
        raise AnswerRefused(f"Use at most {LONGEST} characters.")
    mail = RequestAnsweredMail(number=request.number, answer=words)
    try:
        check(mail, about=request.number, by=by, now=now)
    except MailBlocked as blocked:
        found = " and ".join(blocked.found)
        raise AnswerRefused(f"The answer seems to hold {found}. Mails never carry it: take it out.") from blocked
    return mail
