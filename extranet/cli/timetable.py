"""``onboard``, ``expire``, ``due``: the timetable's acts, by hand."""

from dataclasses import asdict
from datetime import datetime

from extranet import timetable
from extranet.cli.answers import Answer, act, moment
from extranet.cli.exit_codes import UNEXPECTED
from extranet.credentials import expiry, onboarding


@act()
@moment
def onboard(now: datetime) -> Answer:
    """Take in everyone certified before today who was not yet: an account and three mails each, never twice."""
    return _counted(asdict(onboarding.onboard(now=now)))


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
