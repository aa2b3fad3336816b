"""Reading a secured mail that waits (SC-8): whose is it, the code, the second link, the message for some minutes."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from extranet.credentials import held_mail
from extranet.credentials.held_mail import HeldOver
from extranet.credentials.pickup import WrongName
from extranet.credentials.reset import CodeRefused, TooManyAsks
from extranet.profile.in_force import policy
from extranet.web.access import ANYBODY, access
from extranet.web.errors import refuse
from extranet.web.network import network_of
from extranet.web.reset_site import cookies, walk
from extranet.web.reset_site.forms import LetterCodeForm, ReaderForm
from extranet.web.reset_site.home import SEE_OTHER, at_home

WRONG_NAME = "This is not whom the message is for. Type your user name, or your license number."
WRONG_CODE = "This is not the code that goes with this link. It stands on the page where you asked for it."


@access(ANYBODY)
@at_home
@require_http_methods(["GET", "HEAD", "POST"])
def arrive(request: HttpRequest, token: str) -> HttpResponse:
    """The notice's link. Looking changes nothing; the button has the second link mailed and leads to the code."""
    form = ReaderForm(request.POST if request.method == "POST" else None)
    try:
        held_mail.look(token=token, now=timezone.now())
        return _ask(request, form, token) if form.is_valid() else _ask_page(request, form)
    except WrongName:
        form.add_error("username", WRONG_NAME)
        return _ask_page(request, form)
    except TooManyAsks as many:
        return refuse(request, 429, retry_after=many.retry_after)
    except HeldOver:
        return _over(request)


@access(ANYBODY)
@at_home
@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """The code, for whoever reads the mailbox as well."""
    walked = walk.opened(request, now=timezone.now(), letter=True)
    if walked is None or not walked.code:
        return _over(request)
    limits = {"minutes": policy().reset_link_minutes, "mails": policy().reset_mails_per_hour}
    words = {"code": walked.code, "title": "Look into your e-mail", **limits}
    return render(request, "reset_site/secured_sent.html", words)


@access(ANYBODY)
@at_home
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, token: str) -> HttpResponse:
    """The second link. Looking changes nothing; its button and the code take the message for this browser."""
    form, now = LetterCodeForm(request.POST if request.method == "POST" else None), timezone.now()
    try:
        held_mail.look_behind(token=token, now=now)
        if form.is_valid():
            return _take(request, form, token)
    except CodeRefused:
        form.add_error("code", WRONG_CODE)
    except HeldOver:
        return _over(request)
    words = {"form": form, "minutes": policy().shown_password_minutes, "title": "Read your secure message"}
    return render(request, "reset_site/secured_link.html", words)


@access(ANYBODY)
@at_home
@require_safe
def read(request: HttpRequest, held_id: UUID) -> HttpResponse:
    """The message, for some minutes and in the browser that took it only."""
    try:
        letter = held_mail.show(
            held_id=held_id,
            shown_token=cookies.letter_token(request, held_id),
            network=network_of(request),
            now=timezone.now(),
        )
    except HeldOver:
        return _over(request)
    words = {"letter": letter, "minutes": policy().shown_password_minutes, "title": "Your secure message"}
    return render(request, "reset_site/secured_read.html", words)


def _ask(request: HttpRequest, form: ReaderForm, token: str) -> HttpResponse:
    typed, now = form.cleaned_data["username"], timezone.now()
    code = held_mail.ask(token=token, typed=typed, network=network_of(request), now=now)
    browser = cookies.browser_token_or_new(request)
    step = walk.Walk("", code, letter=True)
    return cookies.remember_browser(walk.onward("secured-sent", step, token=browser, now=now), browser)


def _take(request: HttpRequest, form: LetterCodeForm, token: str) -> HttpResponse:
    code, network = form.cleaned_data["code"], network_of(request)
    taken = held_mail.claim(token=token, code=code, network=network, now=timezone.now())
    response = HttpResponseRedirect(reverse("secured-read", args=[taken.held_id]), status=SEE_OTHER)
    return cookies.remember_letter(response, taken.held_id, taken.shown_token)


def _ask_page(request: HttpRequest, form: ReaderForm) -> HttpResponse:
    words = {"form": form, "minutes": policy().shown_password_minutes, "title": "A secure message waits for you"}
    return render(request, "reset_site/secured.html", words)


def _over(request: HttpRequest) -> HttpResponse:
    words = {"title": "This message is not here any more", "minutes": policy().shown_password_minutes}
    return render(request, "reset_site/secured_over.html", words, status=410)
