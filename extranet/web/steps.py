"""Steps a signed-in person must take before the first look, in order: an own password, the agreement, a second factor
(J26, J28, IA-2(2))."""

from datetime import datetime

from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account

FACTOR_STEP = "own-factors"


def pending_step(*, account: Account, now: datetime) -> str | None:
    """Name of the URL of the next open step, or None."""
    verdict = may_enter(account, channel=Channel.PORTAL, now=now)
    if verdict.must_change:
        return "password"
    if verdict.needs_agreement:
        return "agreement"
    return FACTOR_STEP if verdict.needs_factor else None
