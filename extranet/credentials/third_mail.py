"""What the third mail holds (J8): the password, or the link behind which one waits. The policy is asked here alone."""

from dataclasses import dataclass
from datetime import datetime

from extranet.audit.record import Actor
from extranet.credentials import pickup
from extranet.credentials.issue import Generated, generate, issue_password
from extranet.credentials.models import Account
from extranet.credentials.password_mail import NothingToSay, key_of, password_mail
from extranet.mail.catalogue import PasswordMail, PickUpMail
from extranet.policy import local_day
from extranet.profile.in_force import policy, zone

KINDS = (PasswordMail.kind, PickUpMail.kind)


@dataclass(frozen=True)
class ThirdMail:
    """The mail and its key, under which it exists once."""

    mail: PasswordMail | PickUpMail
    key: str


def prepare() -> Generated | None:
    """What must be made before the transaction: a password and its hash, or nothing. Raises HashingBusy."""
    return generate() if policy().third_mail == "password" else None


def third_mail(*, account: Account, made: Generated | None, by: Actor, now: datetime) -> ThirdMail:
    """Put the prepared password in force, or store a pick-up link where there is none. Inside the act's transaction.

    Raises PasswordOvertaken, NothingToSay.
    """
    if made is None:
        return _pickup_mail(account, by, now)
    clear = issue_password(account=account, now=now, by=by, generated=made)
    return ThirdMail(password_mail(account=account, clear=clear), key_of(account))


def key_in_force(account: Account) -> str:
    """The key of the mail that brought what lets the account in now: its password, or the link to one."""
    link = pickup.newest(account)
    return pickup.mail_key(account=account, link=link) if link is not None else key_of(account)


def _pickup_mail(account: Account, by: Actor, now: datetime) -> ThirdMail:
    agent = account.agent
    if agent is None:
        raise NothingToSay(account.username)
    made = pickup.make(account=account, by=by, now=now)
    until = local_day(made.link.expires_at, zone())
    mail = PickUpMail(first_name=agent.first_name, last_name=agent.last_name, link=made.address, valid_until=until)
    return ThirdMail(mail, pickup.mail_key(account=account, link=made.link))
