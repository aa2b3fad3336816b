"""Programs that run together: a dead one is started again, all end together, none survives its parent."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import NoReturn

import structlog

POLL = 0.1  # seconds
GRACE = 4.0  # seconds from SIGTERM to SIGKILL: everything is over within five
LIVED = 10.0  # seconds after which a child counts as having started well
LONGEST_WAIT = 10.0  # seconds between two starts of a child that keeps dying

log = structlog.get_logger(__name__)


@dataclass
class Child:
    """One program, its process, and when it may be started again."""

    name: str
    command: Sequence[str]
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = field(default=0.0)

    def start(self) -> None:
        """In a group of its own, so that nothing that the child has started can outlive it."""
        self.process = subprocess.Popen(self.command, start_new_session=True)  # noqa: S603 -- our own program
        self.started_at = time.monotonic()

    def died(self) -> bool:
        """Note that the child is dead, and when to start it again: at once, then later and later."""
        if self.process is None or self.process.poll() is None:
            return False
        lived = time.monotonic() - self.started_at
        self.failures = 1 if lived > LIVED else self.failures + 1
        self.start_at = time.monotonic() + min(0.2 * 2 ** (self.failures - 1), LONGEST_WAIT)
        log.error("child died", child=self.name, status=self.process.returncode, lived=round(lived, 1))
        kill_group(self.process.pid)
        self.process = None
        return True


class Children:
    """Keeps programs running until it is told to stop (SIGTERM, SIGINT, or ``stop``)."""

    def __init__(self, commands: Mapping[str, Sequence[str]]) -> None:
        self.children = [Child(name, command) for name, command in commands.items()]
        self.stopping = threading.Event()

    def stop(self, *_signal: object) -> None:
        self.stopping.set()

    def run(self, *, tick: Callable[[], object] = lambda: None) -> None:
        """Start all, keep them running, end them all. ``tick`` is called often while they run."""
        before = {number: signal.signal(number, self.stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            while not self.stopping.is_set():
                self._tend()
                tick()
                self.stopping.wait(POLL)
        finally:
            self._end()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _tend(self) -> None:
        for child in self.children:
            if not child.died() and child.process is None and time.monotonic() >= child.start_at:
                child.start()

    def _end(self) -> None:
        living = [child.process for child in self.children if child.process is not None]
        for process in living:
            process.terminate()
        deadline = time.monotonic() + GRACE
        for process in living:
            try:
                process.wait(max(deadline - time.monotonic(), 0.01))
            except subprocess.TimeoutExpired:
                log.error("child killed: it did not end in time", pid=process.pid)
            kill_group(process.pid)
            process.wait()


def kill_group(leader: int) -> None:
    """Kill what a child left: a server that was killed leaves the processes that it had started."""
    with suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


def end_with_parent(parent: int) -> None:
    """End this process gently when ``parent`` is gone, even if it was killed and could tell nobody."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def leave() -> NoReturn:
    """End this process now. A server must be gone within seconds; taking the interpreter apart takes longer than all
    the rest, and everything that must last is committed or flushed."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
