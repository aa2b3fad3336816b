"""The page between a session and what a stolen one must not do: a factor is proved again, then on (IA-11)."""

from django import forms
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from extranet.credentials import passkeys as credentials
from extranet.credentials.models import ChallengePurpose
from extranet.credentials.own_factors import factors_of
from extranet.credentials.passkey_ceremony import PasskeyRefused
from extranet.credentials.passkey_ceremony import begin as begin_ceremony
from extranet.credentials.second_factor import SecondFactorRefused, prove
from extranet.credentials.step_up import Proof, is_due, prove_password
from extranet.web.access import FACTOR_OPEN, PortalRequest, access, actor_of
from extranet.web.confirming import onward_of
from extranet.web.network import network_of
from extranet.web.own_factors.proved import go_on_proved
from extranet.web.passkey_holder import holder_of
from extranet.web.second_factor.views import CodeForm

WRONG_CODE = "This code does not fit. Wait for the next one and try again; each works once."
WRONG_PASSWORD = "This is not your present password."
WRONG_PASSKEY = "This passkey does not fit, or it took too long. Try again, or use a code."


class PasswordForm(forms.Form):
    """For whom has no second factor yet."""

    password = forms.CharField(
        label="Present password",
        max_length=1000,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password", "autofocus": True}),
    )


@access(FACTOR_OPEN)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: PortalRequest) -> HttpResponse:
    """GET asks, or leads on where the proof is young; a POST with a right code leads on under a new session id."""
    now, has_factor = timezone.now(), factors_of(request.account).has_any
    if request.method != "POST" and not is_due(
        account=request.account, live=request.live, proof=Proof.FACTORS, now=now
    ):
        return _onward(request)
    kind = CodeForm if has_factor else PasswordForm
    form = kind(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _page(request, form)
    try:
        _prove(request, form)
    except SecondFactorRefused as refused:
        field, words = ("code", WRONG_CODE) if has_factor else ("password", WRONG_PASSWORD)
        form.add_error(field, words)
        return _page(request, form, retry_after=refused.retry_after)
    go_on_proved(request, now=now)
    return redirect("confirm")


@access(FACTOR_OPEN)
@require_POST
def begin(request: PortalRequest) -> HttpResponse:
    """What the browser needs to ask for a passkey of this account, as JSON."""
    holder, now = holder_of(request), timezone.now()
    purpose = ChallengePurpose.CONFIRM
    return JsonResponse(begin_ceremony(purpose=purpose, account=request.account, holder=holder, now=now))


@access(FACTOR_OPEN)
@require_POST
def passkey(request: PortalRequest) -> HttpResponse:
    """A POST with the answer of a passkey leads on under a new session id."""
    now = timezone.now()
    try:
        credentials.prove(
            account=request.account,
            purpose=ChallengePurpose.CONFIRM,
            answer=request.POST.get("credential", ""),
            holder=holder_of(request),
            network=network_of(request),
            now=now,
        )
    except PasskeyRefused:
        form = CodeForm()
        return _page(request, form, fault=WRONG_PASSKEY)
    go_on_proved(request, now=now)
    return redirect("confirm")


def _prove(request: PortalRequest, form: forms.Form) -> None:
    account, now = request.account, timezone.now()
    if "code" in form.cleaned_data:
        prove(account=account, code=form.cleaned_data["code"], network=network_of(request), now=now)
    else:
        prove_password(account=account, password=form.cleaned_data["password"], by=actor_of(request), now=now)


def _onward(request: PortalRequest) -> HttpResponse:
    """A file comes beside a page that says so: a form that stays on the screen looks as if nothing had happened."""
    found = onward_of(request)
    if found is None:
        return redirect("own-factors")
    onward, match = found
    if match.url_name != "download":
        return redirect(onward)
    title = "Your download begins"
    return render(request, "own_factors/onward.html", {"title": title, "onward": onward, "kind": match.kwargs["kind"]})


def _page(request: PortalRequest, form: forms.Form, *, fault: str = "", retry_after: int | None = None) -> HttpResponse:
    context = {
        "title": "Confirm that it is you",
        "form": form,
        "fault": fault,
        "has_passkeys": bool(factors_of(request.account).passkeys),
    }
    response = render(request, "own_factors/confirm.html", context)
    if retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(retry_after)
    return response
