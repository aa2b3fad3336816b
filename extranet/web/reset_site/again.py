"""The way out for who holds a link that another browser asked for, and has no code: a link of one's own."""

from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from extranet.credentials import reset
from extranet.credentials.username import shown
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.web.access import ANYBODY, access
from extranet.web.network import network_of
from extranet.web.reset_site import cookies, walk
from extranet.web.reset_site.home import SEE_OTHER, at_home

ANOTHER = "This is not the user name of this link. It stands above; typing it shows that a person is here."
SPENT = "This link has sent all that it can. Look into your e-mail for the newest one, or call the service center."


class AgainForm(forms.Form):
    """Typed by a person; what presses buttons by itself leaves it blank."""

    username = forms.CharField(
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["username"].label = current().words["user_name"]


@access(ANYBODY)
@at_home
@require_http_methods(["GET", "HEAD", "POST"])
def again(request: HttpRequest, token: str) -> HttpResponse:
    """GET explains and changes nothing; the POST mails another link, for this browser."""
    now, posted = timezone.now(), request.method == "POST"
    browser = cookies.browser_token_or_new(request)
    try:
        name = reset.whose(token=token, now=now)
    except reset.ResetOver as over:
        return _over(request, over, posted=posted)
    form = AgainForm(request.POST if posted else None)
    if not posted or not form.is_valid():
        return _page(request, form, name)
    typed = form.cleaned_data["username"]
    try:
        asked = reset.ask_again(
            token=token, username=typed, network=network_of(request), browser_token=browser, now=now
        )
    except reset.AgainRefused as refused:
        form.add_error(None if refused.spent else "username", SPENT if refused.spent else ANOTHER)
        return _page(request, form, name)
    except reset.ResetOver as over:
        return _over(request, over, posted=posted)
    query = urlencode({"walk": walk.sealed(walk.Walk(name, asked.code), token=browser, now=now)})
    response = HttpResponseRedirect(f"{reverse('reset-sent')}?{query}", status=SEE_OTHER)
    return cookies.remember_browser(response, browser)


def _page(request: HttpRequest, form: AgainForm, name: str) -> HttpResponse:
    words = {"form": form, "username": shown(name), "title": "A link for this browser"}
    return render(request, "reset_site/again.html", words)


def _over(request: HttpRequest, over: reset.ResetOver, *, posted: bool) -> HttpResponse:
    if posted:
        network, now = network_of(request), timezone.now()
        reset.note_refusal(reason=over.reason, username=over.username, network=network, now=now)
    words = {"title": "This link is not valid any more", "minutes": policy().reset_link_minutes}
    return render(request, "reset_site/over.html", words, status=410)
