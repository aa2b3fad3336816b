"""How long what a mail opens or proves is good, by its kind. Whoever makes a link or a code asks here, and so does who
looks whether a mail that was held still has a use."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db.models import Q

from extranet.mail import catalogue
from extranet.mail.catalogue import CatalogueMail
from extranet.policy import Policy
from extranet.profile.in_force import policy

ENROLMENT_HOURS = 24


def _reset(policy: Policy) -> timedelta:
    return timedelta(minutes=policy.reset_link_minutes)


def _enrolment(policy: Policy) -> timedelta:
    return timedelta(hours=ENROLMENT_HOURS)


def _temporary(policy: Policy) -> timedelta:
    return timedelta(days=policy.temporary_password_days)


def _waiting_time(policy: Policy) -> timedelta:
    return timedelta(hours=policy.email_change_wait_hours)


LIVES: Mapping[str, Callable[[Policy], timedelta]] = {
    catalogue.PasswordMail.kind: _temporary,
    catalogue.PickUpMail.kind: _temporary,
    catalogue.SecuredNoticeMail.kind: _temporary,
    catalogue.ResetLinkMail.kind: _reset,
    catalogue.ResetStartedByStaffMail.kind: _reset,
    catalogue.SecuredLinkMail.kind: _reset,
    catalogue.StaffEnrolmentMail.kind: _enrolment,
    catalogue.AgencyStaffEnrolmentMail.kind: _enrolment,
    catalogue.EmailChangeOldMail.kind: _waiting_time,
    catalogue.EmailChangeNewMail.kind: _waiting_time,
}
"""Every kind that opens an account, or has a link or a code; a test goes over the catalogue."""


def life_of(mail: type[CatalogueMail]) -> timedelta:
    """How long what a mail of this class holds is good, from its posting on."""
    return LIVES[mail.kind](policy())


def minutes_of(mail: type[CatalogueMail]) -> int:
    """The same as such mails say it."""
    return int(life_of(mail).total_seconds() // 60)


def lapsed(*, now: datetime) -> Q:
    """The condition of a mail whose link, code or password is over, though nobody may have got it."""
    over = Q(pk__in=[])
    for kind, life in LIVES.items():
        over |= Q(kind=kind, posted_at__lte=now - life(policy()))
    return over
