"""Ending access at once, and giving it back (AC-2(13)): sessions, links, devices and shown passwords together."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from extranet.agents import change_email
from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import api_tokens, devices, sessions, throttle
from extranet.credentials.models import Account, EnrolmentLink, ResetLink, ShownPassword
from extranet.mail.secured import held


def disable(*, account: Account, reason: str, by: Actor, now: datetime) -> bool:
    """Bar the account until it is enabled and end all it holds. False if it was disabled already."""
    with transaction.atomic():
        enabled = Account.objects.filter(pk=account.pk, disabled_at=None)
        if not enabled.update(disabled_at=now, disabled_reason=reason[:60]):
            return False
        record(
            action=Action.ACCOUNT_DISABLED, now=now, actor=by, subject=account.username, detail={"reason": reason[:60]}
        )
        end_access(account=account, reason="disabled", by=by, now=now)
        if account.agent_id is not None:  # whom the agent invited; the gate bars them as long as the agent is
            for staff in Account.objects.filter(principal=account.agent_id):
                end_access(account=staff, reason="disabled", by=by, now=now)
    account.disabled_at, account.disabled_reason = now, reason[:60]
    return True


def enable(*, account: Account, by: Actor, now: datetime) -> bool:
    """Let the account in again, as far as the gate does. Sessions, links and tokens do not come back."""
    with transaction.atomic():
        disabled = Account.objects.filter(pk=account.pk, disabled_at__isnull=False)
        if not disabled.update(disabled_at=None, disabled_reason=""):
            return False
        record(action=Action.ACCOUNT_ENABLED, now=now, actor=by, subject=account.username)
    account.disabled_at, account.disabled_reason = None, ""
    return True


def unlock(*, account: Account, by: Actor, now: datetime) -> int:
    """Forget the tries counted against the account; how many counters were cleared."""
    with transaction.atomic():
        cleared = throttle.clear(owner=account.username, scopes=throttle.EVERY_LOCK)
        detail = {"cleared": cleared}
        record(action=Action.ACCOUNT_UNLOCKED, now=now, actor=by, subject=account.username, detail=detail)
    return cleared


def end_access(*, account: Account, reason: str, by: Actor, now: datetime) -> int:
    """End sessions, open links, shown passwords, mails to be picked up, known devices, tokens and a change of address
    that a session began; how many sessions were live."""
    with transaction.atomic():
        api_tokens.end_all(account=account, reason=reason, by=by, now=now)
        end_links(account=account)
        held.end_about(account.username, now=now)
        EnrolmentLink.objects.filter(account=account, used_at=None).update(expires_at=now)
        devices.revoke_all(account=account, now=now)
        if account.agent is not None:  # a thief's session must not move the mails after it ended
            change_email.stop(agent=account.agent, by=by, now=now, sources=(change_email.AGENT,))
        return sessions.end_all(account=account, reason=reason, by=by, now=now)


def end_links(*, account: Account) -> int:
    """End the open reset links and what they showed; how many links were open."""
    ShownPassword.objects.filter(account=account).delete()
    open_links = ResetLink.objects.filter(account=account, state=ResetLink.State.OPEN)
    return open_links.update(state=ResetLink.State.ENDED)


def end_access_of(*, agents: Iterable[Agent], by: Actor, now: datetime) -> int:
    """After a roster: end what agents hold who are not certified any more; how many sessions were live.

    The gate bars them by their status already, and lets them in again when the roster does: no account is disabled.
    """
    ids = [agent.pk for agent in agents]
    ended = 0
    for account in Account.objects.select_related("agent").filter(agent_id__in=ids):
        if account.agent is not None and not account.agent.is_certified:
            ended += end_access(account=account, reason=account.agent.status, by=by, now=now)
    return ended
