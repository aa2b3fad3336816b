"""Passwords whose mail never arrived are revoked: a secret that may lie anywhere opens nothing (SC-28)."""

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record
from extranet.credentials.models import Account
from extranet.credentials.password_mail import KIND, key_of, serial_in
from extranet.mail.models import MailState, OutboxMail

RUN = Actor.system("given-up mails")


def revoke_undelivered(*, now: datetime) -> list[Account]:
    """Revoke each password whose mail was given up or bounced, if it is still in force and was never used.

    The accounts revoked by this run: the service center asks after their addresses.
    """
    lost = OutboxMail.objects.filter(kind=KIND, state__in=[MailState.GAVE_UP, MailState.BOUNCED])
    serials = [serial_in(key) for key in lost.values_list("key", flat=True)]
    return [account for username, serial in serials if (account := _revoke(username, serial, now))]


def _revoke(username: str, serial: int, now: datetime) -> Account | None:
    unused = Q(last_login=None) | Q(last_login__lt=F("password_set_at"))
    in_force = Account.objects.filter(unused, username=username, password_serial=serial, revoked_at=None)
    with transaction.atomic():
        if not in_force.filter(temporary=True).update(revoked_at=now):
            return None
        account = Account.objects.select_related("agent").get(username=username)
        detail: dict[str, JsonValue] = {"serial": serial, "mail": key_of(account)}
        record(action=Action.PASSWORD_REVOKED, now=now, actor=RUN, subject=username, detail=detail)
    return account
