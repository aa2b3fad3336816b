"""Change where an agent's mails go (J19): the old address is told and may stop it, the new one proves itself
(prove_email.py) and takes over after a waiting time. Whoever only talked somebody at the telephone into it gets nothing
before the owner could object."""

from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from extranet.agents.masking import masked
from extranet.agents.models import Agent, EmailChange
from extranet.agents.naming import copied_name
from extranet.agents.prove_email import proof_digest
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.mail.catalogue import EmailChangedMail, EmailChangeNewMail, EmailChangeOldMail
from extranet.mail.link_lives import life_of
from extranet.mail.outbox import AddressRefused, post
from extranet.vault.tokens import digest, new_token, short_code

Source = Literal["roster", "service_center", "agent"]
ROSTER: Final = "roster"
AGENT: Final = "agent"
Also = Callable[[EmailChange], None]
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
    """Begin a change; both addresses are told, the new one with a code that proves it (the roster's needs none).

    A waiting one is replaced; its link and its code are dead.

    Raises EmailChangeRefused.
    """
    address = _accepted(new_email)
    with transaction.atomic():
        locked = Agent.objects.select_for_update().get(pk=agent.pk)
        if address.casefold() == locked.email.casefold():
            raise EmailChangeRefused("This is the address in force already.")
        _end_waiting(locked, state=EmailChange.State.REPLACED, now=now)
        token, code = new_token(), "" if source == ROSTER else short_code()
        change = EmailChange(
            agent=locked,
            old_email=locked.email,
            new_email=address,
            source=source,
            asked_by=by.name,
            asked_at=now,
            active_from=now + life_of(EmailChangeNewMail),
            veto_digest=digest(token),
            roster_said=locked.roster_email,
        )
        change.proof_digest = proof_digest(change, code) if code else ""
        change.save(force_insert=True)
        _tell_both(change, token, code, now=now)
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
            _hear_the_roster_again(change)
            _recorded(Action.EMAIL_CHANGE_VETOED, change, by=nobody, now=now)
            return change
    record_refusal(action=Action.EMAIL_CHANGE_VETOED, now=now, actor=nobody, detail={"refused": "link not waiting"})
    raise VetoRefused


def stop(*, agent: Agent, by: Actor, now: datetime, sources: Collection[str] = ()) -> bool:
    """Stop the change that waits, as the link in the old mailbox does; ``sources``: only one that began there.

    False if none waits.
    """
    with transaction.atomic():
        change = waiting_change(Agent.objects.select_for_update().get(pk=agent.pk))
        if change is None or (sources and change.source not in sources):
            return False
        if not _end(change, EmailChange.State.VETOED, now=now):
            return False
        _recorded(Action.EMAIL_CHANGE_VETOED, change, by=by, now=now)
    return True


def complete_due(*, now: datetime, also: Also | None = None) -> int:
    """Put every proved change in force whose waiting time is over, let the others lapse; how many are in force.

    Safe to run at once and again. ``also`` is called in the transaction of each change that came into force.
    """
    due = EmailChange.objects.filter(state=EmailChange.State.WAITING, active_from__lte=now).order_by("active_from")
    return sum(_settle(change, also, now=now) for change in due.select_related("agent"))


def waiting_change(agent: Agent) -> EmailChange | None:
    """The change that waits for this agent, if any."""
    return EmailChange.objects.filter(agent=agent, state=EmailChange.State.WAITING).first()


@transaction.atomic
def _settle(change: EmailChange, also: Also | None, *, now: datetime) -> bool:
    """Agent before change, like everybody who locks both; the change as it is under that lock."""
    Agent.objects.select_for_update().get(pk=change.agent_id)
    change.refresh_from_db(fields=["proved_at"])
    by = Actor.system("email-change")
    if not change.is_proved:
        if _end(change, EmailChange.State.LAPSED, now=now):
            _recorded(Action.EMAIL_CHANGE_LAPSED, change, by=by, now=now)
        return False
    mine = EmailChange.objects.filter(pk=change.pk, state=EmailChange.State.WAITING)
    if not mine.update(state=EmailChange.State.DONE, ended_at=now):
        return False  # stopped, replaced or completed since it was read
    confirmed = {} if change.source == ROSTER else {"email_confirmed_at": now}
    Agent.objects.filter(pk=change.agent_id).update(email=change.new_email, **confirmed)
    change.ended_at = now
    _tell_both_done(change, now=now)
    _recorded(Action.EMAIL_CHANGED, change, by=by, now=now)
    if also is not None:
        also(change)
    return True


def _end(change: EmailChange, state: EmailChange.State, *, now: datetime) -> bool:
    """Nothing came of it."""
    mine = EmailChange.objects.filter(pk=change.pk, state=EmailChange.State.WAITING)
    ended = bool(mine.update(state=state, ended_at=now))
    if ended:
        _hear_the_roster_again(change)
    return ended


def _hear_the_roster_again(change: EmailChange) -> None:
    """A word of the roster that this change held up is news once more, or who starts a change could silence it."""
    if change.source != ROSTER and change.roster_said:
        Agent.objects.filter(pk=change.agent_id).update(roster_email=change.roster_said)


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


def _tell_both(change: EmailChange, token: str, code: str, *, now: datetime) -> None:
    about, language = copied_name(change.agent.license), change.agent.language
    old = EmailChangeOldMail(
        new_email=masked(change.new_email),
        wait_until=change.active_from,
        link=f"{settings.EXTRANET.portal}{VETO_PATH}{token}/",
    )
    with suppress(AddressRefused):  # a spoiled old address must not keep a good one out
        post(old, to=change.old_email, about=about, key=f"email_change_old:{change.id}", language=language, now=now)
    new = EmailChangeNewMail(active_on=change.active_from, code=code)
    post(new, to=change.new_email, about=about, key=f"email_change_new:{change.id}", language=language, now=now)


def _tell_both_done(change: EmailChange, *, now: datetime) -> None:
    about, language, key = copied_name(change.agent.license), change.agent.language, f"email_changed:{change.id}"
    with suppress(AddressRefused):
        post(EmailChangedMail(), to=change.old_email, about=about, key=f"{key}:old", language=language, now=now)
    post(EmailChangedMail(), to=change.new_email, about=about, key=key, language=language, now=now)


def _recorded(action: Action, change: EmailChange, *, by: Actor, now: datetime) -> None:
    detail = {"change": str(change.id), "source": change.source, "to": masked(change.new_email)}
    record(action=action, now=now, actor=by, subject=copied_name(change.agent.license), detail=detail)
