"""The list of publications, newest day first, with what was sent for publishing and the form to send more."""

from django.core.paginator import Page, Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from extranet.profile.loader import current
from extranet.reports.listing import Publication, PublicationState, StagedUpload
from extranet.reports.listing import publications as listed
from extranet.web.access import PUBLISHERS, PortalRequest, access
from extranet.web.dates import moment
from extranet.web.staff.upload import UploadForm

A_PAGE = 50
LAST_UPLOADS = 10
STATES = {
    PublicationState.RECEIVED: "being read",
    PublicationState.CHECKED: "being sealed",
    PublicationState.HELD: "held for a person",
    PublicationState.SEALED: "waits for release",
    PublicationState.RELEASED: "released",
    PublicationState.RECALLED: "recalled",
    PublicationState.SUPERSEDED: "superseded",
    PublicationState.EXPIRED: "deleted in time",
    PublicationState.REFUSED: "refused",
}
COLUMNS = (
    {"label": "As of", "nowrap": True},
    {"label": "Report"},
    {"label": "State"},
    {"label": "Rows in", "numeric": True},
    {"label": "Delivered", "numeric": True},
    {"label": "Unassigned", "numeric": True},
    {"label": "Faulty", "numeric": True},
    {"label": "Agents", "numeric": True},
    {"label": "Released"},
)
UPLOAD_COLUMNS = ({"label": "Sent"}, {"label": "File"}, {"label": "Report"}, {"label": "By"}, {"label": "State"})
UPLOAD_STATES = {"": "being published", "published": "published", "held": "held for a person", "refused": "refused"}


@access(PUBLISHERS)
@require_safe
def publications(request: PortalRequest) -> HttpResponse:
    """All kinds, or the one that is asked for."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in current().reports else ""
    rows = listed(kind=kind or None).defer("faults", "manifest", "manifest_signature")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": "Publications",
        "form": UploadForm(),
        "kinds": [(report.slug, report.title, report.slug == kind) for report in current().reports.values()],
        "columns": COLUMNS,
        "rows": [_row(row) for row in page],
        "upload_columns": UPLOAD_COLUMNS,
        "uploads": [_upload(upload) for upload in _last_uploads()],
        **_pages(page, kind),
    }
    return render(request, "staff/publications.html", context)


def report_title(kind: str) -> str:
    """The name of a report, also of one that the profile has no more."""
    report = current().reports.get(kind)
    return report.title if report else kind


def state_words(row: Publication) -> str:
    return STATES[PublicationState(row.state)]


def _row(row: Publication) -> tuple[str | SafeString, ...]:
    url = reverse("staff-publication", args=[row.id])
    revision = f", revision {row.revision}" if row.revision > 1 else ""
    day = format_html('<a href="{}">{}{}</a>', url, f"{row.as_of:%m/%d/%Y}", revision)
    numbers = (row.rows_in, row.delivered, row.unassigned, row.quarantined, row.agents)
    released = moment(row.released_at) if row.released_at else ""
    return day, report_title(row.kind), state_words(row), *(f"{number:,}" for number in numbers), released


def _last_uploads() -> list[StagedUpload]:
    uploads = StagedUpload.objects.filter(kind__in=current().reports)
    return list(uploads.order_by("-uploaded_at")[:LAST_UPLOADS])


def _upload(upload: StagedUpload) -> tuple[str | SafeString, ...]:
    url = reverse("staff-uploaded", args=[upload.id])
    sent = format_html('<a href="{}">{}</a>', url, moment(upload.uploaded_at))
    state = UPLOAD_STATES.get(upload.outcome, upload.outcome)
    if upload.arrived_at is None and not upload.outcome:
        state = f"arriving: {upload.size * 100 // max(upload.announced, 1)} %"
    return sent, upload.name, report_title(upload.kind), upload.uploaded_by, state


def _pages(page: Page[Publication], kind: str) -> dict[str, object]:
    if page.paginator.num_pages < 2:
        return {"summary": "", "page_links": [], "previous_url": "", "next_url": ""}
    numbers = page.paginator.get_elided_page_range(page.number)
    return {
        "summary": f"Page {page.number} of {page.paginator.num_pages}",
        "page_links": [
            (str(number), _page_url(number, kind) if isinstance(number, int) else "", number == page.number)
            for number in numbers
        ],
        "previous_url": _page_url(page.previous_page_number(), kind) if page.has_previous() else "",
        "next_url": _page_url(page.next_page_number(), kind) if page.has_next() else "",
    }


def _page_url(number: int, kind: str) -> str:
    query = QueryDict(mutable=True)
    query.update({"page": str(number), **({"kind": kind} if kind else {})})
    return f"{reverse('staff-publications')}?{query.urlencode()}"
