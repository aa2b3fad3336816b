"""Change the own password: by choice before it expires, by force where it was generated (J26, IA-5(1))."""

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import HASH_SESSION_KEY
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from extranet.credentials.change_password import BARRED, OLD_WRONG, OVERTAKEN, THROTTLED, PasswordRefused, change
from extranet.credentials.models import Account
from extranet.credentials.sessions import SessionOver
from extranet.profile.in_force import policy
from extranet.web.access import UNFINISHED, PortalRequest, access, actor_of
from extranet.web.dates import day
from extranet.web.entering import renew
from extranet.web.network import browser_of
from extranet.web.password_words import hint, words

FIELD_OF = {OLD_WRONG: "old", THROTTLED: None, BARRED: None, OVERTAKEN: None}
"""Where the words of a code stand; all others are about the new password."""


def _field(label: str, autocomplete: str) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=1000, strip=False, widget=widget)


class PasswordForm(forms.Form):
    """The present one, and the new one twice."""

    old = _field("Present password", "current-password")
    new = _field("New password", "new-password")
    again = _field("New password, again", "new-password")

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new"].help_text = hint(account)

    def clean_again(self) -> str:
        again = str(self.cleaned_data["again"])
        if again != self.cleaned_data.get("new"):
            raise forms.ValidationError("This is not the same as the line above.")
        return again


@access(UNFINISHED)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: PortalRequest) -> HttpResponse:
    """GET shows the form; a POST with a fitting pair changes the password and ends all other sessions."""
    form = PasswordForm(request.POST if request.method == "POST" else None, account=request.account)
    if not form.is_valid():
        return _page(request, form)
    try:
        _change(request, form)
    except PasswordRefused as refused:
        return _refused(request, form, refused)
    except SessionOver:
        return redirect("login")
    return redirect("staff-home" if request.account.is_staff_member else "home")


def _change(request: PortalRequest, form: PasswordForm) -> None:
    account = request.account
    changed = change(
        account=account,
        old=form.cleaned_data["old"],
        new=form.cleaned_data["new"],
        now=timezone.now(),
        by=actor_of(request),
        browser=browser_of(request),
        session_key=request.session.session_key or "",
    )
    fresh = Account.objects.get(pk=account.pk)
    request.session[HASH_SESSION_KEY] = fresh.get_session_auth_hash()  # this session stays ...
    renew(request, now=timezone.now())  # ... under another id: whoever held the old one holds nothing
    until = f" It is valid through {day(changed.expires_on)}." if changed.expires_on else ""
    messages.success(request, f"Your password was changed.{until}")


def _refused(request: PortalRequest, form: PasswordForm, refused: PasswordRefused) -> HttpResponse:
    for code in refused.reasons:
        form.add_error(FIELD_OF.get(code, "new"), words(code, account=request.account))
    response = _page(request, form)
    if refused.retry_after is not None:
        response.status_code, response["Retry-After"] = 429, str(refused.retry_after)
    return response


def _page(request: PortalRequest, form: PasswordForm) -> HttpResponse:
    account = request.account
    forced = account.temporary and policy().force_change
    title = "Choose your own password" if forced else "Change your password"
    context = {"form": form, "forced": forced, "title": title, "account": account, "policy": policy()}
    return render(request, "portal/password.html", context)
