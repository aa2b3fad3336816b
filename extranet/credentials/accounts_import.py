"""Bring the accounts of an earlier system (J15): license, e-mail address, day of the password. Never a hash.

Without a hash nobody can be let in by the old password: the account is there, its user name stays, and the reset link
gives it a password here. How to: docs/how-to/import-accounts.md.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import BinaryIO

from django.db import transaction

from extranet.agents.models import Agent
from extranet.agents.refusal import Fault
from extranet.audit.actions import Action
from extranet.audit.record import Actor, Entry, JsonValue, record_many
from extranet.credentials.accounts_file import ImportRefused, ImportRow, read_accounts
from extranet.credentials.issue import unsaved_account
from extranet.credentials.models import Account
from extranet.policy import at_local, expires_on, local_day
from extranet.profile.in_force import policy, zone

__all__ = ["Fault", "ImportRefused", "Imported", "import_accounts", "spread_expiry"]

SPREAD_DAYS = 30  # a whole statewide list expiring on one day would stop the service center
BATCH = 500  # rows a statement: below the number of parameters that any database takes


@dataclass(frozen=True)
class Imported:
    """What was done. The lists hold licenses: of agents whom the roster does not know (left out), and of those whose
    roster has another address (the roster's stays; a change of address is asked for like any other)."""

    added: int
    changed: int
    unchanged: int
    reset_needed: int
    unknown: list[str] = field(default_factory=list)
    other_address: list[str] = field(default_factory=list)


def import_accounts(file: BinaryIO, *, by: Actor, now: datetime) -> Imported:
    """Take the file in, all or nothing. The same file again changes nothing; raises ImportRefused with every fault."""
    rows = read_accounts(file, today=local_day(now, zone()))
    with transaction.atomic():
        agents = _agents([row.license for row in rows])
        known = [row for row in rows if row.license in agents]
        accounts = {account.agent_id: account for account in _accounts(list(agents.values()))}
        fresh = [_made(row, agents[row.license], now) for row in known if agents[row.license].pk not in accounts]
        changed = [
            account
            for row in known
            if (account := accounts.get(agents[row.license].pk)) is not None and _corrected(account, row, now)
        ]
        _write(fresh, changed, by, now)
    return Imported(
        added=len(fresh),
        changed=len(changed),
        unchanged=len(known) - len(fresh) - len(changed),
        reset_needed=sum(row.password_on is None for row in known),
        unknown=[row.license for row in rows if row.license not in agents],
        other_address=[row.license for row in known if agents[row.license].email.lower() != row.email.lower()],
    )


def spread_expiry(*, license_number: str, password_on: date, today: date) -> date | None:
    """The last day of an imported password: its own plus up to 29 days, always the same for a license.

    A password that has ended already stays ended.
    """
    own = expires_on(at_local(password_on, 12, zone()), policy(), zone())
    if own is None or own < today:
        return own
    return own + timedelta(days=int(sha256(license_number.encode()).hexdigest(), 16) % SPREAD_DAYS)


def _agents(licenses: list[str]) -> dict[str, Agent]:
    found: dict[str, Agent] = {}
    for start in range(0, len(licenses), BATCH):
        rows = Agent.objects.filter(license__in=licenses[start : start + BATCH])
        found |= {agent.license: agent for agent in rows}
    return found


def _accounts(agents: list[Agent]) -> list[Account]:
    rows: list[Account] = []
    for start in range(0, len(agents), BATCH):
        rows += Account.objects.select_for_update().filter(agent__in=agents[start : start + BATCH])
    return rows


def _made(row: ImportRow, agent: Agent, now: datetime) -> Account:
    account = unsaved_account(agent=agent, now=now)
    _corrected(account, row, now)
    return account


def _corrected(account: Account, row: ImportRow, now: datetime) -> bool:
    """Put the file's facts on an account that has no password here yet; whether anything moved."""
    if account.password:
        return False
    set_at = at_local(row.password_on, 0, zone()) if row.password_on else None
    if account.imported and account.password_set_at == set_at:
        return False
    account.imported, account.password_set_at = True, set_at
    account.password_serial += 1 if row.password_on else 0
    today = local_day(now, zone())
    account.expires_on = (
        spread_expiry(license_number=row.license, password_on=row.password_on, today=today) if row.password_on else None
    )
    return True


def _write(fresh: list[Account], changed: list[Account], by: Actor, now: datetime) -> None:
    Account.objects.bulk_create(fresh, batch_size=BATCH)
    fields = ["imported", "password_set_at", "password_serial", "expires_on"]
    Account.objects.bulk_update(changed, fields, batch_size=BATCH // 2)
    entries = [Entry(Action.ACCOUNT_IMPORTED, account.username, _facts(account)) for account in [*fresh, *changed]]
    record_many(entries, now=now, actor=by)


def _facts(account: Account) -> dict[str, JsonValue]:
    return {"expires_on": account.expires_on.isoformat() if account.expires_on else None}
