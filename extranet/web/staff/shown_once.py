"""Secrets that a page shows to who caused them: the code of a reset, the link of a new account.

They wait sealed in the session for the page after the act, so that reloading it acts on nothing, no address holds
them, and a second click leads to what the first one made.
"""

import base64
from datetime import datetime, timedelta

from extranet.keyring.models import Purpose
from extranet.keyring.ring import open_text, seal_text
from extranet.web.access import PortalRequest

GOOD_FOR = timedelta(minutes=10)


def keep(request: PortalRequest, *, what: str, secret: str, now: datetime) -> None:
    """Put the secret aside for this session; ``what`` names the act and whom it was for."""
    sealed = seal_text(Purpose.VIEWS, secret, _place(request, what), now=now)
    request.session[_key(what)] = [base64.b64encode(sealed).decode(), now.timestamp()]


def kept(request: PortalRequest, *, what: str, now: datetime) -> str:
    """The secret, or nothing if there is none or its ten minutes are over."""
    found = request.session.get(_key(what))
    if not isinstance(found, list) or now.timestamp() - found[1] >= GOOD_FOR.total_seconds():
        return ""
    return open_text(Purpose.VIEWS, base64.b64decode(found[0]), _place(request, what))


def _key(what: str) -> str:
    return f"shown:{what}"


def _place(request: PortalRequest, what: str) -> str:
    return f"shown:{request.live.id}:{what}"
