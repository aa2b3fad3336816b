"""Steps a signed-in person must take before the first look, in their order."""

from typing import TYPE_CHECKING

from django.utils import timezone

from extranet.credentials.agreement import agreement_is_accepted
from extranet.credentials.second_factor import needs_enrolment, needs_second_factor

if TYPE_CHECKING:
    from extranet.web.access import PortalRequest


def pending_step(request: "PortalRequest") -> str | None:
    """Name of the URL of the next open step, or None: second factor, own password, agreement (AC-8, IA-2, J26, J28)."""
    account = request.account
    if needs_second_factor(account=account, live=request.live):
        return "second-factor-enrol" if needs_enrolment(account=account) else "second-factor"
    if account.temporary:
        return "password"
    if account.agent_id and not agreement_is_accepted(account=account, now=timezone.now()):
        return "agreement"
    return None
