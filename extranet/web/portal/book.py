"""The page of a book: whose, as of when, found, filtered, sorted, in pages; every look is in the trail (J2, J28)."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.credentials.gate import Channel
from extranet.reports.refusals import NoBook, NothingPublished
from extranet.reports.shelf import open_shelf
from extranet.reports.view_token import ViewRefused, seal_view
from extranet.web.access import BOOKS, PortalRequest, access, actor_of
from extranet.web.portal.asked import Asked, read_asked
from extranet.web.portal.book_page import Opened, context_of
from extranet.web.portal.owner import (
    NoLongerManaged,
    SessionOver,
    gate_of,
    is_own,
    may_export,
    note_refusal,
    owner_of,
    weeks_open,
)


@access(BOOKS)
@require_http_methods(["GET", "HEAD", "POST"])
def book(request: PortalRequest, kind: str) -> HttpResponse:
    """GET shows a view; a POST is a search, which moves sealed into the address."""
    now, session_id = timezone.now(), str(request.live.id)
    try:
        asked = read_asked(kind, request.POST if request.method == "POST" else request.GET, session_id=session_id)
    except ViewRefused:
        messages.warning(request, "That search belongs to another session. Please search again.")
        return redirect("book", kind)
    if request.method == "POST":
        return _search(request, asked, now)
    try:
        opened = _open(request, asked, now)
    except NoBook:
        raise Http404 from None
    except SessionOver as over:
        return redirect(f"{reverse('login')}?ended={over.reason}")
    return render(request, "portal/book.html", context_of(opened, now))


def _search(request: PortalRequest, asked: Asked, now: datetime) -> HttpResponse:
    text = request.POST.get("search", "").strip()
    view = seal_view(search=text, session_id=str(request.live.id), now=now) if text else ""
    return redirect(asked.address(view=view))


def _open(request: PortalRequest, asked: Asked, now: datetime) -> Opened:
    owner = owner_of(request, asked, now=now)
    mine, exports = is_own(request, owner), may_export(request, owner, now=now)
    gate, actor = gate_of(request, owner, Channel.PORTAL), actor_of(request)
    try:
        found = open_shelf(agent=owner, kind=asked.kind.slug, week=asked.week, actor=actor, now=now, gate=gate)
    except NothingPublished:
        return Opened(asked, owner, is_own=mine, may_export=exports, weeks=[], book=None)
    except (SessionOver, NoLongerManaged) as over:
        note_refusal(request, owner, asked, over.reason)
        raise
    weeks = found.weeks if mine else weeks_open(request, owner, asked, now=now)
    return Opened(asked, owner, is_own=mine, may_export=exports, weeks=weeks, book=found.book)
