"""Who may enter which page. Default deny: a view that declares nothing is refused to everybody.

Every view carries exactly one rule (``@access(...)``); the middleware reads it after the URL is resolved. The
permission matrix in docs/reference/permissions.md is made from these rules, and a test walks every route.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record_refusal
from extranet.credentials.models import Account, LiveSession, StaffRole
from extranet.credentials.sessions import UNKNOWN, Ended, check, touch
from extranet.credentials.step_up import Proof, is_due
from extranet.web.confirming import ask_for_proof
from extranet.web.errors import refuse
from extranet.web.network import network_of
from extranet.web.steps import FACTOR_STEP, pending_step

View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True)
class Rule:
    """Who may enter. ``anybody`` needs no account; ``unfinished`` lets in who still has a step to take, ``factor_open``
    who still has to set up a second factor. A ``gate`` of its own decides instead of the session: it answers why not,
    or None. ``cookieless``: no session is looked at.

    ``subject``: the page shows something of one agent. Whose the agents among those admitted may see is decided where
    it is opened (BOOK: the own, a manager those of the agency, agency staff what was granted; OWN: the own only)."""

    name: str
    anybody: bool = False
    unfinished: bool = False
    factor_open: bool = False
    cookieless: bool = False
    agents: bool = False
    agency_staff: bool = False
    subject: str = ""
    roles: frozenset[str] = frozenset()
    gate: "Callable[[HttpRequest], HttpResponseBase | None] | None" = None

    def admits(self, account: Account) -> bool:
        if account.is_agency_staff:
            return self.agency_staff
        return self.agents if account.agent_id else account.role in self.roles


BOOK, OWN = "book", "own"
_ALL_STAFF = frozenset(StaffRole.values)
ANYBODY = Rule("anybody", anybody=True)
UNFINISHED = Rule("signed in, steps may be open", unfinished=True, agents=True, agency_staff=True, roles=_ALL_STAFF)
FACTOR_OPEN = Rule(
    "signed in, second factor may be open", factor_open=True, agents=True, agency_staff=True, roles=_ALL_STAFF
)
SIGNED_IN = Rule("signed in", agents=True, agency_staff=True, roles=_ALL_STAFF)
AGENTS = Rule("agents", agents=True)
OWN_STAFF = Rule("agents, about their own staff", agents=True, subject=OWN)
BOOKS = Rule("agents and agency staff", agents=True, agency_staff=True, subject=BOOK)
STAFF = Rule("staff", roles=_ALL_STAFF)
PUBLISHERS = Rule("publishers", roles=frozenset({StaffRole.PUBLISHER}))
SERVICE_DESK = Rule("service desk", roles=frozenset({StaffRole.SERVICE_DESK}))
AUDITORS = Rule("auditors", roles=frozenset({StaffRole.AUDITOR}))
ROSTER_KEEPERS = Rule("publishers and administrators", roles=frozenset({StaffRole.PUBLISHER, StaffRole.ADMINISTRATOR}))
MAIL_READERS = Rule(
    "service desk and administrators", roles=frozenset({StaffRole.SERVICE_DESK, StaffRole.ADMINISTRATOR})
)
ADMINISTRATORS = Rule("administrators", roles=frozenset({StaffRole.ADMINISTRATOR}))


class PortalRequest(HttpRequest):
    """A request that passed the gate: the account and its live session stand on it."""

    account: Account
    live: LiveSession


def access(rule: Rule, *, keeps_alive: bool = True, proof: Proof | None = None) -> Callable[[View], View]:
    """Declare who may enter this view. ``keeps_alive=False``: a script asks for it, which is no sign of a person, so
    the idle time goes on (AC-11). ``proof``: the person must have proved a factor lately (IA-11)."""

    def declare(view: View) -> View:
        view.access = rule  # type: ignore[attr-defined]
        view.keeps_alive = keeps_alive  # type: ignore[attr-defined]
        view.proof = proof  # type: ignore[attr-defined]
        return view

    return declare


def actor_of(request: HttpRequest) -> Actor:
    """The person behind a request, as copied into the audit trail."""
    account: Account | None = getattr(request, "account", None)
    if account is None:
        return Actor.nobody(network=network_of(request))
    return Actor(kind=account.kind, name=account.username, network=network_of(request))


class AccessMiddleware:
    """Ask the live session and the view's rule on every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponseBase | None:
        rule: Rule | None = getattr(view, "access", None)
        if rule is None:
            return self._refuse(request, "the page declares no rule")
        if rule.gate is not None:
            return rule.gate(request)
        if rule.cookieless:
            return None
        ended = self._attach(request, keeps_alive=getattr(view, "keeps_alive", True))
        if rule.anybody:
            return None
        if not hasattr(request, "account"):
            return _to_login(request, ended)
        if not rule.admits(request.account):
            return self._refuse(request, f"only for {rule.name}")
        account, now = request.account, timezone.now()
        step = None if rule.unfinished else pending_step(account=account, now=now)
        if step and not (rule.factor_open and step == FACTOR_STEP):
            return redirect(step)
        proof: Proof | None = getattr(view, "proof", None)
        if proof and is_due(account=account, live=request.live, proof=proof, now=now):  # type: ignore[attr-defined]
            return ask_for_proof(request)
        return None

    def _attach(self, request: HttpRequest, *, keeps_alive: bool) -> str:
        """Put account and live session on the request; returns why a session ended, or nothing."""
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        live = check(session_key=key, now=timezone.now()) if key else None
        if isinstance(live, Ended):
            if live.reason != UNKNOWN or isinstance(request.user, Account):
                logout(request)  # a stranger's session stays: it may hold the note that the password was right
                request.ended = live.reason  # type: ignore[attr-defined]  # the login page says it
            return live.reason
        if live is not None and isinstance(request.user, Account) and request.user.pk == live.account_id:
            request.account, request.live = request.user, live  # type: ignore[attr-defined]
            if keeps_alive:
                touch(session=live, now=timezone.now())
        return ""

    def _refuse(self, request: HttpRequest, why: str) -> HttpResponse:
        now = timezone.now()
        record_refusal(
            action=Action.ACCESS_REFUSED,
            now=now,
            actor=actor_of(request),
            subject=request.path[:120],
            detail={"why": why},
        )
        return refuse(request, 403)


def _to_login(request: HttpRequest, ended: str) -> HttpResponse:
    words = {"next": request.path} if request.method == "GET" else {}
    if ended:
        words["ended"] = ended
    return redirect(f"{reverse('login')}?{urlencode(words)}" if words else reverse("login"))
