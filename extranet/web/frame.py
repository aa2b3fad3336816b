"""What the frame of every page knows about who is signed in (context processor)."""

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from extranet.credentials.models import Account
from extranet.credentials.username import shown
from extranet.profile.in_force import policy
from extranet.web.dates import moment
from extranet.web.navigation import navigation_for


def frame(request: HttpRequest) -> dict[str, object]:
    """The variables of base.html. For strangers, and on the reset host, which has none of these pages, at most the way
    back to the demonstration's first page."""
    account: Account | None = getattr(request, "account", None)
    demo: dict[str, object] = {"demo_url": f"{settings.EXTRANET.portal}/demo/"} if settings.DEMO else {}
    if account is None or getattr(request, "urlconf", None):
        return demo
    return {
        **demo,
        "navigation": navigation_for(request, account),
        "nav_label": "Staff" if account.is_staff_member else "Agent",
        "signed_in_as": shown(account.username),
        "last_login": f"Last login {moment(account.previous_login_at)}" if account.previous_login_at else "",
        "home_url": reverse("staff-home") if account.is_staff_member else reverse("home"),
        "logout_url": reverse("logout"),
        "keepalive_url": reverse("keepalive"),
        "idle_seconds": policy().idle_minutes * 60,
    }
