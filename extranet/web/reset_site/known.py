"""Which known device asks for a reset. Its cookie belongs to the portal's host, so the portal writes a sealed note.

The note says less than the cookie: whoever finds one can spend reset mails of that device, and nothing else.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone

from extranet.credentials.models import KnownDevice
from extranet.keyring.models import Purpose
from extranet.keyring.ring import open_text, seal_text
from extranet.vault.sealing import Unopenable
from extranet.vault.tokens import digest
from extranet.web.entering import DEVICE_COOKIE
from extranet.web.hosts import reset_has_own_host

NOTE = "known"
GOOD_FOR = timedelta(minutes=30)
LONGEST = 400
_PLACE = "reset:known"


def note_of(request: HttpRequest) -> str:
    """At the portal's host: the note for the reset site's; blank where the browser is not known."""
    device = _by_cookie(request)
    if not device:
        return ""
    now = timezone.now()
    text = json.dumps([now.timestamp(), device])
    return base64.urlsafe_b64encode(seal_text(Purpose.VIEWS, text, _PLACE, now=now)).decode()


def device_of(request: HttpRequest, *, now: datetime) -> str:
    """The id of the device that asks, by the cookie where the hosts are one, else by the note; blank: none."""
    if not reset_has_own_host():
        return _by_cookie(request)
    text = request.GET.get(NOTE, "")
    if not 0 < len(text) <= LONGEST:
        return ""
    try:
        at, device = json.loads(open_text(Purpose.VIEWS, base64.urlsafe_b64decode(text.encode()), _PLACE))
    except (Unopenable, binascii.Error):
        return ""
    fresh = timedelta(0) <= now - datetime.fromtimestamp(at, tz=now.tzinfo) < GOOD_FOR
    return str(device) if fresh else ""


def _by_cookie(request: HttpRequest) -> str:
    token = request.COOKIES.get(DEVICE_COOKIE, "")
    found = KnownDevice.objects.filter(digest=digest(token), revoked_at=None).first() if token else None
    return str(found.pk) if found else ""
