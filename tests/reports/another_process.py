"""What another process of the site does, started by tests/reports/others.py: ``VERB NOW ...``.

It says ``ready``, waits for a line, acts, and tells what happened as one line of JSON.
"""

import io
import json
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from threading import Event, Thread
from uuid import UUID

import django

django.setup()

from extranet.agents.models import Agent  # noqa: E402  # the settings must stand first
from extranet.audit.record import Actor  # noqa: E402
from extranet.jobs.worker import work_once  # noqa: E402
from extranet.reports.publish import publish  # noqa: E402
from extranet.reports.ready import post_ready_mails  # noqa: E402
from extranet.reports.refusals import ReportsRefused  # noqa: E402
from extranet.reports.shelf import open_book  # noqa: E402


def publish_file(now: datetime, kind: str, file: str, as_of: str) -> object:
    """The status, or the name of what refused it."""
    source, by = io.BytesIO(Path(file).read_bytes()), Actor("staff", "staff\\ada")
    try:
        done = publish(kind=kind, source=source, as_of=date.fromisoformat(as_of), by=by, now=now, release=True)
    except ReportsRefused as error:
        return type(error).__name__
    return done.status


def read_until_told(now: datetime, kind: str, license: str, column: str) -> object:
    """Open the book again and again until a second line comes: each week that was seen, with the values of a column."""
    agent, stop = Agent.objects.get(license=license), Event()
    Thread(target=_set_by_a_line, args=(stop,), daemon=True).start()
    seen: set[tuple[str, tuple[str, ...], int]] = set()
    while True:
        last = stop.is_set()
        book = open_book(agent=agent, kind=kind, week=None, actor=Actor("agent", license), now=now, gate=lambda: None)
        place = [each.key for each in book.columns].index(column)
        values = tuple(sorted({row[place] for row in book.rows}))
        seen.add((book.as_of.isoformat(), values, len(book.rows)))
        if last:
            return sorted(seen)


def _set_by_a_line(stop: Event) -> None:
    sys.stdin.readline()
    stop.set()


def work(now: datetime) -> object:
    """How many tasks were run."""
    return work_once(now=now)


def tell(now: datetime, publication: str) -> object:
    """Fan the ready mails out, as a worker does whose task was given to a second one; how many it told."""
    return post_ready_mails(publication_id=UUID(publication), now=now)


VERBS: dict[str, Callable[..., object]] = {
    "publish": publish_file,
    "read": read_until_told,
    "work": work,
    "tell": tell,
}

if __name__ == "__main__":
    _, verb, moment, *words = sys.argv
    print("ready", flush=True)  # noqa: T201  # the test waits for it
    sys.stdin.readline()
    print("told", json.dumps(VERBS[verb](datetime.fromisoformat(moment), *words)), flush=True)  # noqa: T201
