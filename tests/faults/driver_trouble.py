"""A publication that finds the disk full, the store away or the database away from its n-th step on, for every n, and
the same command again when that is over. Given by the command line, so that its code and its words are looked at.

``python -m tests.faults.driver_trouble TROUBLE DATA_DIR FILE DAY`` prints one JSON line a step.
"""

import errno
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

from tests.faults.driver import KIND, MOST_STEPS, Steps, again, in_child  # sets Django up

# isort: split
from click.testing import CliRunner
from django.db import OperationalError, connection

from extranet.cli.publications import publish
from extranet.reports import spill
from extranet.vault.folder_store import FileReader, FolderStore
from extranet.vault.stores import StoreAway

OF_STORE = ("writer", "open", "delete", "names", "leftovers", "sweep", "_publish")


class Trouble(Steps):
    """From the chosen step on nothing works any more."""

    def __init__(self, chosen: int, of_store: Exception, of_database: Exception) -> None:
        super().__init__(chosen, lambda: None)
        self.of_store, self.of_database, self.first = of_store, of_database, ""

    def step(self, name: str) -> None:
        self.meet(name, self.of_store)

    def meet(self, name: str, error: Exception) -> None:
        self.number += 1
        if self.number >= self.chosen:
            self.first = self.first or name
            raise error

    def wrap(self, owner: Any, name: str, error: Exception | None = None) -> None:
        real = getattr(owner, name)

        def watched(*arguments: Any, **named: Any) -> Any:
            self.meet(name, error or self.of_store)
            return real(*arguments, **named)

        setattr(owner, name, watched)

    def statements(self, stack: ExitStack, *, but: tuple[str, ...] = ()) -> None:
        def watched(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if not sql.startswith(but or "\0"):
                self.meet(sql.split("(")[0][:40].strip(), self.of_database)
            return execute(sql, params, many, context)

        stack.enter_context(connection.execute_wrapper(watched))
        self.wrap(connection, "_commit", self.of_database)


class WatchedFile:
    """A file of which every write is a step."""

    def __init__(self, file: Any, steps: Trouble, name: str) -> None:
        self._file, self._steps, self._name = file, steps, name

    def write(self, data: bytes) -> object:
        self._steps.step(self._name)
        return self._file.write(data)

    def __enter__(self) -> "WatchedFile":
        return self

    def __exit__(self, *told: Any) -> None:
        self._file.__exit__(*told)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def watch_writers(steps: Trouble) -> None:
    """Each piece that is written to an object of the store."""
    open_handle = os.fdopen

    def fdopen(handle: int, mode: str = "r", *arguments: Any, **named: Any) -> Any:
        file = open_handle(handle, mode, *arguments, **named)
        return WatchedFile(file, steps, "write") if mode == "wb" else file

    os.fdopen = fdopen  # type: ignore[assignment]


def full(steps: Trouble, stack: ExitStack) -> None:
    """Each write to pack, manifest and spill, each flush, each new name, and each statement that writes."""
    spill.IN_MEMORY = 0
    open_nameless = tempfile.TemporaryFile

    def nameless(*arguments: Any, **named: Any) -> Any:
        steps.step("spill")
        return WatchedFile(open_nameless(*arguments, **named), steps, "write to spill")

    tempfile.TemporaryFile = nameless
    watch_writers(steps)
    for name in ("fsync", "link", "mkdir"):
        steps.wrap(os, name)
    steps.statements(stack, but=("SELECT", "PRAGMA", "DELETE", "ROLLBACK"))


def store_away(steps: Trouble, stack: ExitStack) -> None:
    """Each call of the store, each piece written and each range read."""
    for name in OF_STORE:
        steps.wrap(FolderStore, name)
    steps.wrap(FileReader, "read")
    watch_writers(steps)


def database_away(steps: Trouble, stack: ExitStack) -> None:
    """Each statement, reading ones too, and each commit."""
    steps.statements(stack)


NO_SPACE = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
NO_ROW = OperationalError("database or disk is full")
NO_STORE = StoreAway("the store does not answer: try again")
NO_DATABASE = OperationalError("connection refused")
TROUBLES: dict[str, tuple[Callable[[Trouble, ExitStack], None], Exception, Exception]] = {
    "full": (full, NO_SPACE, NO_ROW),
    "store": (store_away, NO_STORE, NO_DATABASE),
    "database": (database_away, NO_STORE, NO_DATABASE),
}


def attempt(file: Path, day: date, steps: Trouble, watch: Callable[[Trouble, ExitStack], None]) -> dict[str, object]:
    """The command as it is typed, under trouble."""
    with ExitStack() as stack:
        watch(steps, stack)
        steps.number = 0
        done = CliRunner().invoke(publish, [KIND, str(file), "--as-of", day.isoformat(), "--release"])
    return {"code": done.exit_code, "words": done.stderr, "at": steps.first, "steps": steps.number}


def main(trouble: str, data: Path, file: Path, day: date) -> None:
    connection.close()
    watch, of_store, of_database = TROUBLES[trouble]
    for number in range(1, MOST_STEPS):
        tried = data.with_name(f"{data.name}-{trouble}-{number}")
        shutil.copytree(data, tried)
        steps = Trouble(number, of_store, of_database)
        first = in_child(tried, lambda steps=steps: attempt(file, day, steps, watch))  # type: ignore[misc]  # bound at once
        second = in_child(tried, lambda: again(file, day))
        shutil.rmtree(tried)
        print(json.dumps({"step": number, "first": first, "second": second}), flush=True)
        if not first["at"]:
            return


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), date.fromisoformat(sys.argv[4]))
