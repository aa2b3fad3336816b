"""Where the link of the third mail leads (SC-8): a question, then the code; the rest is the walk of the reset."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.credentials import pickup
from extranet.credentials.reset import ResetOver, TooManyAsks
from extranet.credentials.username import parse
from extranet.profile.in_force import policy
from extranet.web.access import ANYBODY, access
from extranet.web.errors import refuse
from extranet.web.network import network_of
from extranet.web.reset_site import cookies, walk
from extranet.web.reset_site.forms import PickUpForm
from extranet.web.reset_site.home import at_home

WRONG_NAME = "This is not the user name that this link belongs to. It stands in the e-mail that came before this one."


@access(ANYBODY)
@at_home
@require_http_methods(["GET", "HEAD", "POST"])
def arrive(request: HttpRequest, token: str) -> HttpResponse:
    """Looking changes nothing. The button has the second link mailed and leads to the page with the code."""
    form = PickUpForm(request.POST if request.method == "POST" else None)
    try:
        pickup.look(token=token, now=timezone.now())
        return _ask(request, form, token) if form.is_valid() else _page(request, form)
    except pickup.WrongName:
        form.add_error("username", WRONG_NAME)
        return _page(request, form)
    except TooManyAsks as many:
        return refuse(request, 429, retry_after=many.retry_after)
    except ResetOver:
        words = {"title": "This link is not valid any more", "minutes": policy().reset_link_minutes}
        return render(request, "reset_site/over.html", words, status=410)


def _ask(request: HttpRequest, form: PickUpForm, token: str) -> HttpResponse:
    typed, now = form.cleaned_data["username"], timezone.now()
    asked = pickup.ask(token=token, username=typed, network=network_of(request), now=now)
    browser = cookies.browser_token_or_new(request)
    step = walk.Walk(parse(typed), asked.code, pickup=True)
    return cookies.remember_browser(walk.onward("reset-sent", step, token=browser, now=now), browser)


def _page(request: HttpRequest, form: PickUpForm) -> HttpResponse:
    words = {"form": form, "chosen": policy().reset_gives == "chosen", "title": "Pick up your password"}
    return render(request, "reset_site/pickup.html", words)
