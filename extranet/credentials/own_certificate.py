"""The agent's certificate for encrypted mails: uploaded or removed with the present password, told to the mailbox.

The service center removes one for an agent who lost its key; whom it believes is asked there (lost_certificate.py).
"""

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from django.db import transaction

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record, record_refusal
from extranet.credentials.models import Account
from extranet.credentials.owner_proof import NotProved, proved_agent
from extranet.mail.catalogue import CertificateChangedMail
from extranet.mail.outbox import post
from extranet.mail.secured import certificates
from extranet.mail.secured.certificates import CertificateRefused, Shown

UNFIT = "certificate"


def upload(*, account: Account, password: str, uploaded: bytes, browser: str, by: Actor, now: datetime) -> Shown:
    """Encrypt the agent's secured mails with it from now on, in place of an earlier one.

    Raises NotProved, CertificateRefused, HashingBusy; then nothing changed.
    """
    try:
        agent = proved_agent(account=account, password=password, now=now)
        certificate = certificates.read(uploaded, address=agent.email, now=now)
    except NotProved as refused:
        _note(account, refused.reason, by, now)
        raise
    except CertificateRefused:
        _note(account, UNFIT, by, now)
        raise
    with transaction.atomic():
        shown = certificates.keep(certificate, address=agent.email, by=by.name, now=now)
        _tell(account, agent, _mail(shown, browser, now, added=True), now)
        _record(Action.CERTIFICATE_ADDED, account.username, shown, by, now)
    return shown


def remove(*, account: Account, password: str, browser: str, by: Actor, now: datetime) -> bool:
    """Encrypt no more: secured mails wait to be picked up. False if there was no certificate.

    Raises NotProved, HashingBusy.
    """
    try:
        agent = proved_agent(account=account, password=password, now=now)
    except NotProved as refused:
        _note(account, refused.reason, by, now)
        raise
    with transaction.atomic():
        shown = certificates.remove(address=agent.email)
        if shown is None:
            return False
        _tell(account, agent, _mail(shown, browser, now, added=False), now)
        _record(Action.CERTIFICATE_REMOVED, account.username, shown, by, now)
    return True


def remove_by_desk(*, account: Account, agent: Agent, reason: str, by: Actor, now: datetime) -> Shown | None:
    """The same for an agent who called; what was removed, if anything. The agent is told who did it.

    Inside the act's transaction. Raises AddressRefused.
    """
    shown = certificates.remove(address=agent.email)
    if shown is None:
        return None
    mail = CertificateChangedMail(when=now, browser="", added=False, by_service_center=True, fingerprint=shown.spelled)
    _tell(account, agent, mail, now)
    _record(Action.CERTIFICATE_REMOVED, account.username, shown, by, now, reason=reason)
    return shown


def kept_of(account: Account) -> Shown | None:
    """What is kept for the agent's address of today."""
    return certificates.kept(address=account.address)


def forget_of_nobody(*, by: Actor, now: datetime, among: Collection[str] | None = None) -> int:
    """Remove certificates of mailboxes that are no account's any more, all or those ``among``; how many.

    Whoever has the mailbox next could not read what is encrypted for the person before.
    """
    kept = certificates.vouchers()
    left = kept.keys() if among is None else kept.keys() & {address.lower() for address in among}
    gone = left - _addresses_in_use() if left else set()
    for address in sorted(gone):
        with transaction.atomic():
            shown = certificates.remove(address=address)
            if shown is not None:
                _record(Action.CERTIFICATE_REMOVED, kept[address], shown, by, now)
    return len(gone)


def _addresses_in_use() -> set[str]:
    """Of staff of both kinds, and of agents who may come back: not of those whose certification has ended."""
    accounts = Account.objects.exclude(agent__status=CertificationStatus.DECERTIFIED)
    pairs = accounts.values_list("agent__email", "staff_email")
    return {address.lower() for pair in pairs for address in pair if address}


def _mail(shown: Shown, browser: str, now: datetime, *, added: bool) -> CertificateChangedMail:
    plain = "".join(filter(str.isprintable, browser))[:120]
    return CertificateChangedMail(when=now, browser=plain, added=added, fingerprint=shown.spelled)


def _tell(account: Account, agent: Agent, mail: CertificateChangedMail, now: datetime) -> None:
    key = f"{mail.kind}:{account.username}:{uuid4().hex}"  # each change is one of its own
    post(mail, to=agent.email, about=account.username, key=key, language=account.language, now=now)


def _record(action: Action, username: str, shown: Shown, by: Actor, now: datetime, *, reason: str = "") -> None:
    facts: dict[str, JsonValue] = {"fingerprint": shown.fingerprint, "not_after": shown.not_after.isoformat()}
    facts |= {"reason": reason} if reason else {}
    record(action=action, now=now, actor=by, subject=username, detail=facts)


def _note(account: Account, reason: str, by: Actor, now: datetime) -> None:
    action, detail = Action.CERTIFICATE_REFUSED, {"reason": reason}
    record_refusal(action=action, now=now, actor=by, subject=account.username, detail=detail)
