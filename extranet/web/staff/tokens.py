"""A publisher's own tokens for programs: made, shown once, ended. Nobody sees those of another."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from extranet.credentials import api_tokens
from extranet.credentials.models import ApiToken
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.dates import day, moment
from extranet.web.staff.shown_once import GOOD_FOR, keep, kept


class TokenForm(forms.Form):
    """What for, from where, how long."""

    name = forms.CharField(
        label="What it is for", max_length=60, help_text="For example: nightly job on the file server."
    )
    networks = forms.CharField(
        label="Networks",
        required=False,
        max_length=1000,
        help_text="From where it may be used, one a line, like 203.0.113.0/24. Empty: from anywhere.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    days = forms.IntegerField(
        label="Days",
        min_value=1,
        max_value=api_tokens.DAYS,
        initial=api_tokens.DAYS,
        help_text=f"How long it lives, at most {api_tokens.DAYS}.",
    )


@access(PUBLISHERS)
@require_http_methods(["GET", "HEAD", "POST"])
def tokens(request: PortalRequest) -> HttpResponse:
    """GET lists the own tokens in force and shows the form; a POST makes one and leads to it."""
    form, now = TokenForm(request.POST if request.method == "POST" else None), timezone.now()
    if not form.is_valid():
        return _list(request, form)
    typed = {**form.cleaned_data, "networks": form.cleaned_data["networks"].split()}
    try:
        made = api_tokens.make(account=request.account, **typed, by=actor_of(request), now=now)
    except api_tokens.TokenNotMade as refused:
        field = "networks" if "network" in str(refused) else "name"
        form.add_error(field, f"{str(refused)[:1].upper()}{str(refused)[1:]}.")
        return _list(request, form)
    keep(request, what=_what(made.row.id), secret=made.token, now=now)
    return redirect("staff-token", made.row.id)


@access(PUBLISHERS)
@require_safe
def made(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """The token that was just made, for ten minutes and in this session only."""
    now = timezone.now()
    row = api_tokens.living(request.account, now=now).filter(id=token_id).first()
    if row is None:
        raise Http404
    context = {
        "title": "Your new token",
        "breadcrumbs": [("API tokens", reverse("staff-tokens")), (row.name, "")],
        "token": kept(request, what=_what(row.id), now=now),
        "minutes": int(GOOD_FOR.total_seconds() // 60),
        "facts": [
            ("What it is for", row.name),
            ("Networks", ", ".join(row.networks) or "any"),
            ("Good until", day(row.expires_at.date())),
        ],
        "row": row,
    }
    return render(request, "staff/token.html", context)


@access(PUBLISHERS)
@require_POST
def end(request: PortalRequest, token_id: UUID) -> HttpResponse:
    """It opens nothing any more, from this moment on."""
    if api_tokens.end(account=request.account, token_id=token_id, by=actor_of(request), now=timezone.now()):
        messages.success(request, "The token has ended.")
    return redirect("staff-tokens")


def _list(request: PortalRequest, form: TokenForm) -> HttpResponse:
    rows = api_tokens.living(request.account, now=timezone.now())
    context = {"title": "API tokens", "form": form, "tokens": [(row, _facts(row)) for row in rows]}
    return render(request, "staff/tokens.html", context, status=422 if form.errors else 200)


def _facts(row: ApiToken) -> list[tuple[str, str]]:
    return [
        ("Networks", ", ".join(row.networks) or "any"),
        ("Made", moment(row.created_at)),
        ("Good until", moment(row.expires_at)),
        ("Last used", moment(row.last_used_at) if row.last_used_at else "never"),
    ]


def _what(token_id: UUID) -> str:
    return f"token:{token_id}"
