"""The third mail anew, for somebody whom the first one never reached, or who cannot use the reset link."""

from datetime import datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import devices
from extranet.credentials.disable import end_links
from extranet.credentials.gate import standing
from extranet.credentials.history import PasswordOvertaken
from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account
from extranet.credentials.sessions import end_all
from extranet.credentials.third_mail import KINDS, prepare, third_mail
from extranet.mail.outbox import cancel, post


class IssueRefused(Exception):
    """The account is barred by the exchange; a password would not let it in. ``reason`` is the gate's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def issue_again(*, account: Account, by: Actor, now: datetime) -> None:
    """Mail the next password, or the link to pick it up; the older ones end at once.

    It hashes: never call it inside a transaction. Raises IssueRefused, PasswordOvertaken, AddressRefused, HashingBusy;
    then nothing changed.
    """
    _require_standing(account)
    made = prepare()
    with transaction.atomic():
        account = _as_it_is_now(account)
        for kind in KINDS:
            cancel(key_prefix=keys_of(kind, account), now=now)
        end_links(account=account)
        devices.revoke_all(account=account, now=now)  # somebody called because something is wrong
        if made is None:
            _revoke(account, by, now)
        third = third_mail(account=account, made=made, by=by, now=now)
        end_all(account=account, reason="reissued", by=by, now=now)
        to, language = account.address, account.language
        post(third.mail, to=to, about=account.username, key=third.key, language=language, now=now)


def _require_standing(account: Account) -> None:
    barred = standing(account)
    if barred is not None:
        raise IssueRefused(barred)


def _as_it_is_now(account: Account) -> Account:
    """The locked rows: license, address, status or password may have changed while we hashed.

    Account before agent, like a reset. Raises IssueRefused, PasswordOvertaken.
    """
    fresh = Account.objects.select_for_update().get(pk=account.pk)
    if fresh.password_serial != account.password_serial:
        raise PasswordOvertaken
    if fresh.agent_id is not None:
        fresh.agent = Agent.objects.select_for_update().get(pk=fresh.agent_id)
    _require_standing(fresh)
    return fresh


def _revoke(account: Account, by: Actor, now: datetime) -> None:
    """No new password takes the old one's place before it is picked up, so the old one ends here."""
    if Account.objects.filter(pk=account.pk, revoked_at=None).exclude(password="").update(revoked_at=now):
        facts = {"serial": account.password_serial}
        record(action=Action.PASSWORD_REVOKED, now=now, actor=by, subject=account.username, detail=facts)
