"""The request form: exactly what the job aid asks for (J29), answered within the promised time (J30)."""

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.service_center.intake import LONGEST, RequestRefused, TooManyRequests, receive
from extranet.web.access import ANYBODY, access
from extranet.web.network import network_of


def _line(label: str, name: str, autocomplete: str, kind: str = "text") -> forms.CharField:
    """Faults are judged by the service center, which says them in full sentences; here only the way to type."""
    attrs = {"autocomplete": autocomplete, "type": kind, "maxlength": str(LONGEST[name]), "required": True}
    return forms.CharField(label=label, widget=forms.TextInput(attrs=attrs))


class RequestForm(forms.Form):
    """Name, license number, e-mail address, telephone, and what is the matter."""

    name = _line("Name", "name", "name")
    license = _line("License number", "license", "off")
    email = _line("E-mail address", "email", "email", "email")
    telephone = _line("Telephone", "telephone", "tel", "tel")
    text = forms.CharField(
        label="How can we help you?",
        help_text="Please write no personal information of clients. A case number is enough.",
        widget=forms.Textarea(attrs={"rows": 6, "maxlength": str(LONGEST["text"]), "required": True}),
    )


@access(ANYBODY)
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def support(request: HttpRequest) -> HttpResponse:
    """GET shows the form; a POST puts the request into the queue and says its number."""
    if request.method != "POST":
        return _page(request, RequestForm(initial=_known(request)))
    form = RequestForm(request.POST)
    typed = {name: request.POST.get(name, "") for name in form.fields}
    try:
        sender: Account | None = getattr(request, "account", None)
        taken = receive(**typed, network=network_of(request), now=timezone.now(), sender=sender)
    except TooManyRequests as refused:
        response = _refused(request, form, refused, status=429)
        response["Retry-After"] = str(refused.retry_after)
        return response
    except RequestRefused as refused:
        return _refused(request, form, refused, status=422)
    return render(request, "portal/support_sent.html", {"number": taken.number, "title": "We have your request"})


def _refused(request: HttpRequest, form: RequestForm, refused: RequestRefused, *, status: int) -> HttpResponse:
    form.full_clean()
    form.errors.clear()
    for field, fault in refused.faults.items():
        form.add_error(field or None, fault)
    return _page(request, form, status=status)


def _known(request: HttpRequest) -> dict[str, str]:
    """What who is signed in need not type again; agency staff say for whom they write in the address."""
    account: Account | None = getattr(request, "account", None)
    if account is None:
        return {}
    if account.is_agency_staff:
        own = {"name": account.display_name, "email": account.staff_email}
        return {**own, "license": request.GET.get("agent", "")[: LONGEST["license"]]}
    agent = account.agent
    return {"name": agent.full_name, "license": agent.license} if agent else {}


def _page(request: HttpRequest, form: RequestForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "title": current().request_title.strip("* ")}
    return render(request, "portal/support.html", context, status=status)
