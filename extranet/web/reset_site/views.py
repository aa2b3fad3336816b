"""The screens of the reset site: user name, way, confirmation; the linked page; the new password (J16 - J24)."""

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from extranet.credentials import reset
from extranet.credentials.models import Account
from extranet.credentials.username import UsernameRefused, shown
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.web import password_words
from extranet.web.access import ANYBODY, access
from extranet.web.entering import DEVICE_COOKIE, remember_device
from extranet.web.errors import refuse
from extranet.web.hosts import reset_has_own_host
from extranet.web.network import browser_of, network_of
from extranet.web.reset_site import cookies, known, walk
from extranet.web.reset_site.forms import ClaimForm, HowForm, UsernameForm
from extranet.web.reset_site.home import SEE_OTHER, at_home
from extranet.web.spelled import spelled

NOT_A_NAME = "This is no user name. Type it as it stands in our e-mail, or your license number alone."
WRONG_CODE = "This is not the code that goes with this link. It stands on the screen where you asked for the reset."


@access(ANYBODY)
@at_home
@require_http_methods(["GET", "HEAD", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Whose password? A name of the right form leads on, whether anybody has it or not."""
    form, now = UsernameForm(request.POST if request.method == "POST" else None), timezone.now()
    if not form.is_valid():
        return _start_page(request, form)
    try:
        name = reset.begin(username=form.cleaned_data["username"], network=network_of(request), now=now)
    except UsernameRefused:
        form.add_error("username", NOT_A_NAME)
        return _start_page(request, form)
    except reset.TooManyAsks as many:
        return refuse(request, 429, retry_after=many.retry_after)
    token, device = cookies.browser_token_or_new(request), known.device_of(request, now=now)
    onward = walk.onward("reset-how", walk.Walk(name, device=device), token=token, now=now)
    return cookies.remember_browser(onward, token)


@access(ANYBODY)
@at_home
@require_http_methods(["GET", "HEAD", "POST"])
def how(request: HttpRequest) -> HttpResponse:
    """By which way? The POST has the link mailed."""
    now = timezone.now()
    walked = walk.opened(request, now=now)
    if walked is None:
        return redirect("reset")
    shown_address = reset.masked_email(username=walked.username)
    form = HowForm(request.POST if request.method == "POST" else None, masked_email=shown_address)
    if not form.is_valid():
        words = {"form": form, "masked_email": shown_address, "title": current().words["reset_my_password"]}
        return render(request, "reset_site/how.html", words)
    token = cookies.browser_token(request)
    asked = reset.ask(
        username=walked.username,
        network=network_of(request),
        browser_token=token,
        device_id=walked.device,
        now=now,
    )
    response = walk.onward("reset-sent", walk.Walk(walked.username, asked.code), token=token, now=now)
    return cookies.remember_browser(response, token)


@access(ANYBODY)
@at_home
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The confirmation, and the code for another browser (J21)."""
    walked = walk.opened(request, now=timezone.now())
    if walked is None or not walked.code:
        return redirect("reset")
    words = {
        "masked_email": reset.masked_email(username=walked.username),
        "code": walked.code,
        "minutes": policy().reset_link_minutes,
        "mails": policy().reset_mails_per_hour,
        "pickup": walked.pickup,
        "chosen": policy().reset_gives == "chosen",
        "title": "Look into your e-mail",
    }
    return render(request, "reset_site/sent.html", words)


@access(ANYBODY)
@at_home
@sensitive_post_parameters("code", "chosen", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The linked page. Looking changes nothing; its button spends the link (J23)."""
    now, posted = timezone.now(), request.method == "POST"
    try:
        view = reset.look(token=token, browser_token=cookies.browser_token(request), now=now)
    except reset.ResetOver as over:
        if posted:
            reset.note_refusal(reason=over.reason, username=over.username, network=network_of(request), now=now)
        return _over(request)
    form = ClaimForm(request.POST if posted else None, view=view)
    if not posted or not form.is_valid():
        return _link_page(request, form, view)
    try:
        return _claim(request, form, token)
    except reset.CodeRefused:
        form.add_error("code", WRONG_CODE)
    except reset.ChoiceRefused as refused:
        account = Account.objects.get(username=view.username)
        for reason in refused.reasons:
            form.add_error("chosen", password_words.words(reason, account=account))
    except reset.ResetOver:
        return _over(request)
    return _link_page(request, form, view)


@access(ANYBODY)
@at_home
@require_safe
def done(request: HttpRequest, link_id: UUID) -> HttpResponse:
    """The new password, for some minutes and in the browser that claimed it only (J24)."""
    try:
        kept = reset.show_again(
            link_id=link_id, shown_token=cookies.shown_token(request), network=network_of(request), now=timezone.now()
        )
    except reset.NotShown:
        return _over(request)
    words = {
        "password": kept.password,
        "spelled": spelled(kept.password) if kept.password else "",
        "username": shown(kept.username),
        "device_token": kept.device_token if reset_has_own_host() else "",
        "arrive_url": f"{settings.EXTRANET.portal}/reset/arrive/",
        "minutes": policy().shown_password_minutes,
        "title": "Your new password",
    }
    return render(request, "reset_site/done.html", words)


def _claim(request: HttpRequest, form: ClaimForm, token: str) -> HttpResponse:
    typed, own_host = form.cleaned_data, reset_has_own_host()
    claimed = reset.claim(
        token=token,
        browser_token=cookies.browser_token(request),
        code=typed.get("code", ""),
        network=network_of(request),
        browser=browser_of(request),
        now=timezone.now(),
        device=None if own_host else request.COOKIES.get(DEVICE_COOKIE),
        chosen=typed.get("chosen", ""),
    )
    response = HttpResponseRedirect(reverse("reset-done", args=[claimed.link_id]), status=SEE_OTHER)
    cookies.remember_shown(response, claimed.shown_token)
    return response if own_host else remember_device(response, claimed.device_token)


def _start_page(request: HttpRequest, form: UsernameForm) -> HttpResponse:
    words = {"form": form, "chosen": policy().reset_gives == "chosen", "title": current().reset_site_name}
    return render(request, "reset_site/start.html", words)


def _link_page(request: HttpRequest, form: ClaimForm, view: reset.LinkView) -> HttpResponse:
    words = {"form": form, "view": view, "username": shown(view.username)}
    return render(request, "reset_site/link.html", {**words, "title": current().words["reset_my_password"]})


def _over(request: HttpRequest) -> HttpResponse:
    words = {"title": "This link is not valid any more", "minutes": policy().reset_link_minutes}
    return render(request, "reset_site/over.html", words, status=410)
