"""Send a statewide file: sealed while it arrives, published by the worker; a page tells how it ended (J2)."""

from datetime import datetime
from pathlib import PurePath
from uuid import UUID

from django import forms
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from extranet.policy import expected_publication_day, local_day
from extranet.profile.in_force import policy, zone
from extranet.profile.loader import current
from extranet.reports.listing import StagedUpload
from extranet.reports.staging import CHUNK_BYTES, LARGEST, publish_later
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.dates import day, moment
from extranet.web.staff.under_way import progress_of_upload
from extranet.web.staff.upload_handler import SealedFile, SealingHandler, sealing

TAKEN = (".csv", ".xlsx", ".parquet")
ENDINGS = {
    "published": ("success", "The file is published."),
    "held": ("warning", "The file is sealed, but held: it waits for a person to release or recall it."),
    "refused": ("error", "The file was refused. Nothing was changed."),
    "failed": ("error", "The file was not published. Nothing was changed."),
}


class WhichForm(forms.Form):
    """Which report, of which day."""

    chunk_bytes = CHUNK_BYTES  # a larger file is sent in pieces, where the browser can (static/app/upload.js)
    kind = forms.ChoiceField(label="Report")
    as_of = forms.DateField(
        label="As of",
        input_formats=["%Y-%m-%d"],
        help_text="The day of the extract, as every row of the file has it.",
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        error_messages={"invalid": "This is not a day."},
    )
    release = forms.BooleanField(
        label="Show it to all agents as soon as it is checked",
        required=False,
        help_text="Without this it waits, sealed, until somebody releases it.",
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what forms.Form takes, handed on
        self.today = local_day(timezone.now(), zone())
        reports = current().reports.values()
        self.fields["kind"].choices = [(report.slug, report.title) for report in reports]  # type: ignore[attr-defined]
        self.fields["as_of"].initial = expected_publication_day(timezone.now(), zone())
        if policy().release_persons > 1:  # who sends a file is never the one who releases it
            del self.fields["release"]

    def clean_as_of(self) -> object:
        as_of = self.cleaned_data["as_of"]
        if as_of > self.today:
            raise forms.ValidationError("This day has not come yet.")
        return as_of

    def require_fitting(self, field: str, name: str) -> None:
        """A file that is named after another report is most likely that report."""
        kind = self.cleaned_data.get("kind")
        others = [slug for slug in current().reports if slug != kind and slug in name.lower()]
        if kind and others:
            title = current().reports[others[0]].title
            words = f"Its name says that it is a file of {title}. Choose the right report, or rename it."
            self.add_error(field, words)


class UploadForm(WhichForm):
    """The same with the file."""

    file = forms.FileField(
        label="File",
        max_length=120,
        help_text="The statewide file: CSV, Excel or Parquet. It is sealed while it arrives and never stored in clear.",
        widget=forms.FileInput(attrs={"accept": ",".join(TAKEN)}),
        error_messages={"required": "Choose a file.", "missing": "Choose a file.", "empty": "The file is empty."},
    )

    def __init__(self, *args: object, refusal: str = "", **kwargs: object) -> None:
        """``refusal``: why a file that was sent is not there."""
        super().__init__(*args, **kwargs)
        if refusal:
            self.fields["file"].error_messages.update(required=refusal, missing=refusal)

    def clean_file(self) -> object:
        file = self.cleaned_data["file"]
        require_ending(file.name)
        return file

    def clean(self) -> dict[str, object]:
        if "file" in self.cleaned_data:
            self.require_fitting("file", self.cleaned_data["file"].name)
        return self.cleaned_data


def require_ending(name: str) -> None:
    """Raise ValidationError for a kind of file that is not read."""
    if PurePath(name).suffix.lower() not in TAKEN:
        raise forms.ValidationError("The name must end in .csv, .xlsx or .parquet; other kinds of files are not read.")


@access(PUBLISHERS)
@sealing(limit=LARGEST)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: PortalRequest, handler: SealingHandler) -> HttpResponse:
    """GET shows the form; a POST leaves the sealed file to the worker and leads to the page of it."""
    if request.method != "POST":
        return _page(request, UploadForm())
    sent = request.POST, request.FILES  # read before the handler is asked: reading is what fills it
    form = UploadForm(*sent, refusal=handler.refusal(largest=f"{LARGEST // 1024**3} GB"))
    if not form.is_valid():
        return _page(request, form, status=422)
    kept = _keep(request, form, timezone.now())
    return redirect("staff-uploaded", kept.id)


@access(PUBLISHERS)
@require_safe
def uploaded(request: PortalRequest, upload_id: UUID) -> HttpResponse:
    """How far it is, or how it ended: every fault with its place, never a value."""
    row = found_upload(upload_id)
    kind, words = ENDINGS.get(row.outcome, ("", ""))
    report = current().reports[row.kind]
    context = {
        "title": f"{report.title} of {day(row.as_of)}",
        "upload": row,
        "alert_kind": kind,
        "alert_text": words,
        "progress": None if row.outcome else progress_of_upload(row),
        "facts": [
            ("File", row.name),
            ("Size", f"{row.size:,} bytes"),
            ("SHA-256", row.sha256),
            ("Sent", f"{moment(row.uploaded_at)} by {row.uploaded_by}"),
            ("Ended", moment(row.finished_at) if row.finished_at else "not yet"),
        ],
    }
    return render(request, "staff/upload_outcome.html", context)


def found_upload(upload_id: UUID) -> StagedUpload:
    """The row, or the page that says there is none."""
    row = StagedUpload.objects.filter(id=upload_id, kind__in=current().reports).first()
    if row is None:
        raise Http404
    return row


def _keep(request: PortalRequest, form: UploadForm, now: datetime) -> StagedUpload:
    """The upload and its task, both or neither."""
    asked, by = form.cleaned_data, actor_of(request)
    file: SealedFile = asked["file"]
    with transaction.atomic():
        kept = file.arriving.keep(kind=asked["kind"], as_of=asked["as_of"], name=file.name or "", by=by, now=now)
        publish_later(upload=kept, by=by, release=asked.get("release", False))
    return kept


def _page(request: PortalRequest, form: UploadForm, *, status: int = 200) -> HttpResponse:
    return render(request, "staff/upload.html", {"title": "Send a report", "form": form}, status=status)
