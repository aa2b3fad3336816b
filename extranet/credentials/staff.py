"""Staff accounts: added by an administrator or the shell, entered by a one-use link (IA-2(1)). Agency staff enter by
such a link, too; who makes theirs: agency_staff.py."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials import api_tokens, devices, second_factor, sessions
from extranet.credentials.choose_password import faults
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account, AccountKind, EnrolmentLink, StaffRole
from extranet.credentials.username import UsernameRefused, staff_username
from extranet.mail.catalogue import AgencyStaffEnrolmentMail, PasswordChangedMail, StaffEnrolmentMail
from extranet.mail.link_lives import life_of, minutes_of
from extranet.mail.outbox import post
from extranet.profile.in_force import policy
from extranet.vault.tokens import digest, new_token

SECOND_CLICK = timedelta(minutes=1)


class StaffRefused(Exception):
    """The account cannot be made as asked; the message says why."""


class InvitedAlready(StaffRefused):
    """A link was made a moment ago and stands."""


class EnrolmentOver(Exception):
    """The link was used, is too old, or never was: a new one must be made."""


class EnrolmentRefused(Exception):
    """What was typed does not do: ``password`` lists the codes of its faults, ``code`` is true if that did not fit."""

    def __init__(self, *, password: list[str], code: bool) -> None:
        super().__init__("refused")
        self.password, self.code = password, code


@dataclass(frozen=True)
class Invited:
    """A staff account and the link that lets its person in, seen here only."""

    account: Account
    link: str = field(repr=False)


def add_staff(*, name: str, role: str, display_name: str, email: str, by: Actor, now: datetime) -> Invited:
    """Make ``staff\\<name>`` and its link; mailed too where there is an address. Raises StaffRefused."""
    if role not in StaffRole.values:
        raise StaffRefused(f"role {role!r} is not one of {', '.join(StaffRole.values)}")
    try:
        username = staff_username(name)
    except UsernameRefused as error:
        raise StaffRefused(
            "a staff name begins with a letter and has letters, digits, dot, dash, underscore"
        ) from error
    account = Account(username=username, kind=AccountKind.STAFF, role=role, created_at=now)
    account.display_name, account.staff_email = display_name[:120], email
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            record(action=Action.STAFF_ADDED, now=now, actor=by, subject=username, detail={"role": role})
            return invite(account=account, by=by, now=now)
    except IntegrityError as error:
        raise StaffRefused(f"{username} exists already") from error


def invite(*, account: Account, by: Actor, now: datetime) -> Invited:
    """A new link for an account of staff or agency staff; older ones end. It replaces password and second factor when
    it is used."""
    token = new_token()
    with transaction.atomic():
        EnrolmentLink.objects.filter(account=account, used_at=None).update(expires_at=now)
        until = now + life_of(StaffEnrolmentMail if account.is_staff_member else AgencyStaffEnrolmentMail)
        made = EnrolmentLink.objects.create(account=account, digest=digest(token), expires_at=until)
        link = f"{settings.EXTRANET.portal}/login/enrol/{token}/"
        if account.staff_email:
            mail = _invitation(account, link)
            key = f"{mail.kind}:{account.username}:{made.pk}"
            post(mail, to=account.staff_email, about=account.username, key=key, language=account.language, now=now)
        action = Action.STAFF_INVITED if account.is_staff_member else Action.AGENCY_STAFF_INVITED
        record(action=action, now=now, actor=by, subject=account.username)
    return Invited(account, link)


def invite_again(*, account: Account, by: Actor, now: datetime) -> Invited:
    """Like ``invite``, once a minute: a second click must not end the link that the first one showed.

    Raises StaffRefused, also for an account that is disabled and for the own one: a stolen session of an administrator
    must not become a password and a factor.
    """
    with transaction.atomic():
        held = Account.objects.select_for_update().get(pk=account.pk, kind=AccountKind.STAFF)
        if by.name == held.username:
            raise StaffRefused("Nobody renews the own password and second factor so; ask another administrator")
        if held.disabled_at is not None:
            raise StaffRefused(f"{held.username} is disabled; enable it first")
        young = now + life_of(StaffEnrolmentMail) - SECOND_CLICK
        if EnrolmentLink.objects.filter(account=held, used_at=None, expires_at__gt=young).exists():
            raise InvitedAlready(f"{held.username} got a new link less than a minute ago")
        return invite(account=held, by=by, now=now)


def look(*, token: str, now: datetime) -> Account:
    """Whose link it is; changes nothing. Raises EnrolmentOver."""
    link = _living(token, now)
    if link is None:
        raise EnrolmentOver
    return link.account


def enrol(*, token: str, holder: str, password: str, code: str, network: str, browser: str, now: datetime) -> list[str]:
    """Spend the link: the chosen password and the proven secret are in force; answers the recovery codes, once (none
    where no second factor is asked for and ``code`` is blank).

    ``holder`` is the secret of the browser that was shown the key. Sessions and tokens that the account had end, and
    its address is told.

    Raises EnrolmentOver, EnrolmentRefused, HashingBusy. Never call it inside a transaction: it hashes.
    """
    account = look(token=token, now=now)
    secret = second_factor.propose(username=account.username, token=token, holder=holder).secret
    with_factor = bool(code.strip()) or must_give_code(account)
    step = second_factor.fits(secret=secret, code=code, now=now) if with_factor else 0
    found = faults(password, account=account)
    if step is None or found:
        raise EnrolmentRefused(password=found, code=step is None)
    encoded = hash_password(password)
    with transaction.atomic():
        mine = EnrolmentLink.objects.filter(digest=digest(token), used_at=None, expires_at__gt=now)
        if _living(token, now) is None or not mine.update(used_at=now):  # the gate may have closed while it was hashed
            raise EnrolmentOver
        put_in_force(account=account, encoded=encoded, generated=False, now=now)
        actor = Actor(account.kind, account.username, network)
        record(action=Action.PASSWORD_CHANGED, now=now, actor=actor, subject=account.username)
        devices.revoke_all(account=account, now=now)
        api_tokens.end_all(account=account, reason="enrolled", by=actor, now=now)
        sessions.end_all(account=account, reason="enrolled", by=actor, now=now)
        _tell(account, browser, now)
        if not with_factor:
            return []
        second_factor.forget_all(account)  # passkeys too: the link is for whoever lost control of something
        return second_factor.activate(account=account, secret=secret, step=step, now=now, by=actor)


def must_give_code(account: Account) -> bool:
    """Staff always; agency staff where the policy asks agents for a second factor, or who had one: a link to the
    mailbox never takes one away."""
    if account.is_staff_member or policy().second_factor_agents == "required":
        return True
    return second_factor.is_enrolled(account=account)


def _invitation(account: Account, link: str) -> StaffEnrolmentMail | AgencyStaffEnrolmentMail:
    if account.principal is None:
        return StaffEnrolmentMail(link=link, minutes=minutes_of(StaffEnrolmentMail))
    inviter = account.principal.full_name
    return AgencyStaffEnrolmentMail(
        link=link, minutes=minutes_of(AgencyStaffEnrolmentMail), username=account.username, invited_by=inviter
    )


def _tell(account: Account, browser: str, now: datetime) -> None:
    """A notice: who did not follow the link learns that somebody did."""
    if account.staff_email:
        key = f"{PasswordChangedMail.kind}:{account.username}:{account.password_serial}"
        mail = PasswordChangedMail(when=now, browser=browser)
        post(mail, to=account.staff_email, about=account.username, key=key, language=account.language, now=now)


def _living(token: str, now: datetime) -> EnrolmentLink | None:
    links = EnrolmentLink.objects.select_related("account")
    link = links.filter(digest=digest(token), used_at=None, expires_at__gt=now).first()
    enters = link is not None and may_enter(link.account, channel=Channel.ENROLMENT, now=now).allowed
    return link if enters else None
