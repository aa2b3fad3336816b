"""Where the reset pages live: on their own host where one is configured, else under the portal's ``/reset/`` (J16)."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone

from extranet.web.hosts import reset_has_own_host
from extranet.web.reset_site.known import NOTE, note_of

View = Callable[..., HttpResponse]
MOUNT = "/reset"
SEE_OTHER = 303


def at_home(view: View) -> View:
    """Send who comes by the portal's host to the reset site's own, where its cookies are; a form starts there anew."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reset_has_own_host() or getattr(request, "urlconf", None):
            return view(request, *args, **kwargs)
        path = "/" if request.method == "POST" else request.path.removeprefix(MOUNT)
        note = note_of(request, now=timezone.now()) if path == "/" else ""
        query = f"?{urlencode({NOTE: note})}" if note else ""
        return HttpResponseRedirect(f"{settings.EXTRANET.reset}{path}{query}", status=SEE_OTHER)

    return wrapped
