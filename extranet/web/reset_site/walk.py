"""What one screen hands to the next: sealed, bound to the browser, good for minutes. No address holds a user name."""

import base64
import binascii
import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from extranet.keyring.models import Purpose
from extranet.keyring.ring import open_text, seal_text
from extranet.vault.sealing import Unopenable
from extranet.vault.tokens import digest
from extranet.web.reset_site.cookies import browser_token
from extranet.web.reset_site.home import SEE_OTHER

GOOD_FOR = timedelta(minutes=30)
LONGEST = 2000


@dataclass(frozen=True)
class Walk:
    """Whose password; after the last screen also the code shown there, and whether a pick-up link led here."""

    username: str
    code: str = ""
    pickup: bool = False
    device: str = ""
    """The known device that asks, if it is one."""
    letter: bool = False
    """A secured mail is picked up: no password's walk, nor good for one."""


def sealed(walk: Walk, *, token: str, now: datetime) -> str:
    """As text for an address, for the browser whose cookie holds ``token``."""
    text = json.dumps([now.timestamp(), asdict(walk)])
    return base64.urlsafe_b64encode(seal_text(Purpose.VIEWS, text, _place(token), now=now)).decode()


def onward(name: str, walk: Walk, *, token: str, now: datetime) -> HttpResponse:
    """To the next screen, which reads the walk from its address."""
    query = urlencode({"walk": sealed(walk, token=token, now=now)})
    return HttpResponseRedirect(f"{reverse(name)}?{query}", status=SEE_OTHER)


def opened(request: HttpRequest, *, now: datetime, letter: bool = False) -> Walk | None:
    """What ``sealed`` sealed for this browser; None if too old, of another kind or anybody else's: start again."""
    token, text = browser_token(request), request.GET.get("walk", "")
    if not token or not 0 < len(text) <= LONGEST:
        return None
    try:
        at, words = json.loads(open_text(Purpose.VIEWS, base64.urlsafe_b64decode(text.encode()), _place(token)))
    except (Unopenable, binascii.Error):
        return None
    walk, age = Walk(**words), now - datetime.fromtimestamp(at, tz=now.tzinfo)
    return walk if walk.letter == letter and timedelta(0) <= age < GOOD_FOR else None


def _place(token: str) -> str:
    return f"reset:{digest(token)}"
