"""Where the own account is logged in now, and the buttons that end it there (AC-10, AC-12)."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from extranet.credentials import sessions as credentials
from extranet.credentials.models import LiveSession
from extranet.profile.in_force import policy
from extranet.web.access import SIGNED_IN, PortalRequest, access, actor_of
from extranet.web.dates import moment


@access(SIGNED_IN)
@require_safe
def sessions(request: PortalRequest) -> HttpResponse:
    """All living sessions of the own account, this one first."""
    living = list(credentials.living(request.account, now=timezone.now()))
    living.sort(key=lambda session: session.pk != request.live.pk)
    context = {
        "title": "Where you are logged in",
        "breadcrumbs": [("Your account", reverse("account")), ("Where you are logged in", "")],
        "sessions": [_shown(session, request.live) for session in living],
        "others": len(living) - 1,
        "policy": policy(),
    }
    return render(request, "portal/sessions.html", context)


@access(SIGNED_IN)
@require_POST
def end(request: PortalRequest, session_id: UUID) -> HttpResponse:
    """End one of them; the browser there learns why at its next request."""
    by, now = actor_of(request), timezone.now()
    if credentials.end_one(account=request.account, session_id=session_id, by=by, now=now):
        messages.success(request, "The session was ended.")
    else:
        messages.info(request, "That session was over already.")
    return redirect("sessions")


@access(SIGNED_IN)
@require_POST
def end_others(request: PortalRequest) -> HttpResponse:
    """End all but this one."""
    key, by = request.session.session_key or "", actor_of(request)
    ended = credentials.end_all(
        account=request.account, reason=credentials.BY_OWNER, by=by, now=timezone.now(), keep=key
    )
    if ended:
        messages.success(request, f"{ended} other session{' was' if ended == 1 else 's were'} ended.")
    else:
        messages.info(request, "There was no other session.")
    return redirect("sessions")


def _shown(session: LiveSession, own: LiveSession) -> dict[str, Any]:
    began = moment(session.started_at)
    facts = [("Network", session.network or "unknown"), ("Began", began), ("Last seen", moment(session.last_seen_at))]
    browser = session.browser or "Unknown browser"
    return {"id": session.pk, "browser": browser, "began": began, "facts": facts, "here": session.pk == own.pk}
