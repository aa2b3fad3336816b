"""A large file in pieces, for the script of the form (static/app/upload.js): begin, ask how far it is, go on, give up.

What a piece is and that it lasts: extranet/reports/resume.py. Answers are JSON; every one of them leaves the upload
where the next try finds it.
"""

from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from extranet.reports import resume
from extranet.reports.listing import StagedUpload
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.resume import NoUpload, UploadRefused, WrongPiece, WrongPlace
from extranet.reports.room import NoRoom
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.staff.upload import WhichForm, require_ending


class BeginForm(WhichForm):
    """Which report, of which day, and the file as its sender knows it."""

    name = forms.CharField(max_length=120, validators=[require_ending])
    size = forms.IntegerField(min_value=1)
    first = forms.RegexField(r"^[0-9a-f]{64}$")

    def clean(self) -> dict[str, object]:
        self.require_fitting("name", self.cleaned_data.get("name", ""))
        return self.cleaned_data


@access(PUBLISHERS)
@require_POST
def begin(request: PortalRequest) -> HttpResponse:
    """A new upload, or the one of the same file that this person began before."""
    form = BeginForm(request.POST)
    if not form.is_valid():
        return _refused(422, *(str(error) for errors in form.errors.values() for error in errors))
    asked = dict(form.cleaned_data)
    asked["first_chunk"], asked["release"] = asked.pop("first"), bool(asked.get("release"))
    try:
        row = resume.begin(**asked, by=actor_of(request), now=timezone.now())
    except UploadRefused as error:
        return _refused(422, str(error))
    except NoRoom as error:
        return _refused(507, str(error))
    return JsonResponse({"content": reverse("staff-upload-content", args=[row.id]), **_facts(row)}, status=201)


@access(PUBLISHERS)
@require_http_methods(["HEAD", "PATCH", "DELETE"])
def content(request: PortalRequest, upload_id: UUID) -> HttpResponse:
    """HEAD tells where it goes on, PATCH takes the next piece, DELETE gives it up. Of the own uploads alone."""
    by, now = actor_of(request), timezone.now()
    try:
        if request.method == "DELETE":
            resume.give_up(upload_id=upload_id, by=by, now=now)
            return HttpResponse(status=204)
        row = resume.found(upload_id=upload_id, by=by)
        return _append(request, row) if request.method == "PATCH" else _where(row)
    except NoUpload:
        raise Http404 from None


def _append(request: PortalRequest, row: StagedUpload) -> HttpResponse:
    by, now = actor_of(request), timezone.now()
    offset = request.headers.get("Upload-Offset", "")
    if not offset.isdecimal():
        return _refused(400, "say where the piece begins: Upload-Offset")
    try:
        piece = _piece(request, row.chunk_bytes)
        row = resume.append(upload_id=row.id, offset=int(offset), piece=piece, by=by, now=now)
    except WrongPlace as error:
        return JsonResponse({"errors": [str(error)], "offset": error.offset}, status=409)
    except WrongPiece as error:
        return _refused(422, str(error))
    except IntegrityBroken as error:
        resume.give_up(upload_id=row.id, by=by, now=now)
        return _refused(422, *error.lines)
    return JsonResponse(_facts(row))


def _piece(request: PortalRequest, most: int) -> bytes:
    """The body, and at most one byte more than any piece has: that one is refused by its length."""
    piece = bytearray()
    while len(piece) <= most and (part := request.read(most + 1 - len(piece))):
        piece += part
    return bytes(piece)


def _where(row: StagedUpload) -> HttpResponse:
    headers = {"Upload-Offset": str(row.size), "Upload-Length": str(row.announced), "Upload-Chain": row.chain}
    return HttpResponse(headers=headers)


def _facts(row: StagedUpload) -> dict[str, object]:
    done = reverse("staff-uploaded", args=[row.id]) if row.arrived_at else ""
    return {"offset": row.size, "chain": row.chain, "chunk": row.chunk_bytes, "done": done}


def _refused(status: int, *errors: str) -> HttpResponse:
    return JsonResponse({"errors": list(errors)}, status=status)
