"""The outbox with its persons: whom a mail was for, and sending one again to where that person reads now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from extranet.agents.find import by_license_ever
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.reading import Line, newest
from extranet.audit.record import Actor
from extranet.credentials.models import Account
from extranet.mail.models import OutboxMail
from extranet.mail.send_again import send_again as send
from extranet.profile.loader import current
from extranet.service_center.models import SupportRequest

TO_A_MAILBOX = ("request_", "email_change")
"""Kinds that speak to one mailbox, known or not, and not to whoever reads another one now."""


@dataclass(frozen=True)
class Person:
    """Whom a mail was for. ``agent`` where it is an agent or was about one."""

    name: str
    agent: Agent | None = None


NOBODY = Person("")


def persons(abouts: Collection[str]) -> dict[str, Person]:
    """Name of each user name or request number, as far as we know it."""
    found: dict[str, Person] = {}
    for account in Account.objects.select_related("agent").filter(username__in=abouts):
        name = account.agent.full_name if account.agent else account.display_name
        found[account.username] = Person(name, account.agent)
    for request in SupportRequest.objects.select_related("agent").filter(number__in=abouts):
        found[request.number] = Person(request.agent.full_name, request.agent) if request.agent else NOBODY
    return {about: found.get(about) or _of_license(about) for about in abouts}


def person_of(row: OutboxMail) -> Person:
    return persons([row.about])[row.about]


def address_for(row: OutboxMail) -> str:
    """Where the mail would go now: to the agent's address in force, unless it speaks to that mailbox alone."""
    if row.kind.startswith(TO_A_MAILBOX):
        return row.to_address
    agent = person_of(row).agent
    return agent.email if agent is not None else row.to_address


def send_again(*, row: OutboxMail, by: Actor, now: datetime) -> OutboxMail:
    """The same words once more; a second click sends nothing. Raises SendAgainRefused."""
    return send(row=row, to=address_for(row), by=by, now=now)


def blocked(*, since: datetime, limit: int) -> list[Line]:
    """Texts that the guard held back, newest first: who wrote them, about what, what they seemed to hold."""
    return newest(action=Action.MAIL_BLOCKED, since=since, limit=limit)


def is_about(typed: str) -> Q:
    """Mails of one user name, license or request number, in any case."""
    return Q(about__iexact=typed) | Q(about__iexact=f"{current().username_prefix}{typed}")


def _of_license(about: str) -> Person:
    """Some mails are about an agent who has no account (yet), or had another license then."""
    prefix = current().username_prefix
    agent = by_license_ever(about.removeprefix(prefix)) if about.startswith(prefix) else None
    return Person(agent.full_name, agent) if agent else NOBODY
