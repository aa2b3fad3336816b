"""A new member of staff, or somebody who works for an agent, follows the one-use link: own password, authenticator app,
recovery codes."""

import re
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import get_random_string
from django.views.decorators.http import require_http_methods

from extranet.credentials.models import Account
from extranet.credentials.second_factor import propose
from extranet.credentials.staff import EnrolmentOver, EnrolmentRefused, enrol, look, must_give_code
from extranet.mail.link_lives import ENROLMENT_HOURS
from extranet.web.access import ANYBODY, access
from extranet.web.cookies import cookie_name, set_cookie
from extranet.web.errors import refuse
from extranet.web.network import browser_of, network_of
from extranet.web.password_words import hint, words
from extranet.web.staff_enrolment.qr import qr_svg

TITLE = "Set up your account"
HOLDER_COOKIE = cookie_name("enrolment")
SIGNS = "abcdefghijklmnopqrstuvwxyz234567"
HOLDER = re.compile(f"[{SIGNS}]{{32}}")


class EnrolmentForm(forms.Form):
    """Password twice, and a code that proves that the app has the key."""

    password = forms.CharField(
        label="New password",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label="New password, again",
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    code = forms.CharField(
        label="Code of the app",
        max_length=20,
        help_text="Six digits. They change every half a minute.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = hint(account)
        self.fields["code"].required = must_give_code(account)

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("password"):
            raise forms.ValidationError("This is not the same as the line above.")
        return again


@access(ANYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def enrolment(request: HttpRequest, token: str) -> HttpResponse:
    """GET shows the form and changes nothing; a POST with a fitting code spends the link."""
    now, holder = timezone.now(), _holder(request)
    try:
        account = look(token=token, now=now)
        form = EnrolmentForm(request.POST if request.method == "POST" else None, account=account)
        if form.is_valid():
            typed, network = form.cleaned_data, network_of(request)
            codes = enrol(
                token=token,
                holder=holder,
                password=typed["password"],
                code=typed["code"],
                network=network,
                browser=browser_of(request),
                now=now,
            )
            context = {"codes": codes, "username": account.username, "title": "Your account is ready"}
            return render(request, "staff_enrolment/done.html", context)
    except EnrolmentOver:
        return refuse(request, 410)
    except EnrolmentRefused as refused:
        for code in refused.password:
            form.add_error("password", words(code, account=account))
        if refused.code:
            form.add_error("code", "This code does not fit the key. Wait for the next one and try again.")
    proposal = propose(username=account.username, token=token, holder=holder)
    qr = qr_svg(proposal.address)
    page: dict[str, object] = {"form": form, "account": account, "proposal": proposal, "qr": qr, "title": TITLE}
    response = render(request, "staff_enrolment/form.html", page)
    return set_cookie(response, HOLDER_COOKIE, holder, seconds=ENROLMENT_HOURS * 3600)


def _holder(request: HttpRequest) -> str:
    """What this browser was given at its first look; the key on the page is made with it."""
    held = request.COOKIES.get(HOLDER_COOKIE, "")
    return held if HOLDER.fullmatch(held) else get_random_string(32, SIGNS)
