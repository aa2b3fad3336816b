"""A sealed note from the portal to the reset site: which known device asks. Its cookie belongs to the portal's host.

The note says less than the cookie: whoever finds one can spend reset mails of that device, and nothing else.
"""

import base64
import binascii
import json
from datetime import datetime, timedelta

from extranet.credentials.models import KnownDevice
from extranet.keyring.models import Purpose
from extranet.keyring.ring import open_text, seal_text
from extranet.vault.sealing import Unopenable
from extranet.vault.tokens import digest

GOOD_FOR = timedelta(minutes=30)
LONGEST = 400
_PLACE = "reset:known"


def device_of(token: str) -> str:
    """The id of the living device behind a cookie; blank for none."""
    found = KnownDevice.objects.filter(digest=digest(token), revoked_at=None).first() if token else None
    return str(found.pk) if found else ""


def written(*, token: str, now: datetime) -> str:
    """The note for the device behind a cookie, as text for an address; blank where there is none."""
    device = device_of(token)
    if not device:
        return ""
    text = json.dumps([now.timestamp(), device])
    return base64.urlsafe_b64encode(seal_text(Purpose.VIEWS, text, _PLACE, now=now)).decode()


def read(*, note: str, now: datetime) -> str:
    """The id of the device that a note names; blank where we did not write it, or too long ago."""
    if not 0 < len(note) <= LONGEST:
        return ""
    try:
        at, device = json.loads(open_text(Purpose.VIEWS, base64.urlsafe_b64decode(note.encode()), _PLACE))
    except (Unopenable, binascii.Error):
        return ""
    fresh = timedelta(0) <= now - datetime.fromtimestamp(at, tz=now.tzinfo) < GOOD_FOR
    return str(device) if fresh else ""
