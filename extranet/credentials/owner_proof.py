"""The present password, asked again inside a session before where or how mails reach the owner changes (J19)."""

from datetime import datetime

from extranet.agents.models import Agent
from extranet.credentials import throttle
from extranet.credentials.gate import standing
from extranet.credentials.hashing import check
from extranet.credentials.models import Account

OLD_WRONG, THROTTLED, BARRED = "old_wrong", "throttled", "barred"


class NotProved(Exception):
    """Not the owner, as far as we can see. ``reason`` is a word of this file."""

    def __init__(self, reason: str, retry_after: int | None = None) -> None:
        super().__init__(reason)
        self.reason, self.retry_after = reason, retry_after


def proved_agent(*, account: Account, password: str, now: datetime) -> Agent:
    """The agent of the account, as it is in the database now. Raises NotProved, HashingBusy.

    It hashes: never call it inside a transaction.
    """
    fresh = Account.objects.select_related("agent").get(pk=account.pk)
    if fresh.agent is None or standing(fresh) is not None:
        raise NotProved(BARRED)
    allowance = throttle.take(budget=throttle.guesses(throttle.CHANGE), owner=fresh.username, now=now)
    if not allowance.allowed:
        raise NotProved(THROTTLED, allowance.retry_after_seconds)
    if not check(password, fresh.password).right:
        raise NotProved(OLD_WRONG)
    throttle.clear(owner=fresh.username, detail="", scopes=(throttle.CHANGE,))
    return fresh.agent
