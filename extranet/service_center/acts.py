"""What the service center does for an agent at the telephone (J17, J19). Each act needs a good identity check by the
same member of staff, except ending access: whoever reports a theft is helped at once (AC-2(13)). What sends mails to
another address or lets somebody in again takes a check by what only the agent knows."""

from datetime import datetime, timedelta

from django.db import transaction

from extranet.agents import change_email as addresses
from extranet.agents.models import Agent, EmailChange
from extranet.agents.prove_email import prove
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import disable as access
from extranet.credentials import issue_again as passwords
from extranet.credentials import reset, throttle
from extranet.credentials.models import Account
from extranet.mail.catalogue import UsernameReminderMail
from extranet.mail.guard import MailBlocked, check_text
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import post
from extranet.service_center import own_facts
from extranet.service_center.identity import require_check
from extranet.service_center.models import SupportRequest
from extranet.service_center.sealed import add_step

AGAIN = timedelta(minutes=1)  # the same act by the same person on the same agent within this time is a second click


class ActRefused(Exception):
    """The act cannot help this agent; the message says why and what would."""


class DoneAlready(Exception):
    """The same person did the same a moment ago: a second click, which sends nothing."""


def send_username(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> OutboxMail:
    """Mail the user name to the address on the roster (J17). A second click of one check sends nothing twice.

    Raises IdentityNotChecked, ActRefused.
    """
    check = require_check(agent=agent, act="send_username", by=by, now=now)
    account = account_of(agent)
    mail = UsernameReminderMail(first_name=agent.first_name, last_name=agent.last_name, username=account.username)
    key = f"username_reminder:{account.username}:{check.pk}"
    with transaction.atomic():
        if (sent := OutboxMail.objects.filter(key=key).first()) is not None:
            return sent
        row = post(mail, to=agent.email, about=account.username, key=key, language=agent.language, now=now)
        record(action=Action.USERNAME_SENT, now=now, actor=by, subject=account.username)
        _step(request, "username_sent", by=by, now=now)
    return row


def start_reset(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> str:
    """Mail a reset link to the address on the account; the code to read to the caller, which the link will ask for.

    Raises IdentityNotChecked, ActRefused, DoneAlready.
    """
    require_check(agent=agent, act="start_reset", by=by, now=now)
    account = account_of(agent)
    try:
        with transaction.atomic():
            _first_click("start_reset", account, by=by, now=now)
            code = reset.start_by_staff(account=account, by=by, now=now)
            _step(request, "reset_started", by=by, now=now)
    except reset.ResetRefused as refused:
        raise ActRefused(f"A reset would not help: {_plain(refused.reason)}.") from refused
    return code


def change_email(
    *, agent: Agent, new_email: str, by: Actor, now: datetime, request: SupportRequest | None = None
) -> EmailChange:
    """Begin a change of address (J19): the old one is told and the new one waits. Where that address waits already, it
    is the change that waits, and nobody is told twice.

    The caller tells the code that the new address gets: ``prove_email``. Raises IdentityNotChecked, ActRefused,
    EmailChangeRefused.
    """
    require_check(agent=agent, act="change_email", by=by, now=now)
    if not own_facts.are_complete(agent, now=now):
        raise ActRefused(
            "This agent has not logged in yet or has no book, so a caller cannot show enough here. The agent changes "
            "the address under Account in the portal, or the exchange corrects it on the roster."
        )
    require_check(agent=agent, act="change_email", by=by, now=now, own=True)
    with transaction.atomic():
        waiting = addresses.waiting_change(Agent.objects.select_for_update().get(pk=agent.pk))
        if waiting is not None and waiting.new_email.casefold() == new_email.strip().casefold():
            return waiting
        change = addresses.ask(agent=agent, new_email=new_email, source="service_center", by=by, now=now)
        _step(request, "email_change", by=by, now=now)
    return change


def prove_email(*, agent: Agent, code: str, by: Actor, now: datetime) -> EmailChange:
    """Take the code that the caller reads from the new mailbox. Needs no check: who has the code reads that mailbox,
    and the address was asked for after one. Raises ProofRefused."""
    return prove(agent=agent, code=code, by=by, now=now)


def issue_again(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> None:
    """Issue a new password by mail to whom the first one never reached.

    Raises IdentityNotChecked, ActRefused, DoneAlready, HashingBusy.
    """
    require_check(agent=agent, act="issue_again", by=by, now=now)
    account = account_of(agent)
    _first_click("issue_again", account, by=by, now=now)
    try:
        passwords.issue_again(account=account, by=by, now=now)
    except Exception as error:
        _forget_click("issue_again", account, by=by)
        if isinstance(error, passwords.IssueRefused):
            raise ActRefused(f"A new password would not help: {_plain(error.reason)}.") from error
        raise
    with transaction.atomic():  # apart, because hashing must not hold up other writers; the trail has it already
        _step(request, "password_issued", by=by, now=now)


def unlock(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> int:
    """Forget wrong tries; how many counters were cleared. Raises IdentityNotChecked, ActRefused."""
    require_check(agent=agent, act="unlock", by=by, now=now, own=True)
    account = account_of(agent)
    with transaction.atomic():
        cleared = access.unlock(account=account, by=by, now=now)
        _step(request, "unlocked", by=by, now=now)
    return cleared


def enable(*, agent: Agent, by: Actor, now: datetime, request: SupportRequest | None = None) -> bool:
    """Take back a disabling; False if there was none. Raises IdentityNotChecked, ActRefused."""
    require_check(agent=agent, act="enable", by=by, now=now, own=True)
    account = account_of(agent)
    with transaction.atomic():
        enabled = access.enable(account=account, by=by, now=now)
        _step(request, "enabled", by=by, now=now)
    return enabled


def disable(*, agent: Agent, reason: str, by: Actor, now: datetime, request: SupportRequest | None = None) -> bool:
    """End access at once: sessions, links, devices. False if it was disabled already. Raises ActRefused."""
    account = account_of(agent)
    if not reason.strip():
        raise ActRefused("Write down why the account is disabled.")
    require_clean_reason(reason, what="reason of disabling", account=account, by=by, now=now)
    with transaction.atomic():
        disabled = access.disable(account=account, reason=reason.strip(), by=by, now=now)
        _step(request, "disabled", by=by, now=now)
    return disabled


def disable_checked(*, account: Account, reason: str, by: Actor, now: datetime) -> bool:
    """The same for any account, of staff too, with a reason that passed the guard. Raises ActRefused."""
    require_clean_reason(reason, what="reason of disabling", account=account, by=by, now=now)
    return access.disable(account=account, reason=reason, by=by, now=now)


def require_clean_reason(text: str, *, what: str, account: Account, by: Actor, now: datetime) -> None:
    """Reasons stand in the trail: none may hold a consumer's data. Raises ActRefused; the try is recorded."""
    try:
        check_text(text, what=what, about=account.username, by=by, now=now)
    except MailBlocked as blocked:
        found = " and ".join(blocked.found)
        raise ActRefused(f"The reason seems to hold {found}. The trail must not carry it: take it out.") from blocked


def account_of(agent: Agent) -> Account:
    """The agent's account as it is now; raises ActRefused where the Monday run has not opened one yet."""
    account = Account.objects.select_related("agent").filter(agent=agent).first()
    if account is None:
        raise ActRefused("This agent has no account yet: it is opened on the Monday after certification.")
    return account


def _first_click(act: str, account: Account, *, by: Actor, now: datetime) -> None:
    """Raises DoneAlready for a second click; where both come at once, one of them wins."""
    budget = throttle.Budget(_scope(act), AGAIN, ((1, AGAIN),))
    if not throttle.take(budget=budget, owner=by.name, detail=account.username, now=now).allowed:
        raise DoneAlready("This was done less than a minute ago. Nothing was sent a second time.")


def _forget_click(act: str, account: Account, *, by: Actor) -> None:
    throttle.clear(owner=by.name, detail=account.username, scopes=(_scope(act),))


def _scope(act: str) -> str:
    return f"desk-{act}"


def _plain(reason: str) -> str:
    """A reason of the gate in words: ``not_certified`` as "not certified"."""
    return reason.replace("_", " ")


def _step(request: SupportRequest | None, what: str, *, by: Actor, now: datetime) -> None:
    if request is not None:
        add_step(request, what, by=by.name, now=now)
