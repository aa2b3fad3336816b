"""``onboard``, ``expire``, ``due``: the timetable's acts, by hand."""

from dataclasses import asdict
from datetime import datetime

from extranet import timetable
from extranet.cli.answers import Answer, act, moment
from extranet.cli.exit_codes import UNEXPECTED
from extranet.credentials import expiry, monday_run


@act()
@moment
def onboard(now: datetime) -> Answer:
    """Take in everyone certified before today who was not yet: an account and three mails each, never twice.

    Where a canary is configured it must have come back secured first: 5 while it is on its way, 7 where it did not.
    """
    return _counted(asdict(monday_run.run(now=now)))


@act()
@moment
def expire(now: datetime) -> Answer:
    """Warn whose password ends soon, note whose has ended; once a password."""
    return _counted(asdict(expiry.expire(now=now)))


@act()
@moment
def due(now: datetime) -> Answer:
    """Run everything that the timetable says is due."""
    ran = timetable.due(now=now)
    facts = {
        "ran": [{"name": run.name, "due_at": run.due_at, "outcome": run.outcome, "failed": run.failed} for run in ran]
    }
    lines = [f"{run.name}: {run.outcome}" for run in ran if not run.failed]
    failed = [f"{run.name}: {run.outcome}" for run in ran if run.failed]
    code = UNEXPECTED if failed else 0
    return Answer(facts, lines or ["nothing was due"], exit_code=code, complaints=failed)


def _counted(counts: dict[str, int]) -> Answer:
    return Answer(counts, [", ".join(f"{count} {name}" for name, count in counts.items())])
