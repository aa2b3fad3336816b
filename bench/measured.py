"""Run one piece of work in a process of its own; what it cost: CPU seconds of it and its children, and peak memory."""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """``cpu`` and ``wall`` in seconds, ``peak`` in MiB; ``told`` is what the work said of itself."""

    cpu: float
    wall: float
    peak: float
    told: dict[str, float]


def measured(module: str, *arguments: str, env: Mapping[str, str] | None = None) -> Cost:
    """``python -m bench.<module> arguments``; the cost that it prints of its work, without what starting it costs."""
    command = [sys.executable, "-m", f"bench.{module}", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    found = json.loads(done.stdout.splitlines()[-1])
    return Cost(found.pop("cpu"), found.pop("wall"), found.pop("peak"), found)


def tell(work: Callable[[], Mapping[str, float] | None]) -> None:
    """Do the work and print what it cost: the other end of ``measured``."""
    before, began = os.times(), time.monotonic()
    told = work() or {}
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    print(json.dumps({"cpu": cpu, "wall": time.monotonic() - began, "peak": peak_memory() / 1024, **told}))


def peak_memory() -> int:
    """KiB that this process, or a child of it, held at most. Its own ``ru_maxrss`` begins at what its parent held."""
    own = int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def table(headers: list[str], rows: list[list[str]]) -> str:
    """Markdown."""
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def size_of(path: Path) -> float:
    """MB."""
    return path.stat().st_size / 1e6
