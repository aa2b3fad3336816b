"""What to try, the mailbox, the codes of second factors. Open to anybody: it listens on this machine only."""

import base64
import binascii
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_http_methods, require_safe

from extranet.credentials.models import Account
from extranet.credentials.second_factor import STEP_SECONDS, code_at, is_enrolled, secret_of
from extranet.credentials.username import shown
from extranet.demo.mailbox import Letter, letter, letters
from extranet.demo.seed import Person, password_of, read_story
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.reports.listing import waiting_for_release
from extranet.web.access import ANYBODY, access

ACCOUNT_COLUMNS = ("Who", "User name", "Password", "State", "What to try")
MAIL_COLUMNS = ("Subject", "To", "Sent", "From")
CODE_COLUMNS = ("Who", "User name", "Code now", "Next code")


class KeyForm(forms.Form):
    """The key that the page of a second factor shows, for who has no authenticator app at hand."""

    key = forms.RegexField(
        label="Key",
        regex=r"^[A-Za-z2-7 ]+$",
        max_length=100,
        help_text="As the page shows it, which asks for the code of an app.",
        error_messages={"invalid": "A key has letters and the digits 2 to 7 only. Copy it whole."},
    )

    def clean_key(self) -> str:
        key = str(self.cleaned_data["key"]).replace(" ", "").upper()
        with suppress(binascii.Error):
            base64.b32decode(key)
            return key
        raise forms.ValidationError("Part of the key is missing. Copy it whole.")


@access(ANYBODY)
@require_safe
def walk(request: HttpRequest) -> HttpResponse:
    """A guided Monday, and everybody one may play."""
    story, waiting = read_story(settings.EXTRANET.folder), waiting_for_release().first()
    context = {
        "title": "Try it out",
        "story": story,
        "waiting": waiting,
        "waiting_title": current().reports[waiting.kind].title if waiting else "",
        "portal_path": current().portal_path,
        "reset_url": settings.EXTRANET.reset,
        "agents_need_factor": policy().second_factor_agents == "required",
        "columns": [{"label": label} for label in ACCOUNT_COLUMNS],
        "rows": [_person_row(person) for person in (story.people if story else [])],
    }
    return render(request, "demo/walk.html", context)


@access(ANYBODY)
@require_safe
def mailbox(request: HttpRequest) -> HttpResponse:
    """All mails that left, newest first; ``?to=`` of one receiver."""
    to, zone = request.GET.get("to", ""), current().zone
    found = letters(_folder(), to=to)
    context = {
        "title": "Demo mailbox",
        "breadcrumbs": [("Try it out", reverse("demo-home")), ("Demo mailbox", "")],
        "to": to,
        "columns": [{"label": label, "nowrap": label == "Sent"} for label in MAIL_COLUMNS],
        "rows": [_mail_row(mail, zone) for mail in found],
    }
    return render(request, "demo/mailbox.html", context)


@access(ANYBODY)
@require_safe
def mail(request: HttpRequest, name: str) -> HttpResponse:
    """One mail as plain text, its links to be clicked."""
    found = letter(_folder(), name)
    if found is None:
        raise Http404
    way = [("Try it out", reverse("demo-home")), ("Demo mailbox", reverse("demo-mailbox")), (found.subject, "")]
    sent = f"{found.at.astimezone(current().zone):%A, %B %-d, %Y, %-I:%M %p}"
    pairs = [("From", found.sender), ("To", found.to), ("Sent", sent)]
    return render(
        request, "demo/mail.html", {"title": found.subject, "breadcrumbs": way, "mail": found, "pairs": pairs}
    )


@access(ANYBODY)
@require_http_methods(["GET", "HEAD", "POST"])
def codes(request: HttpRequest) -> HttpResponse:
    """What everybody's authenticator apps show now, and next: the page does not move under its reader.

    It serves as the app of who is setting one up, too: the key, posted, gives its codes.
    """
    now = timezone.now()
    form = KeyForm(request.POST if request.method == "POST" else None)
    own = _codes(form.cleaned_data["key"], now) if form.is_bound and form.is_valid() else None
    played = Account.objects.select_related("agent").order_by("-role", "username")
    context = {
        "title": "Codes of the demo's second factors",
        "breadcrumbs": [("Try it out", reverse("demo-home")), ("Codes", "")],
        "left": STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS,
        "columns": [{"label": label} for label in CODE_COLUMNS],
        "rows": [_code_row(row, now) for row in played if is_enrolled(account=row)],
        "form": form,
        "own": own,
    }
    return render(request, "demo/codes.html", context, status=422 if form.errors else 200)


_FIRST_STEPS = {
    "password": "Read the three mails, log in, choose a password",
    "pickup": "Read the three mails, pick the password up, log in",
}


def _folder() -> Path:
    folder: Path = settings.EXTRANET.folder
    return folder / "mailbox"


def _person_row(person: Person) -> tuple[object, ...]:
    if person.in_mail:
        mails = f"{reverse('demo-mailbox')}?to={person.hint}"
        return (
            person.who,
            shown(person.username),
            format_html('<a href="{}">in the mailbox</a>', mails),
            person.state,
            _FIRST_STEPS[policy().third_mail],
        )
    password = format_html("<code>{}</code>", password_of(person.username, settings.EXTRANET))
    if person.has_codes:
        password = format_html('{} and a <a href="{}">code</a>', password, reverse("demo-codes"))
    return person.who, shown(person.username), password, person.state, person.hint


def _mail_row(mail: Letter, zone: ZoneInfo) -> tuple[object, ...]:
    link = format_html('<a href="{}">{}</a>', reverse("demo-mail", args=[mail.name]), mail.subject)
    return link, mail.to, f"{mail.at.astimezone(zone):%b %-d, %-I:%M %p}", mail.sender


def _code_row(account: Account, now: datetime) -> tuple[object, ...]:
    name = account.display_name or (account.agent.full_name if account.agent else "")
    return name, account.username, *_codes(secret_of(account), now)


def _codes(secret: str, now: datetime) -> list[SafeString]:
    moments = (now, now + timedelta(seconds=STEP_SECONDS))
    return [format_html("<code>{}</code>", code_at(secret=secret, now=moment)) for moment in moments]
