"""Acts of the site in processes of their own, several at once, some of them killed at a random moment."""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LONGEST = 600.0  # seconds of a child; a year must end

Work = Callable[[], Any]


class ChildFailed(Exception):
    """A child ended in another way than it should; its trace stands in ``children.log``. That is a fault of the site:
    whatever is killed or away, an act that lives on must end well."""


@dataclass
class Child:
    """One act. It is killed with SIGKILL after so many seconds, or as soon as ``kill_when`` says so; unless it was
    faster."""

    name: str
    work: Work
    kill_after: float | None = None
    kill_when: Callable[[], bool] | None = None
    pid: int = 0
    killed: bool = False
    seconds: float = 0.0
    said: Any = None


@dataclass
class Children:
    """Starts children from this process, which has Django set up and no connection open."""

    folder: Path
    killed: int = 0
    run: int = 0
    typical: dict[str, float] = field(default_factory=dict)

    def together(self, children: list[Child]) -> list[Child]:
        """Run all at once, wait for all. Raises ChildFailed where one ended by itself with an error."""
        began = time.monotonic()
        for number, child in enumerate(children):
            child.pid = self._start(child, self._file(number))
        while any(child.pid for child in children):
            self._look(children, time.monotonic() - began)
            time.sleep(0.001)
        for number, child in enumerate(children):
            if not child.killed:
                child.said = json.loads(self._file(number).read_text())
        return children

    def _file(self, number: int) -> Path:
        return self.folder / f"said-{number}.json"

    def _start(self, child: Child, file: Path) -> int:
        pid = os.fork()
        if pid:
            self.run += 1
            return pid
        code = 1
        try:
            with (self.folder / "children.log").open("a") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            file.write_text(json.dumps(child.work()))
            code = 0
        except BaseException:
            traceback.print_exc()
        sys.stderr.flush()
        os._exit(code)

    def _look(self, children: list[Child], passed: float) -> None:
        for child in children:
            if not child.pid:
                continue
            ended, status = os.waitpid(child.pid, os.WNOHANG)
            if ended:
                self._ended(child, status, passed)
            elif passed > LONGEST or _its_time(child, passed):
                os.kill(child.pid, signal.SIGKILL)
                child.kill_after = child.kill_when = None

    def _ended(self, child: Child, status: int, passed: float) -> None:
        child.pid, child.seconds = 0, passed
        if os.WIFSIGNALED(status) and passed <= LONGEST:
            child.killed = True
            self.killed += 1
        elif status:
            log = self.folder / "children.log"
            raise ChildFailed(f"a child ({child.name}) failed: {log.read_text().splitlines()[-1]}; see {log}")
        else:
            self.typical[child.name] = passed


def _its_time(child: Child, passed: float) -> bool:
    if child.kill_when is not None and child.kill_when():
        return True
    return child.kill_after is not None and passed >= child.kill_after
