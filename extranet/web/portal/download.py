"""Exactly the view that the page shows, as a file: gate asked twice, audited with its size, never stored by anybody."""

from typing import get_args

from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_GET

from extranet.agents.models import Agent
from extranet.credentials.book_grants import Right
from extranet.credentials.gate import Channel
from extranet.credentials.step_up import Proof
from extranet.reports import shelf
from extranet.reports.refusals import NoBook
from extranet.reports.render import Format
from extranet.reports.view_token import ViewRefused
from extranet.web.access import BOOKS, PortalRequest, access, actor_of
from extranet.web.errors import refuse
from extranet.web.portal.asked import Asked, read_asked
from extranet.web.portal.owner import NoLongerManaged, SessionOver, gate_of, note_refusal, owner_of

DEFAULT: Format = "xlsx"  # keeps licenses and ZIPs as they are


@access(BOOKS, proof=Proof.DOWNLOADS)
@require_GET
def download(request: PortalRequest, kind: str) -> HttpResponse:
    """The file of one view; whose session ended while it was made gets the login page and no byte of it."""
    now = timezone.now()
    try:
        asked = read_asked(kind, request.GET, session_id=str(request.live.id))
        file = _file(request, asked, owner_of(request, asked, now=now, right=Right.EXPORT))
    except ViewRefused:
        return refuse(request, 410)
    except NoBook:
        raise Http404 from None
    except SessionOver as over:
        return redirect(f"{reverse('login')}?ended={over.reason}")
    response = HttpResponse(file.body, content_type=file.content_type)
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    return response


def _file(request: PortalRequest, asked: Asked, owner: Agent) -> shelf.Download:
    try:
        return shelf.download(
            agent=owner,
            kind=asked.kind.slug,
            week=asked.week,
            query=asked.query,
            format=_format(request.GET.get("format", DEFAULT)),
            actor=actor_of(request),
            now=timezone.now(),
            gate=gate_of(request, owner, Channel.DOWNLOAD),
        )
    except (SessionOver, NoLongerManaged) as over:
        note_refusal(request, owner, asked, over.reason)
        raise


def _format(name: str) -> Format:
    for known in get_args(Format):
        if name == known:
            return known  # type: ignore[no-any-return]  # one of the literal's own values
    raise Http404
