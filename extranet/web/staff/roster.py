"""The roster: what was taken in, what waits for a confirmation, and the form that sends a new one (J4)."""

from pathlib import PurePath

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods

from extranet.agents.models import RosterImport
from extranet.agents.roster import Fault, RosterRefused, preview, read_roster
from extranet.policy import local_day
from extranet.profile.in_force import zone
from extranet.reports.listing import StagedUpload
from extranet.reports.staging import open_staged, settle
from extranet.web.access import ROSTER_KEEPERS, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.staff.upload_handler import SealedFile, SealingHandler, sealing

KIND = "roster"  # of its staged uploads; reports have the names of the profile
LARGEST = 64 * 1024**2  # many times the largest roster: it is read at once
ENDINGS = (".csv", ".xlsx")
SHOWN_FAULTS = 200
LAST = 10
FAULT_COLUMNS = ({"label": "Line", "numeric": True}, {"label": "Column"}, {"label": "Reason"})
COLUMNS = ({"label": "Taken in"}, {"label": "By"}, {"label": "Agents", "numeric": True}, {"label": "What changed"})
WAITING_COLUMNS = ({"label": "Sent"}, {"label": "File"}, {"label": "By"})


class RosterForm(forms.Form):
    """The one file."""

    file = forms.FileField(
        label="File",
        max_length=120,
        help_text="The whole list of agents as CSV or Excel workbook. Nothing changes before you have seen what would.",
        widget=forms.FileInput(attrs={"accept": ",".join(ENDINGS)}),
        error_messages={"required": "Choose a file.", "missing": "Choose a file.", "empty": "The file is empty."},
    )

    def __init__(self, *args: object, refusal: str = "", **kwargs: object) -> None:
        """``refusal``: why a file that was sent is not there."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what forms.Form takes, handed on
        if refusal:
            self.fields["file"].error_messages.update(required=refusal, missing=refusal)

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        if PurePath(file.name).suffix.lower() not in ENDINGS:
            raise forms.ValidationError("The name must end in .csv or .xlsx; other kinds of files are not read.")
        return file


@access(ROSTER_KEEPERS)
@sealing(limit=LARGEST)
@require_http_methods(["GET", "HEAD", "POST"])
def roster(request: PortalRequest, handler: SealingHandler) -> HttpResponse:
    """A POST keeps the file sealed and leads to its preview; a faulty one is refused with every fault."""
    if request.method != "POST":
        return _page(request, RosterForm())
    sent = request.POST, request.FILES  # read before the handler is asked: reading is what fills it
    form = RosterForm(*sent, refusal=handler.refusal(largest=f"{LARGEST // 1024**2} MB"))
    if not form.is_valid():
        return _page(request, form, status=422)
    file: SealedFile = form.cleaned_data["file"]
    now, today = timezone.now(), local_day(timezone.now(), zone())
    kept = file.arriving.keep(kind=KIND, as_of=today, name=file.name or "", by=actor_of(request), now=now)
    try:
        preview(read_roster(open_staged(kept), kept.name), today=today)
    except RosterRefused as refused:
        settle(upload=kept, outcome="refused", lines=[str(fault) for fault in refused.faults], now=now)
        return _page(request, RosterForm(), faults=refused.faults, status=422)
    return redirect("staff-roster-preview", kept.id)


def waiting() -> QuerySet[StagedUpload]:
    """Rosters that were sent and not confirmed, newest first; a day later they are removed."""
    return StagedUpload.objects.filter(kind=KIND, finished_at__isnull=True).order_by("-uploaded_at")


def fault_rows(faults: list[Fault]) -> list[tuple[str, str, str]]:
    return [(f"{fault.line:,}" if fault.line else "file", fault.column, fault.reason) for fault in faults]


def counted(counts: dict[str, int]) -> str:
    """``12 added, 3 changed``; what is none is left out."""
    said = [f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number]
    return ", ".join(said) or "nothing"


def _page(
    request: PortalRequest, form: RosterForm, *, faults: list[Fault] | None = None, status: int = 200
) -> HttpResponse:
    taken = RosterImport.objects.order_by("-imported_at")[:LAST]
    context = {
        "title": "Roster",
        "form": form,
        "fault_count": len(faults or []),
        "fault_columns": FAULT_COLUMNS,
        "faults": fault_rows((faults or [])[:SHOWN_FAULTS]),
        "waiting_columns": WAITING_COLUMNS,
        "waiting": [_waiting_row(upload) for upload in waiting()],
        "columns": COLUMNS,
        "imports": [(moment(row.imported_at), row.imported_by, f"{row.rows:,}", counted(row.counts)) for row in taken],
    }
    return render(request, "staff/roster.html", context, status=status)


def _waiting_row(upload: StagedUpload) -> tuple[str | SafeString, ...]:
    url = reverse("staff-roster-preview", args=[upload.id])
    return format_html('<a href="{}">{}</a>', url, moment(upload.uploaded_at)), upload.name, upload.uploaded_by
