"""``mail send``, ``mail list``, ``mail returned``, ``mail canary``: the outbox, never a body, and what came back."""

from dataclasses import asdict
from datetime import datetime

import click
from django.conf import settings

from extranet import timetable
from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment, table
from extranet.cli.exit_codes import DOWN, WRONG_USE
from extranet.mail.delivery import deliver_due
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.returned.reading import PlaceRefused
from extranet.mail.secured import canary as canaries
from extranet.mail.secured.configured import SecuredMailRefused


@click.group()
def mail() -> None:
    """The outbox."""


@act(mail)
@moment
def send(now: datetime) -> Answer:
    """Deliver what is due, once."""
    sent = deliver_due(now=now)
    line = f"{sent.accepted} accepted, {sent.deferred} deferred, {sent.bounced} bounced, {sent.gave_up} given up"
    if sent.down:
        reason = f"the mail way is down ({sent.down}): the rest stays queued, try again"
        return Answer(asdict(sent), [line], exit_code=DOWN, complaints=[reason])
    return Answer(asdict(sent), [line])


@act(mail)
@moment
def returned(now: datetime) -> Answer:
    """Read reports of failed mails and complaints, once."""
    if settings.EXTRANET.returned_mail is None:
        reason = "EXTRANET_RETURNED_MAIL names no place: set it to a Maildir, a folder of .eml files, or an mbox"
        return Answer({}, [], exit_code=WRONG_USE, complaints=[reason])
    try:
        done = timetable.returned_mail(now=now)
    except PlaceRefused as refused:
        return Answer({}, [], exit_code=DOWN, complaints=[str(refused)])
    counts = asdict(done)
    return Answer(counts, [", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items())])


@act(mail)
@moment
def canary(now: datetime) -> Answer:
    """Send a canary mail. Back and secured, it frees the mails that a readable one holds, and a stopped Monday run."""
    if not canaries.is_configured():
        raise SecuredMailRefused("no canary is configured: set EXTRANET_CANARY_TO and the two beside it")
    sent = canaries.ask(for_run=canaries.has_stopped_a_run(), by=Actor.shell(), now=now)
    line = f"{sent.number} is posted; it must be back by {sent.late_at:%Y-%m-%d %H:%M %Z}"
    return Answer({"number": sent.number, "late_at": sent.late_at, "for_run": sent.for_run}, [line])


@act(mail, name="list")
@click.option("--state", type=click.Choice(MailState.values), help="In one state only.")
@click.option("--about", default="", help="About one user name or request.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
def list_mails(state: str | None, about: str, limit: int) -> Answer:
    """Show the newest mails of the outbox, never their bodies."""
    rows = OutboxMail.objects.defer("sealed_body").order_by("-posted_at", "-place")
    rows = rows.filter(state=state) if state else rows
    rows = rows.filter(about__iexact=about) if about else rows
    found = [
        {
            "posted_at": row.posted_at,
            "kind": row.kind,
            "about": row.about,
            "subject": row.subject,
            "state": str(row.state),
            "attempts": row.attempts,
            "last_error": row.last_error,
        }
        for row in rows[:limit]
    ]
    headers = ("posted_at", "kind", "about", "state", "subject")
    return Answer({"mails": found}, table([[row[name] for name in headers] for row in found], headers))
