"""What to try, the mailbox, the codes of the staff. Open to anybody: the demonstration listens on this machine only."""

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

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
@require_safe
def codes(request: HttpRequest) -> HttpResponse:
    """What the staff's authenticator apps show now, and next: the page does not move under its reader."""
    now = timezone.now()
    staff = [row for row in Account.objects.exclude(role="").order_by("role", "username") if is_enrolled(account=row)]
    context = {
        "title": "Codes of the demo's staff",
        "breadcrumbs": [("Try it out", reverse("demo-home")), ("Codes", "")],
        "left": STEP_SECONDS - int(now.timestamp()) % STEP_SECONDS,
        "columns": [{"label": label} for label in CODE_COLUMNS],
        "rows": [_code_row(row, now) for row in staff],
    }
    return render(request, "demo/codes.html", context)


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
    secret = secret_of(account)
    moments = (now, now + timedelta(seconds=STEP_SECONDS))
    shown_codes = [format_html("<code>{}</code>", code_at(secret=secret, now=moment)) for moment in moments]
    return account.display_name, account.username, *shown_codes
