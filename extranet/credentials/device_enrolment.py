"""How the reset host makes a browser known to the portal: a cookie of one host is not seen by the other.

The token that a claim made stands for a device nobody used yet. Within some minutes the portal takes it once, and
gives the browser another in its place; whoever finds the first one later holds nothing.
"""

from datetime import datetime, timedelta

from django.db.models import F

from extranet.credentials.models import KnownDevice
from extranet.profile.in_force import policy
from extranet.vault.tokens import digest, new_token


def take_over(*, token: str, now: datetime) -> str | None:
    """The token for the portal's device cookie; None if this one was taken, is too old or never was."""
    since, made = now - timedelta(minutes=policy().shown_password_minutes), new_token()
    unused = KnownDevice.objects.filter(
        digest=digest(token), revoked_at=None, last_used_at=F("created_at"), created_at__gt=since
    )
    return made if unused.update(digest=digest(made), last_used_at=now) else None
