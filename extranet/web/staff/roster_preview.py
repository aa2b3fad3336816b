"""What a roster would change, and the one button that makes exactly this file the list of agents."""

from collections.abc import Sequence
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.agents.models import RosterImport
from extranet.agents.roster import Difference, EmailNews, Fault, Preview, RosterRefused, preview, read_roster
from extranet.credentials.models import StaffRole
from extranet.policy import local_day
from extranet.profile.in_force import policy, zone
from extranet.reports.listing import StagedUpload
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.staging import open_staged, settle
from extranet.timetable import RosterDay, roster_day
from extranet.web.access import ROSTER_KEEPERS, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.roster import FAULT_COLUMNS, KIND, SHOWN_FAULTS, counted, fault_rows

SHOWN = 50  # of each list
COLUMNS = ({"label": "License"}, {"label": "Name"}, {"label": "What changes"})
EMAIL_COLUMNS = ({"label": "License"}, {"label": "Address in force"}, {"label": "Address in the file"})
CHANGED_MEANWHILE = "The list of agents has changed since you saw this. Look at what it would change now, then confirm."
Section = dict[str, object]


@access(ROSTER_KEEPERS)
@require_http_methods(["GET", "HEAD", "POST"])
def roster_preview(request: PortalRequest, upload_id: UUID) -> HttpResponse:
    """GET shows what would change; the POST does it, once."""
    upload = StagedUpload.objects.filter(id=upload_id, kind=KIND).first()
    if upload is None:
        raise Http404
    if upload.finished_at is not None:
        return _ended(request, upload)
    if request.method == "POST":
        return _confirm(request, upload)
    return _page(request, upload)


def _confirm(request: PortalRequest, upload: StagedUpload) -> HttpResponse:
    """Only the file that was shown, against the list that it was compared with."""
    if request.POST.get("sha256") != upload.sha256 or request.POST.get("after", "") != _last_import():
        return _page(request, upload, alert=CHANGED_MEANWHILE, status=409)
    allow = bool(request.POST.get("allow_drop")) and _may_allow(request)
    now = timezone.now()
    try:
        file = open_staged(upload)
        done = roster_day(file=file, name=upload.name, by=actor_of(request), now=now, allow_drop=allow)
    except RosterRefused as refused:  # nothing was changed; the file still waits
        return _page(request, upload, faults=refused.faults, status=422)
    except IntegrityBroken as broken:
        settle(upload=upload, outcome="failed", lines=broken.lines, now=now)
        return redirect("staff-roster-preview", upload.id)
    if settle(upload=upload, outcome="taken in", lines=_told(done), now=now):
        messages.success(request, "The roster is taken in.")
    return redirect("staff-roster-preview", upload.id)


def _told(done: RosterDay) -> list[str]:
    if not done.taken.is_new:
        return ["This list was in force already; nothing was changed."]
    return [
        f"Changed: {counted(done.taken.preview.counts)}.",
        f"Sessions ended at once: {done.sessions_ended:,}.",
        f"Rights of agency staff ended: {done.rights_ended:,}.",
        f"Parts of reports that waited for an agent and were handed over: {done.frames_handed_over:,}.",
    ]


def _ended(request: PortalRequest, upload: StagedUpload) -> HttpResponse:
    context = {
        "title": "Roster taken in" if upload.outcome == "taken in" else "Roster not taken in",
        "upload": upload,
        "facts": [*_facts(upload), ("Ended", moment(upload.finished_at) if upload.finished_at else "")],
    }
    return render(request, "staff/roster_outcome.html", context)


def _page(
    request: PortalRequest,
    upload: StagedUpload,
    *,
    alert: str = "",
    faults: Sequence[Fault] = (),
    status: int = 200,
) -> HttpResponse:
    context: dict[str, object] = {"title": "What this roster would change", "upload": upload, "facts": _facts(upload)}
    try:
        found = preview(read_roster(open_staged(upload), upload.name), today=local_day(timezone.now(), zone()))
    except RosterRefused as refused:  # a license that it lists was renamed since it was sent
        faults, status = refused.faults, 422
    except IntegrityBroken as broken:
        alert, status = broken.lines[0], 422
    else:
        context |= _plan(request, found)
    context |= {
        "alert": alert,
        "fault_columns": FAULT_COLUMNS,
        "faults": fault_rows(list(faults[:SHOWN_FAULTS])),
        "after": _last_import(),
    }
    return render(request, "staff/roster_preview.html", context, status=status)


def _plan(request: PortalRequest, found: Preview) -> dict[str, object]:
    too_many = found.drop_share > policy().roster_drop_share
    return {
        "changes_nothing": found.changes_nothing,
        "sections": [section for section in _sections(found) if section["count"]],
        "renamed": found.perhaps_renamed[:SHOWN],
        "drops_too_many": too_many,
        "dropped": found.dropped,
        "certified_before": found.certified_before,
        "most": f"{policy().roster_drop_share:.0%}",
        "may_allow": _may_allow(request),
        "may_confirm": not too_many or _may_allow(request),
    }


def _sections(found: Preview) -> list[Section]:
    kinds = (
        ("added", "New agents", found.added),
        ("recertified", "Certified again", found.recertified),
        ("changed", "Changed", found.changed),
        ("suspended", "Suspended: access ends", found.suspended),
        ("decertified", "No longer certified: access ends", found.decertified),
        ("absent", "Missing in the file: access ends", found.absent),
    )
    sections = [
        _section(slug, title, COLUMNS, [_difference(d) for d in rows[:SHOWN]], rows) for slug, title, rows in kinds
    ]
    for slug, title, news in (
        ("emails", "E-mail addresses that would change", found.email_changes),
        ("emails-kept", "E-mail addresses that stay: the agent has confirmed a newer one", found.emails_kept),
    ):
        sections.append(_section(slug, title, EMAIL_COLUMNS, [_news(one) for one in news[:SHOWN]], news))
    return sections


def _section(
    slug: str, title: str, columns: Sequence[object], rows: list[tuple[str, str, str]], every: Sequence[object]
) -> Section:
    first = f", the first {SHOWN}" if len(every) > SHOWN else ""
    caption = f"{title}: {len(every):,}{first}"
    return {"slug": slug, "title": title, "columns": columns, "rows": rows, "count": len(every), "caption": caption}


def _difference(difference: Difference) -> tuple[str, str, str]:
    said = [f"{name.replace('_', ' ')}: {old or '–'} → {new or '–'}" for name, (old, new) in difference.fields.items()]
    return difference.license, difference.name, "; ".join(said) or difference.status_after


def _news(news: EmailNews) -> tuple[str, str, str]:
    return news.license, news.old_email, news.new_email


def _facts(upload: StagedUpload) -> list[tuple[str, str]]:
    sent = f"{moment(upload.uploaded_at)} by {upload.uploaded_by}"
    return [("File", upload.name), ("Size", f"{upload.size:,} bytes"), ("SHA-256", upload.sha256), ("Sent", sent)]


def _may_allow(request: PortalRequest) -> bool:
    """Only an administrator vouches for a file that ends many certifications."""
    return request.account.role == StaffRole.ADMINISTRATOR


def _last_import() -> str:
    last = RosterImport.objects.order_by("-imported_at").values_list("id", flat=True).first()
    return str(last or "")
