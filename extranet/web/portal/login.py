"""The login page (J14, J25): notice first, one answer for every reason, then the second factor or the portal."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from extranet.credentials.login import RESET_NEEDED, LoginRefused, sign_in
from extranet.profile.loader import current
from extranet.web.access import ANYBODY, access
from extranet.web.ended_words import ended_words
from extranet.web.entering import DEVICE_COOKIE, enter, safe_onward
from extranet.web.network import browser_of, network_of
from extranet.web.second_factor.pending import remember

WRONG = (
    "We cannot log you in with this user name and password. Check both and try again. After several tries you have "
    "to wait a while. A new password from the reset link works at once."
)
RESET = "Your password is right, but its time is over. Get a new one with the reset link below."


class LoginForm(forms.Form):
    """User name in any form that people type; the password may be pasted."""

    username = forms.CharField(
        max_length=240,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        max_length=1000, strip=False, widget=forms.PasswordInput(attrs={"autocomplete": "current-password"})
    )
    next = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # Django's own signature
        words, profile = current().words, current()
        self.fields["username"].label, self.fields["password"].label = words["user_name"], words["password"]
        self.fields["username"].help_text = f"For example {profile.account_domain}\\{profile.username_example}"


@access(ANYBODY)
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def login(request: HttpRequest) -> HttpResponse:
    """GET shows the form; a POST with the right pair leads to the second factor or in."""
    if request.method != "POST":
        onward = request.GET.get("next", "")
        if hasattr(request, "account"):
            return redirect(safe_onward(onward, request.account))
        return login_page(request, LoginForm(initial={"next": onward}))
    form = LoginForm(request.POST)
    return _try(request, form) if form.is_valid() else login_page(request, form)


def _try(request: HttpRequest, form: LoginForm) -> HttpResponse:
    typed, now = form.cleaned_data, timezone.now()
    try:
        signed = sign_in(
            username=typed["username"],
            password=typed["password"],
            device=request.COOKIES.get(DEVICE_COOKIE),
            network=network_of(request),
            browser=browser_of(request),
            now=now,
        )
    except LoginRefused as refused:
        return _refused(request, form, refused)
    if signed.needs_second_factor:
        remember(request, account=signed.account, onward=typed["next"], now=now)
        return redirect("second-factor")
    return enter(request, signed=signed, onward=typed["next"], second_factor=False, now=now)


def _refused(request: HttpRequest, form: LoginForm, refused: LoginRefused) -> HttpResponse:
    """The same page for every reason; too many tries differ in the status only."""
    response = login_page(request, form, fault=RESET if refused.code == RESET_NEEDED else WRONG)
    if refused.retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(refused.retry_after)
    return response


def login_page(request: HttpRequest, form: LoginForm, fault: str = "") -> HttpResponse:
    """The form, with what there is to say above it."""
    reason = request.GET.get("ended", "") or getattr(request, "ended", "")
    ended = "" if request.method == "POST" else ended_words(reason)
    return render(request, "portal/login.html", {"form": form, "fault": fault, "ended": ended})
