"""The mail that carries a generated password (J8, J12). Its key counts the password, so issuing again is a new mail."""

from uuid import UUID

from extranet.credentials.mail_keys import keys_of
from extranet.credentials.models import Account
from extranet.mail.catalogue import PasswordMail
from extranet.policy import local_day
from extranet.profile.in_force import zone

KIND = "password"


class NothingToSay(Exception):
    """The account is no agent's, or has no password with an end: there is no such mail."""


def password_mail(*, account: Account, clear: str) -> PasswordMail:
    """The mail for the password just issued; raises NothingToSay."""
    until = local_day(account.temporary_until, zone()) if account.temporary_until else account.expires_on
    if account.agent is None or until is None:
        raise NothingToSay(account.username)
    agent = account.agent
    return PasswordMail(first_name=agent.first_name, last_name=agent.last_name, password=clear, valid_until=until)


def key_of(account: Account) -> str:
    """``password:<account>:<serial>``."""
    return f"{keys_of(KIND, account)}{account.password_serial}"


def serial_in(key: str) -> tuple[UUID, int]:
    """Account and serial out of such a key."""
    _, account, serial = key.split(":")
    return UUID(account), int(serial)
