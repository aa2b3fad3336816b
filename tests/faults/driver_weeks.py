"""The second of two weeks, killed at its n-th step for every n: what the agents are shown then, and after the same
command again.

``python -m tests.faults.driver_weeks DATA_DIR FILE DAY`` prints one JSON line a step. In DATA_DIR the
week before is released.
"""

import json
import shutil
import sys
from datetime import date
from hashlib import sha256
from pathlib import Path

from tests.faults.driver import KIND, MOST_STEPS, Steps, again, attempt, in_child, kill  # sets Django up

# isort: split
from django.db import connection
from django.utils import timezone

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.reports.models import Current
from extranet.reports.shelf import open_book, weeks


def shown() -> dict[str, object]:
    """The week that is current, and what each agent is shown without asking for a week."""
    now, books = timezone.now(), dict[str, list[str]]()
    for agent in Agent.objects.order_by("license"):
        actor = Actor("agent", agent.license)
        book = open_book(agent=agent, kind=KIND, week=None, actor=actor, now=now, gate=lambda: None)
        beside = [week.as_of.isoformat() for week in weeks(agent=agent, kind=KIND, now=now) if week.rows]
        digest = sha256(repr(sorted(book.rows)).encode()).hexdigest()
        books[agent.license] = [book.as_of.isoformat(), digest, *beside]
    return {"current": Current.objects.get(kind=KIND).publication.as_of.isoformat(), "books": books}


def killed(number: int, file: Path, day: date) -> dict[str, object]:
    """Before the first step nothing is begun."""
    return attempt(file, day, Steps(number, kill)) if number else {}


def main(data: Path, file: Path, day: date) -> None:
    connection.close()
    for number in range(MOST_STEPS):
        tried = data.with_name(f"{data.name}-weeks-{number}")
        shutil.copytree(data, tried)
        first = in_child(tried, lambda number=number: killed(number, file, day))  # type: ignore[misc]  # bound at once
        meanwhile = in_child(tried, shown)
        second = in_child(tried, lambda: again(file, day))
        after = in_child(tried, shown)
        shutil.rmtree(tried)
        told = {"step": number, "first": first, "meanwhile": meanwhile, "second": second, "after": after}
        print(json.dumps(told), flush=True)
        if number and "killed" not in first:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
