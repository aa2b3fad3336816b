"""Which known device asks for a reset: by its cookie where the hosts are one, else by the portal's note."""

from datetime import datetime

from django.http import HttpRequest

from extranet.credentials import device_note
from extranet.web.entering import DEVICE_COOKIE
from extranet.web.hosts import reset_has_own_host

NOTE = "known"


def note_of(request: HttpRequest, *, now: datetime) -> str:
    """At the portal's host: the note for the reset site's; blank where the browser is not known."""
    return device_note.written(token=request.COOKIES.get(DEVICE_COOKIE, ""), now=now)


def device_of(request: HttpRequest, *, now: datetime) -> str:
    """The id of the device that asks; blank: none."""
    if not reset_has_own_host():
        return device_note.device_of(request.COOKIES.get(DEVICE_COOKIE, ""))
    return device_note.read(note=request.GET.get(NOTE, ""), now=now)
