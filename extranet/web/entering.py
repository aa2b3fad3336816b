"""The last step of every login: Django's session, our live session, the device cookie, the way onward (AC-10, J25)."""

from datetime import datetime
from urllib.parse import urlsplit

from django.contrib import messages
from django.contrib.auth import SESSION_KEY, login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from extranet.audit.record import Actor
from extranet.credentials import sessions
from extranet.credentials.login import SignIn
from extranet.credentials.models import Account, LiveSession
from extranet.profile.loader import current
from extranet.web.cookies import cookie_name, set_cookie
from extranet.web.network import browser_of, network_of

BACKEND = "extranet.credentials.sessions.GateBackend"
DEVICE_COOKIE = cookie_name("device")
DEVICE_DAYS = 180


def enter(request: HttpRequest, *, signed: SignIn, onward: str, second_factor: bool, now: datetime) -> HttpResponse:
    """Let the signed-in person in under a new session id and send them on; ``onward`` must be a path of ours."""
    leave(request, now=now)
    if SESSION_KEY in request.session:  # whoever was logged in in this browser takes nothing along
        request.session.flush()
    login(request, signed.account, backend=BACKEND)  # under a new id, as nobody is logged in in the session
    try:
        begun = sessions.begin(
            account=signed.account,
            session_key=request.session.session_key or "",
            network=network_of(request),
            browser=browser_of(request),
            now=now,
            second_factor=second_factor,
        )
    except sessions.Barred:  # since the login was complete: a roster, a disabled account, a right that ended
        logout(request)
        return redirect("login")
    if begun.ended_others:
        messages.warning(request, "You were logged in elsewhere. That session was ended: one at a time is allowed.")
    _tell_last_login(request, signed.account)
    return remember_device(redirect(safe_onward(onward, signed.account)), signed.device_token)


def renew(request: HttpRequest, *, now: datetime, second_factor: bool = False) -> None:
    """A new session id for who is logged in, after a step-up: whoever held the old one holds nothing.

    Raises SessionOver if the session ended in the meantime; this browser is logged out then.
    """
    live: LiveSession = request.live  # type: ignore[attr-defined]
    request.session.cycle_key()
    key = request.session.session_key or ""
    try:
        renewed = sessions.renew(session=live, session_key=key, now=now, second_factor=second_factor)
    except sessions.SessionOver:
        request.session.flush()
        raise
    request.live = renewed  # type: ignore[attr-defined]


def leave(request: HttpRequest, *, now: datetime) -> None:
    """Whoever was logged in in this browser is so no longer."""
    before: LiveSession | None = getattr(request, "live", None)
    if before is not None:
        by = Actor(before.account.kind, before.account.username, network_of(request))
        sessions.end(session_key=request.session.session_key or "", reason=sessions.NEWER_LOGIN, by=by, now=now)


def safe_onward(onward: str, account: Account) -> str:
    """A path on this site, else the account's home: no open redirect.

    Tabs and line breaks are refused first: what takes a path out of an address drops them, and slashes join.
    """
    plain = onward.startswith("/") and onward.isprintable()
    if plain and url_has_allowed_host_and_scheme(onward, allowed_hosts=None):
        return urlsplit(onward).path
    return reverse("staff-home") if account.is_staff_member else reverse("home")


def remember_device(response: HttpResponse, token: str | None) -> HttpResponse:
    """Set the known-device cookie."""
    return set_cookie(response, DEVICE_COOKIE, token, seconds=DEVICE_DAYS * 86400) if token else response


def _tell_last_login(request: HttpRequest, account: Account) -> None:
    if account.previous_login_at is None:
        return
    local = account.previous_login_at.astimezone(current().zone)
    messages.info(
        request, f"Your last login was on {local:%A, %B} {local.day}, {local.year} at {local:%-I:%M %p} {local:%Z}."
    )
