"""Opening accounts and issuing generated passwords. The clear password exists in the caller's hands only."""

from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.credentials.hashing import hash_password
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account, AccountKind
from extranet.credentials.username import agent_username
from extranet.profile.in_force import policy
from extranet.vault.passwords import generate_password


class AccountExists(Exception):
    """The agent has an account already: one a license, for ever (IA-4(d))."""


@dataclass(frozen=True)
class Generated:
    """A new password and its hash, made before the transaction that uses them."""

    clear: str = field(repr=False)
    encoded: str = field(repr=False)


def generate() -> Generated:
    """Make a password and hash it. Slow: call it outside of transactions; raises HashingBusy."""
    clear = generate_password(bits=policy().generated_password_bits)
    return Generated(clear, hash_password(clear))


def unsaved_account(*, agent: Agent, now: datetime) -> Account:
    """The one account that the agent can have, before it is a row; raises UsernameRefused."""
    return Account(username=agent_username(agent.license), kind=AccountKind.AGENT, agent=agent, created_at=now)


def open_account(*, agent: Agent, now: datetime, by: Actor) -> Account:
    """A new account without a password; raises AccountExists, also for the loser of two at once."""
    account = unsaved_account(agent=agent, now=now)
    try:
        with transaction.atomic():
            account.save(force_insert=True)
            record(action=Action.ACCOUNT_CREATED, now=now, actor=by, subject=account.username)
    except IntegrityError as error:
        raise AccountExists(account.username) from error
    return account


def issue_password(*, account: Account, now: datetime, by: Actor, generated: Generated | None = None) -> str:
    """Give the account a generated password and return it in clear, the only time.

    Inside a transaction pass ``generated``, so that nothing is hashed while writers wait.
    Raises PasswordOvertaken, HashingBusy.
    """
    made = generated or generate()
    with transaction.atomic():
        put_in_force(account=account, encoded=made.encoded, generated=True, now=now)
        detail = {"serial": account.password_serial, "temporary": account.temporary}
        record(action=Action.PASSWORD_ISSUED, now=now, actor=by, subject=account.username, detail=detail)
    return made.clear
