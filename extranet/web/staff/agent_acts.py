"""What the desk does for an agent, one button each. Without an identity check the page leads there and says so."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from extranet.agents.change_email import EmailChangeRefused
from extranet.agents.models import Agent
from extranet.agents.prove_email import ProofRefused
from extranet.audit.record import Actor
from extranet.credentials.history import PasswordOvertaken
from extranet.mail.outbox import AddressRefused
from extranet.service_center import acts, lost_certificate, lost_factors
from extranet.service_center.acts import ActRefused, DoneAlready
from extranet.service_center.doubted import clear_doubt
from extranet.service_center.identity import IdentityNotChecked, OwnFactsNotChecked
from extranet.service_center.intake import RequestRefused, take_call
from extranet.service_center.models import SupportRequest
from extranet.web.access import SERVICE_DESK, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.spelled import spelled
from extranet.web.staff.agent_forms import (
    AddressForm,
    CallForm,
    CodeForm,
    DeskForm,
    DisableForm,
    LostCertificateForm,
    LostFactorsForm,
)
from extranet.web.staff.agents import address_of, agent_of, case_of, record_page
from extranet.web.staff.shown_once import GOOD_FOR, keep, kept


@dataclass(frozen=True)
class Asked:
    """One act for one agent, as the service center takes it."""

    agent: Agent
    by: Actor
    now: datetime
    case: SupportRequest | None


@access(SERVICE_DESK)
@sensitive_post_parameters()
@require_POST
def act(request: PortalRequest, license: str, act: str) -> HttpResponse:
    """Do one of ACTS and say what happened; back to the record."""
    if act not in ACTS:
        raise Http404
    agent = agent_of(license)
    case = case_of(request, agent)
    asked = Asked(agent, actor_of(request), timezone.now(), case)
    back = redirect(address_of(agent, case))
    try:
        return ACTS[act](request, asked) or back
    except OwnFactsNotChecked as missing:
        messages.warning(request, f"{missing} Nothing was done.")
        return redirect(address_of(agent, case, "staff-agent-identity"))
    except IdentityNotChecked:
        messages.warning(request, "Check the identity of the caller first. Nothing was done.")
        return redirect(address_of(agent, case, "staff-agent-identity"))
    except ActRefused as refused:
        messages.error(request, str(refused))
    except AddressRefused:
        messages.error(request, "The address on the roster is none that mail can be sent to. Change the address.")
    except PasswordOvertaken:
        messages.warning(request, "Somebody else gave this account a password at this moment. Nothing was sent.")
    except DoneAlready as already:
        messages.info(request, str(already))
    return back


@access(SERVICE_DESK)
@require_safe
def code(request: PortalRequest, license: str) -> HttpResponse:
    """The code of the reset that this session started, to be read to the caller; for ten minutes."""
    agent = agent_of(license)
    case = case_of(request, agent)
    code = kept(request, what=_code_of(agent), now=timezone.now())
    context = {
        "title": "Read this code to the caller",
        "breadcrumbs": [
            ("Agents", reverse("staff-agents")),
            (agent.full_name, address_of(agent, case)),
            ("Code", ""),
        ],
        "code": code,
        "spelled": spelled(code),
        "minutes": int(GOOD_FOR.total_seconds() // 60),
        "back": address_of(agent, case),
    }
    return render(request, "staff/agent_code.html", context)


def _send_username(request: PortalRequest, asked: Asked) -> None:
    acts.send_username(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    messages.success(request, "The user name is on its way to the address on the roster.")


def _start_reset(request: PortalRequest, asked: Asked) -> HttpResponse:
    """A second click leads to the code of the first."""
    try:
        told = acts.start_reset(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    except DoneAlready as already:
        messages.info(request, str(already))
    else:
        keep(request, what=_code_of(asked.agent), secret=told, now=asked.now)
    return redirect(address_of(asked.agent, asked.case, "staff-agent-code"))


def _change_email(request: PortalRequest, asked: Asked) -> HttpResponse | None:
    form = AddressForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    address = form.cleaned_data["new_email"]
    try:
        change = acts.change_email(agent=asked.agent, new_email=address, by=asked.by, now=asked.now, request=asked.case)
    except EmailChangeRefused as refused:
        form.add_error("new_email", str(refused))
        return _refused(request, asked, form)
    when = moment(change.active_from)
    said = "Both addresses are told. Ask for the code that the new one gets. "
    messages.success(request, f"{said}The new one is in force from {when}, unless it is stopped.")
    return None


def _prove_email(request: PortalRequest, asked: Asked) -> HttpResponse | None:
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    try:
        change = acts.prove_email(agent=asked.agent, code=form.cleaned_data["code"], by=asked.by, now=asked.now)
    except ProofRefused as refused:
        left = f"{refused.tries_left} left." if refused.tries_left else "Begin the change again to get another."
        form.add_error("code", f"This is not the code of the change that waits. Tries: {left}")
        return _refused(request, asked, form)
    messages.success(request, f"The new address is proved. It is in force from {moment(change.active_from)}.")
    return None


def _issue_again(request: PortalRequest, asked: Asked) -> None:
    acts.issue_again(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    messages.success(
        request,
        "The third mail is on its way again, to the address on the roster. Older passwords and links are not valid.",
    )


def _unlock(request: PortalRequest, asked: Asked) -> None:
    acts.unlock(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    messages.success(request, "The wrong tries are forgotten. The agent can try again at once.")


def _clear_doubt(request: PortalRequest, asked: Asked) -> None:
    clear_doubt(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    messages.success(request, "The address is not in doubt any more. What was held leaves within a minute.")


def _enable(request: PortalRequest, asked: Asked) -> None:
    acts.enable(agent=asked.agent, by=asked.by, now=asked.now, request=asked.case)
    messages.success(request, "The account is enabled.")


def _disable(request: PortalRequest, asked: Asked) -> HttpResponse | None:
    form = DisableForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    reason = form.cleaned_data["reason"]
    ended = acts.disable(agent=asked.agent, reason=reason, by=asked.by, now=asked.now, request=asked.case)
    said = "The account is disabled: sessions, links and known browsers have ended."
    messages.success(request, said if ended else "The account was disabled already.")
    return None


def _remove_certificate(request: PortalRequest, asked: Asked) -> HttpResponse | None:
    form = LostCertificateForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    reason = form.cleaned_data["reason"]
    lost_certificate.remove(agent=asked.agent, reason=reason, by=asked.by, now=asked.now, request=asked.case)
    said = "The certificate is removed, and the agent is told by mail. Nothing is encrypted with it from now on. "
    messages.success(request, f"{said}Those from before stay encrypted: start a reset or issue a password again.")
    return None


def _ask_factor_removal(request: PortalRequest, asked: Asked) -> HttpResponse | None:
    form = LostFactorsForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    lost_factors.ask(agent=asked.agent, reason=form.cleaned_data["reason"], by=asked.by, now=asked.now)
    messages.success(request, "The agent is told by mail. Another member of the service center must approve it.")
    return None


def _approve_factor_removal(request: PortalRequest, asked: Asked) -> None:
    lost_factors.approve(agent=asked.agent, by=asked.by, now=asked.now)
    messages.success(request, "All second factors are removed and all sessions ended. The agent is told by mail.")


def _refuse_factor_removal(request: PortalRequest, asked: Asked) -> None:
    lost_factors.refuse(agent=asked.agent, by=asked.by, now=asked.now)
    messages.success(request, "The second factors stay as they are.")


def _note_call(request: PortalRequest, asked: Asked) -> HttpResponse:
    form = CallForm(request.POST)
    if not form.is_valid():
        return _refused(request, asked, form)
    typed = form.cleaned_data
    try:
        taken = take_call(
            license=asked.agent.license, text=typed["text"], telephone=typed["telephone"], by=asked.by, now=asked.now
        )
    except RequestRefused as refused:
        for field, fault in refused.faults.items():
            form.add_error(field if field in form.fields else None, fault)
        return _refused(request, asked, form)
    messages.success(request, "The call is in the queue.")
    return redirect("staff-request", taken.number)


def _refused(request: PortalRequest, asked: Asked, form: DeskForm) -> HttpResponse:
    return record_page(request, asked.agent, fault=form, status=422)


def _code_of(agent: Agent) -> str:
    return f"reset-code:{agent.license}"


ACTS: Mapping[str, Callable[[PortalRequest, Asked], HttpResponse | None]] = {
    "send-username": _send_username,
    "start-reset": _start_reset,
    "change-email": _change_email,
    "prove-email": _prove_email,
    "issue-again": _issue_again,
    "unlock": _unlock,
    "clear-doubt": _clear_doubt,
    "enable": _enable,
    "disable": _disable,
    "remove-certificate": _remove_certificate,
    "ask-factor-removal": _ask_factor_removal,
    "approve-factor-removal": _approve_factor_removal,
    "refuse-factor-removal": _refuse_factor_removal,
    "note-call": _note_call,
}
