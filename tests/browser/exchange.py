"""The demonstration exchange as people start it: the real command, its own folder, a free port, ended by SIGTERM."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

TEST_SETTINGS = ("EXTRANET_", "DJANGO_SETTINGS_MODULE")
COMMAND = Path(sys.executable).with_name("extranet")
AGENTS, WEEKS = 40, 2
BUILD_SECONDS = 150
END_SECONDS = 5


@dataclass(frozen=True)
class Exchange:
    """Where it listens: the portal and, on a host of its own, the reset site."""

    url: str
    folder: Path

    @property
    def reset_url(self) -> str:
        return f"http://reset.localhost:{urlsplit(self.url).port}"


@contextmanager
def running(folder: Path, said: Mapping[str, str] | None = None) -> Iterator[Exchange]:
    """Build and serve it, with these settings in the shell; on leaving, it must end within the promised time."""
    log = folder.with_suffix(".log")
    env = {name: value for name, value in os.environ.items() if not name.startswith(TEST_SETTINGS)}
    env.update(said or {})
    with log.open("w") as stderr:
        command = [str(COMMAND), "demo", str(folder), "--agents", str(AGENTS), "--weeks", str(WEEKS)]
        process = subprocess.Popen(
            [*command, "--port", str(_free_port())], stdout=subprocess.PIPE, stderr=stderr, text=True, env=env
        )
        try:
            assert process.stdout is not None
            yield Exchange(_ready(process, process.stdout, log), folder)
        finally:
            seconds = _end(process)
    assert seconds < END_SECONDS, f"SIGTERM took {seconds:.1f} s"


def _ready(process: subprocess.Popen[str], stdout: IO[str], log: Path) -> str:
    """The address that it prints when pages can be asked for."""
    end = time.monotonic() + BUILD_SECONDS
    for line in stdout:
        if line.startswith("READY "):
            return line.split()[1]
        assert time.monotonic() < end, "the demonstration takes too long to build"
    raise AssertionError(f"the demonstration ended with {process.wait()}: {log.read_text()[-2000:]}")


def _end(process: subprocess.Popen[str]) -> float:
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=2 * END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    return time.monotonic() - started


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
