"""Passwords and pick-up links whose mail never arrived end: a secret that may lie anywhere opens nothing (SC-28)."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.credentials import pickup
from extranet.credentials.models import Account
from extranet.credentials.password_mail import KIND, key_of, serial_in
from extranet.mail.catalogue import PickUpMail
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.secured import held

RUN = Actor.system("given-up mails")


def revoke_undelivered(*, now: datetime) -> list[Account]:
    """Revoke each password or link whose mail was given up or bounced, if it is still in force and was never used.

    The accounts revoked by this run: the service center asks after their addresses.
    """
    passwords = [_revoke(*serial_in(key), now) for key in _lost(KIND)]
    ended = [pickup.revoke(link_id=pickup.link_in(key), by=RUN, now=now) for key in _lost(PickUpMail.kind)]
    return [account for account in (*passwords, *ended) if account is not None]


def _lost(kind: str) -> list[str]:
    lost = OutboxMail.objects.filter(kind=kind, state__in=[MailState.GAVE_UP, MailState.BOUNCED])
    return list(lost.values_list("key", flat=True))


def _revoke(account_id: UUID, serial: int, now: datetime) -> Account | None:
    """The serial says that it is the mailed one: nobody has chosen another since, be it temporary or not."""
    unused = Q(last_login=None) | Q(last_login__lt=F("password_set_at"))
    in_force = Account.objects.filter(unused, pk=account_id, password_serial=serial, revoked_at=None)
    with transaction.atomic():
        if not in_force.update(revoked_at=now):
            return None
        account = Account.objects.select_related("agent").get(pk=account_id)
        held.end_about(account.username, now=now)
        detail: dict[str, JsonValue] = {"serial": serial, "mail": key_of(account)}
        record(action=Action.PASSWORD_REVOKED, now=now, actor=RUN, subject=account.username, detail=detail)
    return account
