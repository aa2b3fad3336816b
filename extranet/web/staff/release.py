"""Release and recall by a person: each one act, and harmless the second time."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from extranet.reports.listing import Publication, PublicationState
from extranet.reports.listing import publications as listed
from extranet.reports.recall import RECALLABLE
from extranet.reports.recall import recall as recall_publication
from extranet.reports.refusals import Conflict, UsageRefused
from extranet.reports.release import release as release_publication
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.dates import day
from extranet.web.staff.publication_page import ReleaseForm, found, page_of
from extranet.web.staff.publications import report_title


@access(PUBLISHERS)
@require_POST
def release(request: PortalRequest, publication_id: UUID) -> HttpResponse:
    """Show it to all agents. A held one needs a reason; where policy asks for two, a second person."""
    row = found(publication_id)
    form = ReleaseForm(request.POST, is_held=row.state == PublicationState.HELD)
    if not form.is_valid():
        return page_of(request, row, form=form, status=422)
    reason, by = form.cleaned_data.get("reason", ""), actor_of(request)
    try:
        release_publication(publication_id=row.id, by=by, now=timezone.now(), reason=reason)
    except UsageRefused as refused:
        return page_of(request, row, form=form, refused=refused.lines, status=422)
    except Conflict as refused:
        return page_of(request, found(publication_id), refused=refused.lines, status=409)
    messages.success(request, "It is released. Agents with cases in it are told by e-mail.")
    return redirect("staff-publication", row.id)


@access(PUBLISHERS)
@require_http_methods(["GET", "HEAD", "POST"])
def recall(request: PortalRequest, publication_id: UUID) -> HttpResponse:
    """GET says what will happen; the POST takes it back, and agents see the week before."""
    row = found(publication_id)
    if request.method != "POST":
        return _confirmation(request, row)
    try:
        shown = recall_publication(publication_id=row.id, by=actor_of(request), now=timezone.now())
    except Conflict as refused:
        return page_of(request, row, refused=refused.lines, status=409)
    seen = f"the one of {day(shown.as_of)}" if shown else "none"
    messages.success(request, f"It is recalled. The newest {report_title(row.kind)} that agents see: {seen}.")
    return redirect("staff-publication", row.id)


def _confirmation(request: PortalRequest, row: Publication) -> HttpResponse:
    """Nothing to confirm where nothing can be taken back."""
    if row.state not in RECALLABLE:
        return redirect("staff-publication", row.id)
    released = listed(kind=row.kind).filter(state=PublicationState.RELEASED)
    context = {
        "title": f"Recall {report_title(row.kind)} of {day(row.as_of)}?",
        "publication": row,
        "is_released": row.state == PublicationState.RELEASED,
        "shown_then": released.exclude(id=row.id).first(),
    }
    return render(request, "staff/publication_recall.html", context)
