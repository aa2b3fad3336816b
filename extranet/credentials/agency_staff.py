"""Accounts of who works for an agent or an agency manager: invited by a mailed one-use link (decision 20).

The principal never sees the link: what is done under the account is done by its person.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from extranet.agents.models import Agent
from extranet.agents.naming import copied_name
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import granting
from extranet.credentials.book_grants import Right
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account, AccountKind, EnrolmentLink
from extranet.credentials.staff import SECOND_CLICK, InvitedAlready, StaffRefused, invite
from extranet.credentials.username import UsernameRefused, agency_staff_username
from extranet.mail.catalogue import AgencyStaffEnrolmentMail
from extranet.mail.guard import MailBlocked, check_text
from extranet.mail.link_lives import life_of
from extranet.mail.outbox import AddressRefused

MOST = 30  # accounts of one principal: an office, and no engine for mails to strangers


class AgencyStaffRefused(StaffRefused):
    """The account cannot be made as asked; the message says why. ``field``: which to correct, blank for none."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def staff_of(principal: Agent) -> QuerySet[Account]:
    """The accounts of that agent's staff, those without any right too: names are never given away."""
    rows = Account.objects.select_related("principal").filter(principal=principal, kind=AccountKind.AGENCY_STAFF)
    return rows.order_by("username")


def add_agency_staff(
    *,
    principal: Agent,
    name: str,
    display_name: str,
    email: str,
    books: Mapping[Agent, frozenset[Right]],
    by: Actor,
    now: datetime,
) -> Account:
    """Make ``<prefix><license>.<name>`` with these rights and mail its link. Raises AgencyStaffRefused; then nothing
    was made and nobody was mailed."""
    if not any(books.values()):
        raise AgencyStaffRefused("", "choose what the person may do with at least one book")
    if not display_name.strip().isprintable() or not display_name.strip():
        raise AgencyStaffRefused("display_name", "enter the name of the person in one line")
    _require_name(display_name, principal, by, now)
    try:
        username = agency_staff_username(principal.license, name.strip())
    except UsernameRefused as error:
        raise AgencyStaffRefused("name", "begin with a letter, then letters, digits, dash; at most 20") from error
    account = Account(username=username, kind=AccountKind.AGENCY_STAFF, principal=principal, created_at=now)
    account.display_name, account.staff_email = display_name.strip()[:120], email.strip()
    try:
        with transaction.atomic():
            return _made(account, principal, books, by, now)
    except IntegrityError as error:
        raise AgencyStaffRefused(
            "name", f"{username} exists already; a name is never used for a second person"
        ) from error
    except AddressRefused as error:
        raise AgencyStaffRefused("email", "no mail can be sent to this address") from error
    except granting.GrantRefused as error:
        raise AgencyStaffRefused("", str(error)) from error


def _require_name(display_name: str, principal: Agent, by: Actor, now: datetime) -> None:
    """A mail to whose book it is will say the name."""
    try:
        check_text(display_name, what="name of agency staff", about=copied_name(principal.license), by=by, now=now)
    except MailBlocked as blocked:
        raise AgencyStaffRefused("display_name", "enter a name; a mail will say it, so no number or date") from blocked


def _made(
    account: Account, principal: Agent, books: Mapping[Agent, frozenset[Right]], by: Actor, now: datetime
) -> Account:
    Agent.objects.select_for_update().get(pk=principal.pk)  # two invitations at once are counted one after the other
    if staff_of(principal).count() >= MOST:
        raise AgencyStaffRefused("", f"you have {MOST} staff accounts already; ask the service center for more")
    account.save(force_insert=True)
    record(action=Action.AGENCY_STAFF_ADDED, now=now, actor=by, subject=account.username)
    for agent, rights in books.items():
        granting.set_rights(account=account, agent=agent, rights=rights, by=by, now=now)
    invite(account=account, by=by, now=now)
    return account


def invite_again(*, account: Account, by: Actor, now: datetime) -> None:
    """Mail another link, for whoever lost password or app; once a minute. Older links end.

    Raises AgencyStaffRefused where no book is open to the account, InvitedAlready.
    """
    with transaction.atomic():
        held = Account.objects.select_for_update(of=("self",)).select_related("principal").get(pk=account.pk)
        if not may_enter(held, channel=Channel.ENROLMENT, now=now).allowed:
            raise AgencyStaffRefused("", "give the person a right first: without one no link is of use")
        young = now + life_of(AgencyStaffEnrolmentMail) - SECOND_CLICK
        if EnrolmentLink.objects.filter(account=held, used_at=None, expires_at__gt=young).exists():
            raise InvitedAlready("a link was mailed less than a minute ago")
        invite(account=held, by=by, now=now)
