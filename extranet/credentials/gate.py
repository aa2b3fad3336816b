"""The one gate: may this account enter through this channel now, and if not, why.

Every channel asks here (a test lists them all), so that none forgets a lock or an expiry. The reason goes to the audit
and to the service center, never to the person at the door.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from allauth.mfa.models import Authenticator

from extranet.agents.models import CertificationStatus
from extranet.credentials.agreement import version_in_force
from extranet.credentials.book_grants import has_any
from extranet.credentials.models import Account
from extranet.policy import inactive_from, is_expired
from extranet.profile.in_force import policy, zone


class Channel(StrEnum):
    """The ways in."""

    PORTAL = "portal"
    RESET = "reset"
    ENROLMENT = "enrolment"
    API = "api"
    DOWNLOAD = "download"
    PASSKEY = "passkey"  # as the only factor; what bars the password bars it too (day 60)


class Reason(StrEnum):
    """Why somebody may not enter; OK if nothing speaks against it."""

    OK = "ok"
    UNKNOWN = "unknown"
    WRONG_PASSWORD = "wrong_password"
    THROTTLED = "throttled"
    DISABLED = "disabled"
    NOT_CERTIFIED = "not_certified"
    SUSPENDED = "suspended"
    DECERTIFIED = "decertified"
    NOTHING_GRANTED = "nothing_granted"
    NO_PASSWORD = "no_password"
    REVOKED = "revoked"
    TEMPORARY_LAPSED = "temporary_lapsed"
    EXPIRED = "expired"
    INACTIVE = "inactive"
    MUST_CHANGE = "must_change"
    NEEDS_AGREEMENT = "needs_agreement"
    NEEDS_FACTOR = "needs_factor"


WITHOUT_PASSWORD = frozenset({Channel.RESET, Channel.ENROLMENT})
"""Ways to a password: the one in force, if any, is not asked about."""

RESET_HELPS = frozenset({Reason.NO_PASSWORD, Reason.REVOKED, Reason.TEMPORARY_LAPSED, Reason.EXPIRED, Reason.INACTIVE})
"""Reasons that a reset clears; all others stand until somebody at the exchange acts."""

_STATUS = {
    CertificationStatus.PENDING: Reason.NOT_CERTIFIED,
    CertificationStatus.SUSPENDED: Reason.SUSPENDED,
    CertificationStatus.DECERTIFIED: Reason.DECERTIFIED,
}


@dataclass(frozen=True)
class Verdict:
    """What the gate says. ``must_change``, ``needs_agreement`` and ``needs_factor`` let the portal lead there and
    nowhere else."""

    allowed: bool
    reason: Reason
    must_change: bool = False
    needs_agreement: bool = False
    needs_factor: bool = False


def may_enter(account: Account, *, channel: Channel, now: datetime) -> Verdict:
    """Judge the account as given: read it fresh (with its agent) where the answer must be of this moment."""
    barred = standing(account) or _without_a_book(account, now)
    if barred is None and channel not in WITHOUT_PASSWORD:
        barred = password_fault(account, now=now)
    must_change = account.temporary and policy().force_change
    needs_agreement = not account.is_staff_member and account.agreement_version != version_in_force()
    needs_factor = must_set_up_factor(account)
    if barred is None and channel in (Channel.API, Channel.DOWNLOAD):
        steps = (
            (must_change, Reason.MUST_CHANGE),
            (needs_agreement, Reason.NEEDS_AGREEMENT),
            (needs_factor, Reason.NEEDS_FACTOR),
        )
        barred = next((reason for is_open, reason in steps if is_open), None)
    return Verdict(barred is None, barred or Reason.OK, must_change, needs_agreement, needs_factor)


def needs_second_factor(account: Account) -> bool:
    """Staff always (IA-2(1)); an agent who set one up."""
    if account.is_staff_member and policy().second_factor_staff == "required":
        return True
    return bool(Authenticator.objects.filter(user=account).exists())


def must_set_up_factor(account: Account) -> bool:
    """An agent or agency staff without any, where policy requires one (IA-2(2)); staff have theirs before they come."""
    if account.is_staff_member or policy().second_factor_agents != "required":
        return False
    return not Authenticator.objects.filter(user=account).exists()


def standing(account: Account) -> Reason | None:
    """What only the exchange can lift: disabled, or not certified now."""
    if account.disabled_at is not None:
        return Reason.DISABLED
    return _STATUS.get(CertificationStatus(account.agent.status)) if account.agent is not None else None


def _without_a_book(account: Account, now: datetime) -> Reason | None:
    """Agency staff enter while some book is open to them: rights end with whoever gave them (decision 20)."""
    return Reason.NOTHING_GRANTED if account.is_agency_staff and not has_any(account, now) else None


def password_fault(account: Account, *, now: datetime) -> Reason | None:
    """What a reset lifts (J26, AC-2(3))."""
    if not account.has_usable_password() or not account.password:
        return Reason.NO_PASSWORD
    if account.revoked_at is not None:
        return Reason.REVOKED
    if account.temporary and account.temporary_until is not None and now >= account.temporary_until:
        return Reason.TEMPORARY_LAPSED
    if is_expired(account.expires_on, now, zone()):
        return Reason.EXPIRED
    if now >= inactive_from(account.issued_at or account.created_at, account.last_login, policy()):
        return Reason.INACTIVE
    return None
