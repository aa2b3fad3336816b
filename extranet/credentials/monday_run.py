"""The Monday run behind its canary (J4, SC-8): nobody is mailed a password before a mail was seen to leave secured."""

from datetime import datetime

from extranet.credentials.onboarding import RUN, Onboarded, onboard
from extranet.mail.models import Canary
from extranet.mail.secured import canary
from extranet.mail.secured.models import CanaryState
from extranet.profile.in_force import policy

WHY = {
    CanaryState.CLEAR: "came back in clear: the gateway did not secure it",
    CanaryState.LATE: "did not come back in time",
    CanaryState.ASKED: "is on its way",
    CanaryState.SECURED: "came back secured, but too long ago",
}


class RunWaits(Exception):
    """Nobody was taken in yet: a canary is on its way. The run goes on by itself once it has come back secured."""


class RunStopped(Exception):
    """Nobody was taken in: the canary says that mails would leave readable, or not at all."""


def run(*, now: datetime) -> Onboarded:
    """Take in who is new, if the canary of this run has come back secured; else send one, or say what became of it.

    Without a canary configured it runs at once. Raises RunWaits, RunStopped, MailboxAway; then nothing was done.
    """
    if not canary.is_configured():
        return onboard(now=now)
    decided = canary.look(now=now)
    newest = canary.of_run()
    if newest is not None and canary.lets_run(newest, now=now):
        return _go_on(newest, now)
    if newest is not None and newest in decided:
        raise RunStopped(f"the canary mail {WHY[CanaryState(newest.state)]}: nobody was taken in. {_remedy()}")
    if newest is None or newest.state != CanaryState.ASKED:
        before = f"the last one {WHY[CanaryState(newest.state)]}; " if newest is not None else ""
        canary.ask(for_run=True, by=RUN, now=now)
        raise RunWaits(f"{before}a canary mail was posted: nobody is taken in before it came back secured. {_then()}")
    raise RunWaits(f"the canary mail is on its way: nobody is taken in before it has come back secured. {_then()}")


def go_on(*, now: datetime) -> Onboarded | None:
    """Look for canaries, and do the run that waited for one; None if none goes on. Raises MailboxAway."""
    if not canary.is_configured():
        return None
    canary.look(now=now)
    newest = canary.of_run()
    return _go_on(newest, now) if newest is not None and canary.lets_run(newest, now=now) else None


def _go_on(newest: Canary, now: datetime) -> Onboarded:
    """The run first: killed in between, it is done again, which is harmless."""
    done = onboard(now=now)
    canary.has_run(newest, now=now)
    return done


def _then() -> str:
    minutes = policy().canary_minutes
    return f"It has {minutes} minutes; a worker then goes on by itself, or give the same command again"


def _remedy() -> str:
    return "Repair the gateway, then give `extranet onboard` again: it sends another canary"
