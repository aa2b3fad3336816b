"""Find an agent, and see on one page why that agent cannot get in and what was done (J17, J29)."""

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from extranet.agents.find import by_license_ever, search
from extranet.agents.mail_language import language_name
from extranet.agents.masking import masked
from extranet.agents.models import Agent, EmailChange
from extranet.credentials.agency_staff import staff_of
from extranet.credentials.book_grants import grants_into, has_any
from extranet.credentials.gate import needs_second_factor
from extranet.credentials.models import Account
from extranet.credentials.username import shown
from extranet.mail.models import DoubtfulAddress
from extranet.reports.view_token import LONGEST, ViewRefused, open_view, seal_view
from extranet.service_center import timeline
from extranet.service_center.models import SupportRequest
from extranet.service_center.queue import open_of
from extranet.service_center.timeline import AgentRecord, Moment
from extranet.web.access import SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.dates import day, moment
from extranet.web.staff.agent_forms import (
    AddressForm,
    CallForm,
    CodeForm,
    DeskForm,
    DisableForm,
    LostCertificateForm,
    LostFactorsForm,
)
from extranet.web.staff.long_text import long_text

MOST = 50  # agents of one search
FOUND = ({"label": "Name"}, {"label": "License number"}, {"label": "Agency"}, {"label": "Certification"})
REASONS = ({"label": "What keeps the agent out"}, {"label": "What helps"})
MOMENTS = ({"label": "When"}, {"label": "What"}, {"label": "By"}, {"label": "More"})


@access(SERVICE_DESK)
@sensitive_post_parameters("search")
@require_http_methods(["GET", "HEAD", "POST"])
def agents(request: PortalRequest) -> HttpResponse:
    """GET shows who was found; a POST is a search, which moves sealed into the address."""
    now, session = timezone.now(), str(request.live.id)
    if request.method == "POST":
        text = request.POST.get("search", "").strip()
        query = {"view": seal_view(search=text, session_id=session, now=now)} if text else {}
        return redirect(f"{reverse('staff-agents')}?{urlencode(query)}" if query else reverse("staff-agents"))
    try:
        text = open_view(token=request.GET["view"][:1000], session_id=session) if "view" in request.GET else ""
    except ViewRefused:
        messages.warning(request, "That search belongs to another session. Please search again.")
        return redirect("staff-agents")
    found = list(search(text)[: MOST + 1]) if text else []
    context = {
        "title": "Agents",
        "text": text,
        "longest": LONGEST,
        "columns": FOUND,
        "rows": [_found(agent) for agent in found[:MOST]],
        "too_many": len(found) > MOST,
        "most": MOST,
    }
    return render(request, "staff/agents.html", context)


@access(SERVICE_DESK)
@require_safe
def agent(request: PortalRequest, license: str) -> HttpResponse:
    """The record; every look at it is in the trail. ``?request=`` names the request that the acts will belong to."""
    return record_page(request, agent_of(license))


def agent_of(license: str) -> Agent:
    """Who holds or held that license; raises Http404."""
    found = by_license_ever(license)
    if found is None:
        raise Http404
    return found


def record_page(
    request: PortalRequest, agent: Agent, *, fault: DeskForm | None = None, status: int = 200
) -> HttpResponse:
    """The page of one agent; ``fault`` is a form that was refused and takes the place of its blank one."""
    record = timeline.view(agent=agent, by=actor_of(request), now=timezone.now())
    blank: dict[str, DeskForm] = {form.name: form for form in _blank_forms()}
    case = case_of(request, agent)
    context = {
        "title": agent.full_name,
        "breadcrumbs": [("Agents", reverse("staff-agents")), (agent.full_name, "")],
        "agent": agent,
        "record": record,
        "facts": [*_facts(record), *_certificate(record), *_agency_staff(agent)],
        "reasons": [(reason.text, reason.remedy) for reason in record.stuck],
        "reason_columns": REASONS,
        "checked_until": moment(record.check.good_until) if record.check else "",
        "change": _change(record.address_change) if record.address_change else "",
        "unproved": record.address_change is not None and not record.address_change.is_proved,
        "requests": [(row.number, reverse("staff-request", args=[row.number])) for row in record.open_requests],
        "case": case,
        "moments": [_moment(item) for item in record.moments],
        "moment_columns": MOMENTS,
        "removal": (removal := record.factor_removal),
        "removal_asked": moment(removal.asked_at) if removal else "",
        "removal_is_own": removal is not None and removal.asked_by == request.account.username,
        "forms": blank | ({fault.name: fault} if fault else {}),
    }
    return render(request, "staff/agent.html", context, status=status)


