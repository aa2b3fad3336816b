"""An agent whose password never arrived does not have to notice it: the service center asks after the address."""

from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.given_up import revoke_undelivered
from extranet.credentials.models import Account
from extranet.credentials.third_mail import key_in_force
from extranet.service_center.doubted import open_entry
from extranet.service_center.intake import create
from extranet.service_center.models import SupportRequest
from extranet.service_center.sealed import Written, add_step

RUN = Actor.system("never-received")
TEXT = (
    "The mail with the password, or with the link to it, was given up."
    " Find out the right address, change it, and issue a password again."
)


@transaction.atomic
def queue_undelivered(*, now: datetime) -> list[SupportRequest]:
    """Revoke the passwords of mails that were given up and queue their agents, both or neither; once a mail."""
    return [request for account in revoke_undelivered(now=now) if (request := _queue(account, now=now))]


def _queue(account: Account, *, now: datetime) -> SupportRequest | None:
    agent, cause = account.agent, key_in_force(account)
    if agent is None or SupportRequest.objects.filter(cause=cause).exists():
        return None
    if (entry := open_entry(agent)) is not None:  # the desk is about to call: one call for one matter
        add_step(entry, "password_revoked", by=RUN.name, now=now)
        return None
    written = Written(name=agent.full_name, email=agent.email, telephone=agent.phone, text=TEXT)
    request = create(written=written, license=agent.license, origin="never_received", now=now, cause=cause)
    detail = {"origin": "never_received", "mail": cause}
    record(action=Action.REQUEST_RECEIVED, now=now, actor=RUN, subject=request.number, detail=detail)
    return request
