"""The own second factors: see them, set up an authenticator app, make new recovery codes, remove the app (IA-2)."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from extranet.credentials import own_factors
from extranet.credentials.own_factors import CodeRefused, LastFactor, NoSuchFactor, factors_of
from extranet.credentials.passkeys import LONGEST_NAME, Held
from extranet.credentials.second_factor import propose
from extranet.credentials.step_up import Proof
from extranet.web.access import FACTOR_OPEN, PortalRequest, access, actor_of
from extranet.web.dates import moment
from extranet.web.network import browser_of
from extranet.web.own_factors.proved import go_on_proved
from extranet.web.staff.shown_once import GOOD_FOR, keep, kept
from extranet.web.staff_enrolment.qr import qr_svg

CODES = "recovery-codes"
LAST = "This is your only second factor, and your account must have one. Set up another one first."
GONE = "That was removed already."


class AppForm(forms.Form):
    """A code that proves that the app has the key."""

    code = forms.CharField(
        label="Code of the app",
        max_length=20,
        help_text="Six digits. They change every half a minute.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasskeyForm(forms.Form):
    """What the owner calls it. The browser's script puts the answer into ``credential``."""

    name = forms.CharField(
        label="Name of the passkey",
        max_length=LONGEST_NAME,
        help_text="For example: my phone, or: key on my key ring.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    credential = forms.CharField(required=False, widget=forms.HiddenInput)


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_http_methods(["GET", "HEAD"])
def factors(request: PortalRequest) -> HttpResponse:
    """What there is, and what can be done."""
    return page(request, PasskeyForm())


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def app(request: PortalRequest) -> HttpResponse:
    """GET shows the key, the same one as long as this session keeps its id; a POST with a fitting code binds it."""
    token, holder = str(request.live.id), request.session.session_key or ""
    form, now = AppForm(request.POST if request.method == "POST" else None), timezone.now()
    if form.is_valid():
        try:
            made = own_factors.set_up_app(
                account=request.account,
                token=token,
                holder=holder,
                code=form.cleaned_data["code"],
                by=actor_of(request),
                browser=browser_of(request),
                now=now,
            )
        except CodeRefused:
            form.add_error("code", "This code does not fit the key. Wait for the next one and try again.")
        else:
            go_on_proved(request, now=now)
            messages.success(request, "Your authenticator app is set up. From now on the login asks for its code.")
            return show_codes(request, made)
    proposal = propose(username=request.account.username, token=token, holder=holder)
    context = {
        "title": "Set up an authenticator app",
        "breadcrumbs": crumbs("Authenticator app"),
        "form": form,
        "proposal": proposal,
        "qr": qr_svg(proposal.address),
        "replaces": factors_of(request.account).app_since is not None,
    }
    return render(request, "own_factors/app.html", context)


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_POST
def remove_app(request: PortalRequest) -> HttpResponse:
    """Take the app away; the last factor of an account that must have one stays."""
    by, browser = actor_of(request), browser_of(request)
    try:
        own_factors.remove_app(account=request.account, by=by, browser=browser, now=timezone.now())
    except LastFactor:
        messages.error(request, LAST)
    except NoSuchFactor:
        messages.info(request, GONE)
    else:
        messages.success(request, "The authenticator app was removed.")
    return redirect("own-factors")


@access(FACTOR_OPEN, proof=Proof.FACTORS)
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: PortalRequest) -> HttpResponse:
    """A POST makes new recovery codes; GET shows those just made, in this session and for ten minutes."""
    now = timezone.now()
    if request.method == "POST":
        by, browser = actor_of(request), browser_of(request)
        try:
            made = own_factors.renew_codes(account=request.account, by=by, browser=browser, now=now)
        except NoSuchFactor:
            messages.error(request, "Recovery codes replace a second factor. Set one up first.")
            return redirect("own-factors")
        return show_codes(request, made)
    context = {
        "title": "Your recovery codes",
        "breadcrumbs": crumbs("Recovery codes"),
        "codes": kept(request, what=CODES, now=now).split(),
        "minutes": int(GOOD_FOR.total_seconds() // 60),
        "home": reverse("home") if request.account.agent_id else reverse("staff-home"),
    }
    return render(request, "own_factors/codes.html", context)


def show_codes(request: PortalRequest, made: list[str]) -> HttpResponse:
    """On a page of their own, so that loading it again acts on nothing."""
    keep(request, what=CODES, secret=" ".join(made), now=timezone.now())
    return redirect("own-factors-codes")


def page(request: PortalRequest, form: PasskeyForm, *, status: int = 200) -> HttpResponse:
    """The page of all factors."""
    found = factors_of(request.account)
    context = {
        "title": "Your second factors",
        "breadcrumbs": crumbs(),
        "factors": found,
        "app_since": moment(found.app_since) if found.app_since else "",
        "passkeys": [(held, _facts(held)) for held in found.passkeys],
        "form": form,
    }
    return render(request, "own_factors/factors.html", context, status=status)


def crumbs(*below: str) -> list[tuple[str, str]]:
    """The way to a page of these; the last one is the page itself."""
    return [
        ("Account", reverse("account")),
        ("Second factors", reverse("own-factors")),
        *((name, "") for name in below),
    ]


def _facts(held: Held) -> str:
    used = f"last used {moment(held.last_used_at)}" if held.last_used_at else "not used yet"
    what = "logs in without the password" if held.alone else "works after the password"
    return f"Added {moment(held.added_at)}, {used}; {what}."
