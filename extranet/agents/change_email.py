"""Change where an agent's mails go (J19): the old address is told and may stop it, the new one takes over after a
waiting time. Whoever only talked somebody at the telephone into it gets nothing before the owner could object."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from extranet.agents.masking import masked
from extranet.agents.models import Agent, EmailChange
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.mail.catalogue import EmailChangedMail, EmailChangeNewMail, EmailChangeOldMail
from extranet.mail.outbox import post
from extranet.profile.in_force import policy as policy_in_force
from extranet.vault.tokens import digest, new_token

Source = Literal["roster", "service_center", "agent"]
VETO_PATH = "/email-change/"  # under the portal's base URL, then the token: a page whose button stops the change


class EmailChangeRefused(Exception):
    """The new address cannot be taken: it is none, too long, or the one in force."""


class VetoRefused(Exception):
    """No change waits under that link: it was stopped, replaced, has happened, or never was."""


@dataclass(frozen=True)
class Waiting:
    """What the page behind the link may show before the button: nothing that the mail did not say."""

    new_email: str  # masked
    active_from: datetime


def ask(*, agent: Agent, new_email: str, source: Source, by: Actor, now: datetime) -> EmailChange:
    """Begin a change; both addresses are told. A waiting one is replaced and its link is dead.

    Raises EmailChangeRefused.
    """
    address = _accepted(new_email)
    with transaction.atomic():
        locked = Agent.objects.select_for_update().get(pk=agent.pk)
        if address.casefold() == locked.email.casefold():
            raise EmailChangeRefused("This is the address in force already.")
        _end_waiting(locked, state=EmailChange.State.REPLACED, now=now)
        token = new_token()
        change = EmailChange.objects.create(
            agent=locked,
            old_email=locked.email,
            new_email=address,
            source=source,
            asked_by=by.name,
            asked_at=now,
            active_from=now + timedelta(hours=policy_in_force().email_change_wait_hours),
            veto_digest=digest(token),
        )
        _tell_both(change, token, now=now)
        _recorded(Action.EMAIL_CHANGE_ASKED, change, by=by, now=now)
    return change


def look(*, token: str) -> Waiting:
    """What waits under a link; changes nothing. Raises VetoRefused."""
    change = EmailChange.objects.filter(veto_digest=digest(token), state=EmailChange.State.WAITING).first()
    if change is None:
        raise VetoRefused
    return Waiting(new_email=masked(change.new_email), active_from=change.active_from)


def veto(*, token: str, now: datetime, network: str = "") -> EmailChange:
    """Stop a change that has not happened yet. Works once; raises VetoRefused. Needs no login: holding the link proves
    that one reads the old mailbox, and the worst that a thief of it can do is to leave things as they are."""
    nobody = Actor.nobody(network)
    with transaction.atomic():
        waiting = EmailChange.objects.filter(veto_digest=digest(token), state=EmailChange.State.WAITING)
        stopped = waiting.update(state=EmailChange.State.VETOED, ended_at=now)
        if stopped:
            change = EmailChange.objects.select_related("agent").get(veto_digest=digest(token))
            _recorded(Action.EMAIL_CHANGE_VETOED, change, by=nobody, now=now)
            return change
    record_refusal(action=Action.EMAIL_CHANGE_VETOED, now=now, actor=nobody, detail={"refused": "link not waiting"})
    raise VetoRefused


def complete_due(*, now: datetime) -> int:
    """Put every change in force whose waiting time is over; how many. Safe to run at once and again."""
    due = EmailChange.objects.filter(state=EmailChange.State.WAITING, active_from__lte=now).order_by("active_from")
    return sum(_complete(change, now=now) for change in due.select_related("agent"))


def waiting_change(agent: Agent) -> EmailChange | None:
    """The change that waits for this agent, if any."""
    return EmailChange.objects.filter(agent=agent, state=EmailChange.State.WAITING).first()


@transaction.atomic
def _complete(change: EmailChange, *, now: datetime) -> bool:
    Agent.objects.select_for_update().get(pk=change.agent_id)  # before the change, like everybody who locks both
    mine = EmailChange.objects.filter(pk=change.pk, state=EmailChange.State.WAITING)
    if not mine.update(state=EmailChange.State.DONE, ended_at=now):
        return False  # stopped, replaced or completed since it was read
    confirmed = {} if change.source == "roster" else {"email_confirmed_at": now}
    Agent.objects.filter(pk=change.agent_id).update(email=change.new_email, **confirmed)
    about = copied_name(change.agent.license)
    post(EmailChangedMail(), to=change.new_email, about=about, key=f"email_changed:{change.id}", now=now)
    _recorded(Action.EMAIL_CHANGED, change, by=Actor.system("email-change"), now=now)
    return True


def _accepted(new_email: str) -> str:
    address = new_email.strip()
    try:
        validate_email(address)
    except ValidationError:
        raise EmailChangeRefused("This is not an e-mail address.") from None
    if len(address) > (EmailChange._meta.get_field("new_email").max_length or 0):
        raise EmailChangeRefused("This address is too long.")
    return address


def _end_waiting(agent: Agent, *, state: EmailChange.State, now: datetime) -> None:
    EmailChange.objects.filter(agent=agent, state=EmailChange.State.WAITING).update(state=state, ended_at=now)


def _tell_both(change: EmailChange, token: str, *, now: datetime) -> None:
    about = copied_name(change.agent.license)
    old = EmailChangeOldMail(
        new_email=masked(change.new_email),
        wait_until=change.active_from,
        link=f"{settings.EXTRANET.portal}{VETO_PATH}{token}/",
    )
    post(old, to=change.old_email, about=about, key=f"email_change_old:{change.id}", now=now)
    new = EmailChangeNewMail(active_on=change.active_from)
    post(new, to=change.new_email, about=about, key=f"email_change_new:{change.id}", now=now)


def _recorded(action: Action, change: EmailChange, *, by: Actor, now: datetime) -> None:
    detail = {"change": str(change.id), "source": change.source, "to": masked(change.new_email)}
    record(action=action, now=now, actor=by, subject=copied_name(change.agent.license), detail=detail)
