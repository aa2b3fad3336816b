"""Giving and ending the rights of agency staff: rows, event and mail in one transaction (decision 20).

Given by the principal for the own book, or by an agency manager for a book of the agency. Ended by either, and by the
agent whose book it is. What is over by itself the gate knows at once; ``end_lapsed`` writes it down.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from extranet.agents.agency import manages
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.credentials.book_grants import Right, in_force, rights_of
from extranet.credentials.disable import end_access
from extranet.credentials.models import Account, BookGrant
from extranet.mail.catalogue import BookAccessGivenMail
from extranet.mail.outbox import AddressRefused, post

CHANGED, REVOKED, BY_OWNER, LAPSED = "changed", "revoked", "by_owner", "lapsed"
RIGHTS_ENDED = "rights_ended"  # why a session ended: nothing was open to its person any more


class GrantRefused(Exception):
    """These rights cannot be given; the message says why."""


class NoSuchGrant(Exception):
    """There is no such right on the book of this agent."""


def set_rights(*, account: Account, agent: Agent, rights: frozenset[Right], by: Actor, now: datetime) -> bool:
    """Make these the account's rights on that agent's book, none among them; False if they were so already.

    Raises GrantRefused where the principal may not open that book.
    """
    with transaction.atomic():
        held = _held(account)
        before = BookGrant.objects.filter(account=held, agent=agent, ended_at=None).first()
        if before is not None and in_force(now).filter(pk=before.pk).exists() and rights == set(rights_of(before)):
            return False
        if before is not None:
            _end(before, reason=CHANGED if rights else REVOKED, by=by, now=now)
        if rights:
            _give(held, agent, rights, by, now)
        else:
            _close_if_empty(held, by, now)
        return before is not None or bool(rights)


def end_by_owner(*, grant_id: UUID, owner: Agent, by: Actor, now: datetime) -> bool:
    """The agent ends a right on the own book, whoever gave it; False if it was over. Raises NoSuchGrant."""
    with transaction.atomic():
        grant = BookGrant.objects.select_related("account", "agent").filter(pk=grant_id, agent=owner).first()
        if grant is None:
            raise NoSuchGrant
        account = _held(grant.account)
        ended = _end(grant, reason=BY_OWNER, by=by, now=now)
        _close_if_empty(account, by, now)
        return ended


def revoke(*, account: Account, by: Actor, now: datetime) -> int:
    """End all rights of the account and all that it holds (sessions, links, devices); how many rights there were.

    The account stays, with its name: rights that are given again let the same person in again.
    """
    with transaction.atomic():
        held = _held(account)
        rows = BookGrant.objects.select_related("account", "agent").filter(account=held, ended_at=None)
        ended = sum(_end(grant, reason=REVOKED, by=by, now=now) for grant in rows)
        end_access(account=held, reason=RIGHTS_ENDED, by=by, now=now)
    return ended


def end_lapsed(*, by: Actor, now: datetime) -> int:
    """Write down which rights are over because an agent left, moved, or manages no longer: they do not come back by
    themselves. Safe to repeat; how many."""
    ended = 0
    over = BookGrant.objects.filter(ended_at=None, granted_at__lte=now).exclude(pk__in=in_force(now).values("pk"))
    for grant in over.select_related("account", "agent").order_by("account", "agent"):
        with transaction.atomic():
            account = _held(grant.account)
            ended += _end(grant, reason=LAPSED, by=by, now=now)
            _close_if_empty(account, by, now)
    return ended


def _held(account: Account) -> Account:
    """The row, locked: two acts on one account follow each other."""
    rows = Account.objects.select_for_update(of=("self",)).select_related("principal")
    return rows.get(Q(principal__isnull=False), pk=account.pk)


def _give(account: Account, agent: Agent, rights: frozenset[Right], by: Actor, now: datetime) -> None:
    principal = account.principal
    if principal is None or not principal.is_certified or not agent.is_certified:
        raise GrantRefused("only who is certified gives rights, and only on the book of who is certified")
    if principal.pk != agent.pk and not manages(principal, agent, now):
        raise GrantRefused("you can give rights on your own book and on those of the agents that you manage")
    flags = {"may_export": Right.EXPORT in rights, "may_act": Right.ACT in rights}
    grant = BookGrant.objects.create(account=account, agent=agent, granted_at=now, **flags)
    detail: dict[str, JsonValue] = {"agent": agent.license, "rights": [str(right) for right in rights_of(grant)]}
    record(action=Action.GRANT_GIVEN, now=now, actor=by, subject=account.username, detail=detail)
    _tell_owner(grant, principal, now)


def _tell_owner(grant: BookGrant, principal: Agent, now: datetime) -> None:
    """Whose book it is learns of it, also when somebody else sits in the principal's session."""
    mail = BookAccessGivenMail(
        person=grant.account.display_name,
        username=grant.account.username,
        given_by=principal.full_name,
        may_export=grant.may_export,
        may_act=grant.may_act,
    )
    try:
        post(
            mail,
            to=grant.agent.email,
            about=grant.account.username,
            key=f"{mail.kind}:{grant.pk}",
            language=grant.agent.language,
            now=now,
        )
    except AddressRefused:  # an agent without a usable address sees it on the page of the own account
        return


def _end(grant: BookGrant, *, reason: str, by: Actor, now: datetime) -> bool:
    if not BookGrant.objects.filter(pk=grant.pk, ended_at=None).update(ended_at=now, ended_reason=reason):
        return False
    detail: dict[str, JsonValue] = {"agent": grant.agent.license, "reason": reason}
    record(action=Action.GRANT_ENDED, now=now, actor=by, subject=grant.account.username, detail=detail)
    return True


def _close_if_empty(account: Account, by: Actor, now: datetime) -> None:
    """Who has no right left keeps no session, link or device either."""
    if not BookGrant.objects.filter(account=account, ended_at=None).exists():
        end_access(account=account, reason=RIGHTS_ENDED, by=by, now=now)
