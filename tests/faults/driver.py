"""A publication to which something happens at its n-th step, for every n, and the same command again.

``python -m tests.faults.driver DATA_DIR FILE DAY FAULT`` prints one JSON line a step. DATA_DIR is a set-up installation
with a roster. FAULT is ``kill``: a real SIGKILL before a statement that writes, an fsync, a link, a removal, a step of
the progress; ``disk``: no room left for a write, an fsync, a link; ``store``: the store is away; ``database``: a
statement fails since the database is away.
"""

import errno
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
from django.db import OperationalError, connection
from django.utils import timezone

from extranet.audit.chain import seal, verify
from extranet.audit.record import Actor
from extranet.cli.exit_codes import failure_of
from extranet.reports import spill
from extranet.reports.files_verify import verify_files, verify_packs
from extranet.reports.manifest import store
from extranet.reports.models import Current, Frame, Publication
from extranet.reports.orphans import orphans, unfinished
from extranet.reports.publish import publish
from extranet.reports.spill import Spill
from extranet.vault.folder_store import FolderStore
from extranet.vault.packs import PackWriter
from extranet.vault.stores import StoreAway

KIND = "book-of-business"
MOST_STEPS = 400


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def no_room() -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def store_away() -> None:
    raise StoreAway("the store does not answer")


def database_away() -> None:
    raise OperationalError("server closed the connection unexpectedly")


FAULTS = {"kill": kill, "disk": no_room, "store": store_away, "database": database_away}


class Steps:
    """Counts what happens; at the chosen one the fault happens instead."""

    def __init__(self, chosen: int, fault: str) -> None:
        self.chosen, self.fault, self.number, self.last = chosen, fault, 0, ""

    def step(self, name: str) -> None:
        self.number += 1
        self.last = name
        if self.number == self.chosen:
            FAULTS[self.fault]()

    def watch(self, stack: ExitStack) -> None:
        if self.fault in ("kill", "database"):
            stack.enter_context(connection.execute_wrapper(self._statement))
        if self.fault in ("kill", "disk"):
            for name in ("fsync", "link", *(["unlink"] if self.fault == "kill" else [])):
                self._wrap(os, name)
        if self.fault == "disk":
            self._wrap(Spill, "_put")
            self._wrap(PackWriter, "_write")
        if self.fault == "store":
            for name in ("writer", "open", "delete", "sweep"):
                self._wrap(FolderStore, name)

    def _wrap(self, home: Any, name: str) -> None:
        real = getattr(home, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            self.step(name)
            return real(*arguments, **named)

        setattr(home, name, watched)

    def _statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SELECT", "PRAGMA")) or self.fault == "database":
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
    """One publication under watch: how it ended."""

    def progress(stage: str, done: int, total: int) -> None:
        if steps.fault == "kill":
            steps.step(f"stage {stage}")

    with ExitStack() as stack:
        steps.watch(stack)
        try:
            now = timezone.now()
            outcome = publish(
                kind=KIND, source=file, as_of=day, by=Actor.shell(), now=now, release=True, progress=progress
            )
        except Exception as error:
            ended = failure_of(error)
            return {"code": ended.exit_code, "name": ended.name, "lines": ended.lines, "at": steps.last}
    return {"status": outcome.status, "steps": steps.number, "is_over": steps.number < steps.chosen}


def again(file: Path, day: date) -> dict[str, object]:
    """What an operator sees before the same command, and after it: everything once, nothing left over."""
    before = {"current": Current.objects.count(), "frames": Frame.objects.count()}
    now = timezone.now()
    outcome = publish(kind=KIND, source=file, as_of=day, by=Actor.shell(), now=now, release=True)
    seal(now=timezone.now())
    row = Publication.objects.get()
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


def main(data: Path, file: Path, day: date, fault: str) -> None:
    spill.IN_MEMORY = 0  # as if the file were large
    connection.close()
    for number in range(1, MOST_STEPS):
        tried = data.with_name(f"{data.name}-{fault}-{number}")
        shutil.copytree(data, tried)
        steps = Steps(number, fault)
        first = in_child(tried, lambda steps=steps: attempt(file, day, steps))  # type: ignore[misc]  # bound at once
        second = in_child(tried, lambda: again(file, day))
        shutil.rmtree(tried)
        print(json.dumps({"step": number, "first": first, "second": second}), flush=True)
        if first.get("is_over"):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), date.fromisoformat(sys.argv[3]), sys.argv[4])
