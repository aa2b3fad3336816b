"""Other processes of the same site, for tests of what happens at once: same database, same store, same keys."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

ROOT = Path(__file__).parents[2]


class Another:
    """A running one, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def told(self) -> Any:
        """What it says in the end; what it logs before is passed over."""
        while not (line := self.line()).startswith("told "):
            assert line, "it ended without a word"
        return json.loads(line.removeprefix("told "))


@contextmanager
def others(*calls: list[str], data: Path) -> Iterator[list[Another]]:
    """All of them ready to go; ended with the block."""
    env = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "extranet.settings",
        "EXTRANET_DATA_DIR": str(data),
        "EXTRANET_DATABASE_URL": _database_url(),
        "EXTRANET_STORE_URL": settings.EXTRANET.store,
    }
    with ExitStack() as running:
        processes = []
        for call in calls:
            command = [sys.executable, "-m", "tests.reports.another_process", *call]
            pipe = subprocess.PIPE
            process = subprocess.Popen(command, env=env, cwd=ROOT, text=True, stdin=pipe, stdout=pipe)
            running.enter_context(process)
            running.callback(process.kill)
            processes.append(Another(process))
        for process_ in processes:
            assert process_.line() == "ready"
        yield processes


def _database_url() -> str:
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    return f"postgres://{found['USER']}@{found['HOST']}:{found['PORT']}/{found['NAME']}"
