"""The page of what changed in a book between two weeks (J2): whose, since when, what it means; every look is in the
trail."""

from datetime import datetime

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from extranet.credentials.gate import Channel
from extranet.reports.changes_shelf import open_changes, pair_of
from extranet.reports.refusals import NoBook
from extranet.reports.shelf import newest
from extranet.web.access import BOOKS, PortalRequest, access, actor_of
from extranet.web.portal.changes_asked import ChangesAsked, read_changes_asked
from extranet.web.portal.changes_page import Compared, context_of
from extranet.web.portal.owner import (
    NoLongerManaged,
    SessionOver,
    eyes_of,
    gate_of,
    is_own,
    note_refusal,
    owner_of,
    weeks_open,
)


@access(BOOKS)
@require_safe
def changes(request: PortalRequest, kind: str) -> HttpResponse:
    """The newest week against the one before, or the two weeks that are asked for."""
    asked = read_changes_asked(kind, request.GET)
    try:
        compared = _open(request, asked, timezone.now())
    except NoBook:
        raise Http404 from None
    except SessionOver as over:
        return redirect(f"{reverse('login')}?ended={over.reason}")
    return render(request, "portal/changes.html", context_of(compared))


def _open(request: PortalRequest, asked: ChangesAsked, now: datetime) -> Compared:
    plain, eyes = asked.asked, eyes_of(request)
    owner = owner_of(request, plain, now=now)
    mine = is_own(request, owner)
    if newest(plain.kind.slug) is None and not plain.license:
        return Compared(asked, owner, is_own=mine, weeks=[], changes=None)
    weeks = weeks_open(request, owner, plain, now=now)
    pair = pair_of(weeks, week=plain.week, against=asked.against)
    if pair is None and asked.is_among([week.as_of for week in weeks]):
        return Compared(asked, owner, is_own=mine, weeks=weeks, changes=None)
    try:
        found = open_changes(
            agent=owner,
            kind=plain.kind.slug,
            week=plain.week,
            against=asked.against,
            actor=actor_of(request),
            now=now,
            gate=gate_of(request, owner, Channel.PORTAL),
            manager=None if owner.pk == eyes.pk else eyes,
        )
    except (SessionOver, NoLongerManaged) as over:
        note_refusal(request, owner, plain, over.reason)
        raise
    return Compared(asked, owner, is_own=mine, weeks=weeks, changes=found)
