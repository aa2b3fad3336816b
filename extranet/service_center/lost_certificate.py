"""An agent lost the private key of the certificate for their mailbox: nobody can open what is encrypted for it. Who
cannot log in calls, and the desk removes the certificate; under S/MIME, secured mails are picked up then.

One person suffices, after the check by what only the agent knows; docs/decisions/0024 has the reasons.
"""

from datetime import datetime

from django.db import transaction

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.credentials import own_certificate
from extranet.mail.secured.certificates import Shown
from extranet.service_center import own_facts
from extranet.service_center.acts import ActRefused, account_of, require_clean_reason
from extranet.service_center.identity import require_check
from extranet.service_center.models import SupportRequest
from extranet.service_center.sealed import add_step

ACT = "remove_certificate"
REASON = 120  # signs


def remove(*, agent: Agent, reason: str, by: Actor, now: datetime, request: SupportRequest | None = None) -> Shown:
    """Encrypt no more for the agent's mailbox; a mail tells the agent. What was encrypted before stays so.

    Raises IdentityNotChecked, ActRefused, AddressRefused.
    """
    require_check(agent=agent, act=ACT, by=by, now=now)
    account = account_of(agent)
    if own_facts.LOGIN not in own_facts.of(agent, now=now):
        raise ActRefused(
            "This agent has never logged in, so a caller cannot show enough here, and somebody else vouched for the"
            " certificate: check the identity of that person, and remove it on that record."
        )
    require_check(agent=agent, act=ACT, by=by, now=now, own=True)
    if not reason.strip():
        raise ActRefused("Write down what was lost and how you know the caller.")
    require_clean_reason(reason, what="reason of removing a certificate", account=account, by=by, now=now)
    with transaction.atomic():
        shown = own_certificate.remove_by_desk(
            account=account, agent=agent, reason=reason.strip()[:REASON], by=by, now=now
        )
        if shown is None:
            raise ActRefused("No certificate is kept for the mailbox of this agent (any more). Nothing was done.")
        if request is not None:
            add_step(request, "certificate_removed", by=by.name, now=now)
    return shown
