"""The page that asks for the code of the authenticator app after the right password (IA-2)."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.credentials.login import LoginRefused, complete
from extranet.credentials.models import Account
from extranet.credentials.own_factors import factors_of
from extranet.credentials.second_factor import SecondFactorRefused, prove
from extranet.web.access import ANYBODY, access
from extranet.web.entering import DEVICE_COOKIE, enter
from extranet.web.network import browser_of, network_of
from extranet.web.second_factor.pending import pending


class CodeForm(forms.Form):
    """One field; a recovery code fits it too."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        help_text="The six digits that your authenticator app shows now, or one of your recovery codes.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )


@access(ANYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def second_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code; the right one completes the login. Too late leads back to the login page."""
    now = timezone.now()
    waiting = pending(request, now=now)
    if waiting is None:
        return redirect("login")
    account, onward = waiting
    form = CodeForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return code_page(request, form, account)
    network, browser = network_of(request), browser_of(request)
    try:
        prove(account=account, code=form.cleaned_data["code"], network=network, now=now)
        device = request.COOKIES.get(DEVICE_COOKIE)
        signed = complete(account=account, device=device, network=network, browser=browser, now=now)
    except SecondFactorRefused as refused:
        form.add_error("code", "This code does not fit. Wait for the next one and try again; each works once.")
        return code_page(request, form, account, retry_after=refused.retry_after)
    except LoginRefused:
        return redirect("login")
    return enter(request, signed=signed, onward=onward, second_factor=True, now=now)


def code_page(
    request: HttpRequest, form: CodeForm, account: Account, *, fault: str = "", retry_after: int | None = None
) -> HttpResponse:
    """The page of the code, with what this account has."""
    factors = factors_of(account)
    context = {"form": form, "title": "Confirm that it is you", "fault": fault, "factors": factors}
    response = render(request, "second_factor/code.html", context)
    if retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(retry_after)
    return response
