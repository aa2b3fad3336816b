"""Leaving, and staying: the log-out button and the answer to "are you still there?" (AC-11, AC-12)."""

from django.conf import settings
from django.contrib.auth import logout as forget
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from extranet.credentials import sessions
from extranet.web.access import ANYBODY, UNFINISHED, PortalRequest, access, actor_of


@access(ANYBODY)
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session; whose session was over already learns why."""
    key, now = request.COOKIES.get(settings.SESSION_COOKIE_NAME, ""), timezone.now()
    sessions.end(session_key=key, reason=sessions.LOGOUT, by=actor_of(request), now=now)
    over = sessions.check(session_key=key, now=now)
    forget(request)
    reason = over.reason if isinstance(over, sessions.Ended) else sessions.LOGOUT
    return redirect(f"{reverse('login')}?ended={reason}")


@access(UNFINISHED)
@require_POST
def keep_alive(request: PortalRequest) -> HttpResponse:
    """The person is still there; the gate has noted it already."""
    return HttpResponse(status=204)
