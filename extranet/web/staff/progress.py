"""The piece of a page that says how far a publication is; static/app/progress.js asks for it again and again.

Nobody need be there for that, so it keeps no session alive. Without JavaScript the pages have a link to look again.
"""

from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from extranet.web.access import PUBLISHERS, PortalRequest, access
from extranet.web.staff.publication_page import found
from extranet.web.staff.under_way import progress_of, progress_of_upload
from extranet.web.staff.upload import found_upload

PIECE = "staff/progress.html"


@access(PUBLISHERS, keeps_alive=False)
@require_safe
def of_publication(request: PortalRequest, publication_id: UUID) -> HttpResponse:
    return render(request, PIECE, {"progress": progress_of(found(publication_id))})


@access(PUBLISHERS, keeps_alive=False)
@require_safe
def of_upload(request: PortalRequest, upload_id: UUID) -> HttpResponse:
    """Over as soon as the upload has an end, whatever it is."""
    upload = found_upload(upload_id)
    progress = {"is_over": True} if upload.outcome else progress_of_upload(upload)
    return render(request, PIECE, {"progress": progress})
