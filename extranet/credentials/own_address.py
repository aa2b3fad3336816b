"""The agent changes the own e-mail address (J19): the present password again, then a code from the new mailbox.

A stolen session cannot begin it. The rest (notice, veto, waiting time) is the same for everybody: change_email.py.
"""

from datetime import datetime, timedelta

from extranet.agents import change_email
from extranet.agents.change_email import AGENT, EmailChangeRefused
from extranet.agents.models import Agent, EmailChange
from extranet.agents.naming import copied_names
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record_refusal
from extranet.credentials import throttle
from extranet.credentials.disable import end_links
from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account
from extranet.credentials.own_certificate import forget_of_nobody
from extranet.credentials.owner_proof import NotProved, proved_agent
from extranet.mail.catalogue import ResetLinkMail, ResetStartedByStaffMail
from extranet.mail.moved import stop_trying
from extranet.mail.outbox import cancel
from extranet.mail.secured import held

OFTEN = "often"
CHANGES = "email-change"
A_DAY = 3  # changes begun; each mails an address that is not ours to disturb
CHANGE = Actor.system("email-change")
LINK_MAILS = (ResetLinkMail.kind, ResetStartedByStaffMail.kind)


class OwnAddressRefused(Exception):
    """Nothing was begun. ``reason`` is a word of this file, or of owner_proof.py."""

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_after = reason, retry_after


def begin_change(*, account: Account, password: str, new_email: str, by: Actor, now: datetime) -> EmailChange:
    """Begin a change of the own address. Raises OwnAddressRefused, EmailChangeRefused, AddressRefused, HashingBusy.

    It hashes: never call it inside a transaction.
    """
    fresh = Account.objects.select_related("agent").get(pk=account.pk)
    try:
        return change_email.ask(
            agent=_proved_owner(fresh, password, now), new_email=new_email, source=AGENT, by=by, now=now
        )
    except OwnAddressRefused as refused:
        _note(fresh, refused.reason, by, now)
        raise
    except EmailChangeRefused:
        _note(fresh, "address", by, now)
        raise


def end_old_mailbox(change: EmailChange) -> None:
    """When the new address takes over: end the reset links of the old mailbox, the secured mails that wait for it, and
    the tries to send it a secret or the user name, and forget its certificate: it may be another agent's by now.

    For ``change_email.complete_due``, inside the change's transaction.
    """
    account = Account.objects.select_related("agent").filter(agent_id=change.agent_id).first()
    if account is None or account.agent is None or change.ended_at is None:
        return
    end_links(account=account)
    held.end_about(account.username, now=change.ended_at)
    for kind in LINK_MAILS:
        cancel(key_prefix=keys_of(kind, account), now=change.ended_at)
    forget_of_nobody(by=CHANGE, now=change.ended_at, among=[change.old_email])
    stop_trying(abouts=copied_names(account.agent), address=change.old_email, now=change.ended_at)


def _proved_owner(account: Account, password: str, now: datetime) -> Agent:
    try:
        agent = proved_agent(account=account, password=password, now=now)
    except NotProved as refused:
        raise OwnAddressRefused(refused.reason, refused.retry_after) from None
    day = timedelta(days=1)
    allowance = throttle.take(budget=throttle.Budget(CHANGES, day, ((A_DAY, day),)), owner=account.username, now=now)
    if not allowance.allowed:
        raise OwnAddressRefused(OFTEN, allowance.retry_after_seconds)
    return agent


def _note(account: Account, reason: str, by: Actor, now: datetime) -> None:
    action, detail = Action.EMAIL_CHANGE_REFUSED, {"reason": reason}
    record_refusal(action=action, now=now, actor=by, subject=account.username, detail=detail)
