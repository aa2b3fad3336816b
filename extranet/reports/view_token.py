"""A search in an address, sealed: no name stands in a URL, a log or a history, and no other session opens it."""

import base64
import binascii
from datetime import datetime

from extranet.keyring.models import Purpose
from extranet.keyring.ring import open_text, seal_text
from extranet.vault.sealing import Unopenable

LONGEST = 200  # signs of a search
_BLOCK = 32  # the sealed length shows the length of the text only roughly


class ViewRefused(Exception):
    """Not a view of this session: cut, altered, or sent from elsewhere."""


def seal_view(*, search: str, session_id: str, now: datetime) -> str:
    """The search, cut at LONGEST signs, for ``?view=``."""
    text = search[:LONGEST]
    padded = text + " " * (-len(text) % _BLOCK)
    return base64.urlsafe_b64encode(seal_text(Purpose.VIEWS, padded, session_id, now=now)).decode().rstrip("=")


def open_view(*, token: str, session_id: str) -> str:
    """The search; raises ViewRefused."""
    try:
        sealed = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        return open_text(Purpose.VIEWS, sealed, session_id).rstrip(" ")
    except (binascii.Error, ValueError, Unopenable):
        raise ViewRefused("this address belongs to another session; please search again") from None
