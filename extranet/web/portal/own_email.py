"""The own e-mail address (J19): begin a change, prove it with the code from the new mailbox, stop it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from extranet.agents.change_email import EmailChangeRefused, stop, waiting_change
from extranet.agents.masking import masked
from extranet.agents.models import Agent, EmailChange
from extranet.agents.prove_email import ProofRefused, prove
from extranet.credentials import own_address, owner_proof
from extranet.credentials.own_address import OwnAddressRefused, begin_change
from extranet.credentials.step_up import Proof
from extranet.mail.outbox import AddressRefused
from extranet.profile.in_force import policy
from extranet.web.access import AGENTS, PortalRequest, access, actor_of
from extranet.web.dates import moment

WORDS = {
    owner_proof.OLD_WRONG: ("password", "This is not your present password."),
    owner_proof.THROTTLED: (None, "Too many tries. Wait a little, or use the reset link."),
    owner_proof.BARRED: (None, "The account cannot be used now. Ask the service center."),
    own_address.OFTEN: (None, "Three changes were begun in a day. Wait until tomorrow, or call the service center."),
}


class AddressForm(forms.Form):
    """The new address, and proof that it is the owner who sits here."""

    new_email = forms.CharField(
        label="New e-mail address",
        max_length=254,
        widget=forms.TextInput(attrs={"type": "email", "autocomplete": "email", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label="Present password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class CodeForm(forms.Form):
    """What the new mailbox got."""

    code = forms.CharField(
        label="Code from the new mailbox",
        max_length=20,
        help_text="Six letters and digits. Any case; blanks do not matter.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autocapitalize": "characters"}),
    )


@access(AGENTS, proof=Proof.ADDRESS)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def own_email(request: PortalRequest) -> HttpResponse:
    """Where mails go, and what waits; a POST begins a change."""
    form, now = AddressForm(request.POST if request.method == "POST" else None), timezone.now()
    if not form.is_valid():
        return _page(request, form=form)
    typed = form.cleaned_data
    try:
        begin_change(
            account=request.account,
            password=typed["password"],
            new_email=typed["new_email"],
            by=actor_of(request),
            now=now,
        )
    except OwnAddressRefused as refused:
        form.add_error(*WORDS[refused.reason])
        return _page(request, form=form, retry_after=refused.retry_after)
    except (EmailChangeRefused, AddressRefused) as refused:
        form.add_error("new_email", str(refused))
        return _page(request, form=form)
    messages.success(request, "Both addresses are told. Type the code that the new one gets.")
    return redirect("own-email")


@access(AGENTS)
@sensitive_post_parameters("code")
@require_POST
def prove_own_email(request: PortalRequest) -> HttpResponse:
    """The code proves that somebody who is logged in here reads the new mailbox."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _page(request, code=form)
    try:
        change = prove(agent=_agent(request), code=form.cleaned_data["code"], by=actor_of(request), now=timezone.now())
    except ProofRefused as refused:
        left = refused.tries_left
        tries = f"{left} {'try is' if left == 1 else 'tries are'} left."
        form.add_error("code", f"This is not the code. {tries if left else 'Begin again to get another.'}")
        return _page(request, code=form)
    messages.success(request, f"The new address is proved. It is in force from {moment(change.active_from)}.")
    return redirect("own-email")


@access(AGENTS)
@require_POST
def stop_own_email(request: PortalRequest) -> HttpResponse:
    """Whoever began it: the present address stays."""
    if stop(agent=_agent(request), by=actor_of(request), now=timezone.now()):
        messages.success(request, "The change is stopped. Your present address stays.")
    else:
        messages.info(request, "No change was waiting. Nothing was done.")
    return redirect("own-email")


def _agent(request: PortalRequest) -> Agent:
    agent = request.account.agent
    assert agent is not None  # noqa: S101  # the rule lets agents in only
    return agent


def _page(
    request: PortalRequest,
    *,
    form: AddressForm | None = None,
    code: CodeForm | None = None,
    retry_after: int | None = None,
) -> HttpResponse:
    agent = _agent(request)
    change = waiting_change(agent)
    context = {
        "title": "Your e-mail address",
        "breadcrumbs": [("Account", "/account/"), ("E-mail address", "")],
        "address": masked(agent.email),
        "form": form or AddressForm(),
        "code": code or CodeForm(),
        "waiting": _words(change) if change else "",
        "unproved": change is not None and not change.is_proved,
        "hours": policy().email_change_wait_hours,
    }
    response = render(request, "portal/own_email.html", context)
    if retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(retry_after)
    return response


def _words(change: EmailChange) -> str:
    began = {"roster": "the exchange's list of agents", "service_center": "the service center", "agent": "this page"}
    what = f"A change to {masked(change.new_email)} was begun by {began[change.source]}"
    if change.is_proved:
        return f"{what}. It is in force from {moment(change.active_from)}; until then mails go to the present address."
    return f"{what}. Without the code it lapses on {moment(change.active_from)}."