def _blank_forms() -> tuple[DeskForm, ...]:
    return AddressForm(), CodeForm(), DisableForm(), LostCertificateForm(), LostFactorsForm(), CallForm()


def case_of(request: PortalRequest, agent: Agent) -> SupportRequest | None:
    """The open request of this agent that the page was opened for, if any."""
    given = request.POST if request.method == "POST" else request.GET
    return open_of(agent, given.get("request", ""))


def address_of(agent: Agent, case: SupportRequest | None, name: str = "staff-agent") -> str:
    """A page of this agent that still knows the request it was opened for."""
    path = reverse(name, args=[agent.license])
    return f"{path}?{urlencode({'request': case.number})}" if case else path


def _found(agent: Agent) -> tuple[SafeString, str, str, str]:
    link = format_html('<a href="{}">{}</a>', reverse("staff-agent", args=[agent.license]), agent.full_name)
    return link, agent.license, agent.agency_name, agent.get_status_display()


def _facts(record: AgentRecord) -> list[tuple[str, str]]:
    """What the desk must know to help. Not the facts that a caller is asked for: the address only masked."""
    agent = record.agent
    former = ", ".join(agent.former_licenses.order_by("-renamed_at").values_list("license", flat=True))
    facts = [("License number", f"{agent.license} (before: {former})" if former else agent.license)]
    since = "" if agent.is_certified else f" since {day(agent.status_on)}"  # callers are asked when they were certified
    facts.append(("Certification", f"{agent.get_status_display()}{since}"))
    facts.append(("E-mail address", f"{masked(agent.email)}{_doubt(record)}"))
    return [*facts, *(_account(record.account) if record.account else [("Account", "none yet")])]


def _account(account: Account) -> list[tuple[str, str]]:
    if account.password_set_at is None:
        password = "none"
    else:
        kind = "temporary" if account.temporary else "chosen by the agent"
        until = f", valid through {day(account.expires_on)}" if account.expires_on else ""
        password = f"{kind}, set {moment(account.password_set_at)}{until}"
    language = ("Language of e-mails", language_name(account.language))
    last = "yes" if account.last_login else "never"  # not when: callers are asked for the day of the last one
    facts = [("User name", shown(account.username)), language, ("Password", password), ("Has logged in", last)]
    return [*facts, ("Second factor", "set up" if needs_second_factor(account) else "none")]


def _doubt(record: AgentRecord) -> str:
    if record.doubt is None:
        return ""
    why = "mails came back" if record.doubt.reason == DoubtfulAddress.Reason.FAILED else "a mail was called spam"
    code = f", code {record.doubt.status}" if record.doubt.status else ""
    return f" – in doubt since {moment(record.doubt.since)}: {why}{code}"


def _certificate(record: AgentRecord) -> list[tuple[str, str]]:
    """Until when and by whose word; not since when: whoever uploaded it was logged in that day."""
    kept = record.certificate
    if kept is None:
        return [("Certificate for e-mails", "none")]
    end = "ended on" if kept.not_after <= timezone.now() else "good until"
    used = "" if settings.EXTRANET.secured_mail == "smime" else "; not in use here"
    words = f"kept, {end} {moment(kept.not_after)}; {shown(kept.vouched_by)} vouched for it{used}"
    return [("Certificate for e-mails", words)]


def _agency_staff(agent: Agent) -> list[tuple[str, str]]:
    """Who works for the agent and who else may open the book: what to ask about when an account was taken over."""
    now = timezone.now()
    own = [f"{shown(row.username)} ({'open' if has_any(row, now) else 'no rights'})" for row in staff_of(agent)]
    others = [grant.account.username for grant in grants_into(agent, now) if grant.account.principal_id != agent.pk]
    named = (("Agency staff", own), ("Others who may open the book", [shown(name) for name in others]))
    return [(label, ", ".join(names)) for label, names in named if names]


def _change(change: EmailChange) -> str:
    proof = "" if change.is_proved else " Nobody has proved the new one yet: without its code the change lapses then."
    return (
        f"A change of the address to {masked(change.new_email)} waits until {moment(change.active_from)}. "
        f"Until then mails go to the old one.{proof}"
    )


def _moment(item: Moment) -> tuple[SafeString | str, ...]:
    what = f"{item.source}: {item.what}" if item.source != "event" else item.what
    return moment(item.at), what, item.by, long_text(item.detail)
