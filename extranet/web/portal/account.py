"""The own account: until when the password is valid, where mails go (J19), where one logged in lately (AC-9)."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from extranet.agents.change_email import waiting_change
from extranet.agents.masking import masked
from extranet.credentials.models import Account, LiveSession
from extranet.credentials.own_factors import factors_of
from extranet.credentials.username import shown
from extranet.policy import local_day
from extranet.profile.in_force import zone
from extranet.web.access import SIGNED_IN, PortalRequest, access
from extranet.web.dates import day, moment
from extranet.web.portal.mail_language import language_form

LAST_LOGINS = 10
COLUMNS = ({"label": "Logged in"}, {"label": "Network"}, {"label": "Browser"}, {"label": "State"})


@access(SIGNED_IN)
@require_safe
def account(request: PortalRequest) -> HttpResponse:
    """Everything about the own account on one page."""
    own = request.account
    latest = LiveSession.objects.filter(account=own).order_by("-started_at")[:LAST_LOGINS]
    context = {
        "title": "Your account",
        "facts": [("User name", shown(own.username)), *_person(own), *_password(own), _factors(own)],
        "waiting": waiting_change(own.agent) if own.agent else None,
        "language": language_form(own),
        "columns": COLUMNS,
        "sessions": [_session(session, request.live) for session in latest],
    }
    return render(request, "portal/account.html", context)


def _person(own: Account) -> list[tuple[str, str]]:
    if own.principal is not None:
        facts = [("Name", own.display_name), ("Works for", own.principal.full_name)]
        return [*facts, ("E-mail address", masked(own.staff_email))]
    if own.agent is None:
        return [("Role", own.get_role_display()), ("E-mail address", masked(own.staff_email))]
    facts = [("Name", own.agent.full_name), ("License number", own.agent.license)]
    if own.agent.agency_name:
        facts.append(("Agency", own.agent.agency_name))
    return [*facts, ("E-mail address", masked(own.agent.email))]


def _password(own: Account) -> list[tuple[str, str]]:
    if own.password_set_at is None:
        return []
    set_at = moment(own.password_set_at)
    if own.expires_on is None:
        return [("Password set", set_at)]
    left = (own.expires_on - local_day(timezone.now(), zone())).days
    days = "today is its last day" if left == 0 else f"{left} day{'' if left == 1 else 's'} left"
    return [("Password set", set_at), ("Valid through", f"{day(own.expires_on)} ({days})")]


def _factors(own: Account) -> tuple[str, str]:
    found = factors_of(own)
    number = len(found.passkeys)
    held = [*(["authenticator app"] if found.app_since else []), *([f"passkeys ({number})"] if number else [])]
    return "Second factors", ", ".join(held) or "none"


def _session(session: LiveSession, live: LiveSession) -> tuple[str, str, str, str]:
    state = "this session" if session.pk == live.pk else "over" if session.ended_at else "open"
    return moment(session.started_at), session.network or "unknown", session.browser or "unknown", state
