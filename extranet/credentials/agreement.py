"""The agreement that stands before the first look at consumers' data (J28, PL-4)."""

from datetime import datetime

from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.models import Account
from extranet.profile.loader import current


class AgreementOutdated(Exception):
    """The person agreed to a text that is no longer in force: show the new one."""


def version_in_force() -> str:
    """The profile's: a new version asks everybody again."""
    return current().agreement.version


def accept(*, account: Account, version: str, now: datetime, by: Actor) -> None:
    """Remember that the person agreed to that version. A second time changes nothing; raises AgreementOutdated."""
    if version != version_in_force():
        raise AgreementOutdated
    with transaction.atomic():
        fresh = Account.objects.filter(pk=account.pk).exclude(agreement_version=version)
        if fresh.update(agreement_version=version, agreement_accepted_at=now):
            record(
                action=Action.AGREEMENT_ACCEPTED,
                now=now,
                actor=by,
                subject=account.username,
                detail={"version": version},
            )
    account.agreement_version, account.agreement_accepted_at = version, now
