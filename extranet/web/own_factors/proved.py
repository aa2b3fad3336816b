"""After a proof the session goes on under a new id: whoever copied the old one holds nothing."""

from datetime import datetime

from django.middleware.csrf import rotate_token

from extranet.credentials import step_up
from extranet.web.access import PortalRequest


def go_on_proved(request: PortalRequest, *, now: datetime) -> None:
    """A new id for the session, in which a factor was proved at ``now``."""
    request.session.cycle_key()
    rotate_token(request)
    step_up.confirm(live=request.live, session_key=request.session.session_key or "", now=now)
