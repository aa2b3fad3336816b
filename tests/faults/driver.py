"""A publication that is killed at its n-th step, for every n, and the same command again: run as a process of its own.

``python -m tests.faults.driver DATA_DIR FILE DAY`` prints one JSON line a step. DATA_DIR is a set-up installation with
a roster. A step is a statement that writes to the database, an fsync, a link, a removal, or a step of the progress; the
kill is a real SIGKILL, before the step is done.
"""

import json
import os
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "extranet.settings"

import django

django.setup()

from django.conf import settings
from django.db import connection
from django.utils import timezone

from extranet.audit.chain import seal, verify
from extranet.audit.record import Actor
from extranet.reports.files_verify import verify_files, verify_packs
from extranet.reports.manifest import store
from extranet.reports.models import Current, Frame, Publication
from extranet.reports.orphans import orphans, unfinished
from extranet.reports.publish import publish

KIND = "book-of-business"
MOST_STEPS = 400


class Steps:
    """Counts what happens; ``at`` the chosen one ``act`` is called instead."""

    def __init__(self, chosen: int, act: Callable[[], None]) -> None:
        self.chosen, self.act, self.number, self.last = chosen, act, 0, ""

    def step(self, name: str) -> None:
        self.number += 1
        self.last = name
        if self.number == self.chosen:
            self.act()

    def watch(self, stack: ExitStack) -> None:
        for name in ("fsync", "link", "unlink"):
            self._wrap(name)
        stack.enter_context(connection.execute_wrapper(self._statement))

    def _wrap(self, name: str) -> None:
        real = getattr(os, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            self.step(name)
            return real(*arguments, **named)

        setattr(os, name, watched)

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SELECT", "PRAGMA")):
            self.step(sql.split("(")[0][:40])
        return execute(sql, params, many, context)


def in_child(data: Path, work: Callable[[], dict[str, object]]) -> dict[str, object]:
    """Do the work in a child over that data folder; what it says, or ``{"killed": True}``."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        _settle(data)
        try:
            told = work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os.write(write, json.dumps(told).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return {"killed": os.WTERMSIG(status) == signal.SIGKILL}
    if status:
        raise SystemExit("a child failed; its trace stands above")
    result: dict[str, object] = json.loads(said)
    return result


def _settle(data: Path) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"data_dir": data})
    connection.settings_dict["NAME"] = str(data / "extranet.sqlite3")


def attempt(file: Path, day: date, steps: Steps) -> dict[str, object]:
    """One publication under watch."""
    with ExitStack() as stack:
        steps.watch(stack)
        outcome = publish(
            kind=KIND,
            source=file,
            as_of=day,
            by=Actor.shell(),
            now=timezone.now(),
            release=True,
            progress=lambda stage, done, total: steps.step(f"stage {stage}"),
        )
    return {"status": outcome.status, "steps": steps.number}


def again(file: Path, day: date) -> dict[str, object]:
    """What an operator sees before the same command, and after it: everything once, nothing left over."""
    before = {"current": Current.objects.count(), "frames": Frame.objects.count()}
    now = timezone.now()
    outcome = publish(kind=KIND, source=file, as_of=day, by=Actor.shell(), now=now, release=True)
    seal(now=timezone.now())
    row = Publication.objects.get(as_of=day)
    return {
        "before": before,
        "status": outcome.status,
        "state": str(row.state),
        "revision": row.revision,
        "rows": [row.rows_in, row.delivered, row.unassigned, row.quarantined],
        "frames": row.frames.count(),
        "objects": len(store().names()),
        "leftovers": [*orphans(), *unfinished()],
        "faults": [*verify_files().faults, *verify_packs().faults, *verify(now=now, by=Actor.shell()).faults],
        "spill": [path.name for path in (settings.EXTRANET.folder / "spill").glob("*")],
    }


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(data: Path, file: Path, day: date) -> None:
    connection.close()
    for number in range(1, MOST_STEPS):
        tried = data.with_name(f"{data.name}-{number}")
        shutil.copytree(data, tried)
        steps = Steps(number, kill)
        first = in_child(tried, lambda steps=steps: attempt(file, day, steps))  # type: ignore[misc]  # bound at once
        second = in_child(tried, lambda: again(file, day))
        shutil.rmtree(tried)
        print(json.dumps({"step": number, "first": first, "second": second}), flush=True)
        if "killed" not in first:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]))
