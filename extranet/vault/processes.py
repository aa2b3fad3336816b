"""Who wrote that, and is it still at work? A process is told apart from a later one with the same number."""

import hashlib
import os
import re
import socket
from pathlib import Path
from typing import Final

_APART: Final = ("/proc/sys/kernel/random/boot_id", "/proc/self/ns/pid")


def own_mark() -> str:
    """This process: machine, number, and when it was started. Letters, digits, dot and hyphen, parted by ``_``."""
    return f"{_machine()}_{os.getpid()}_{_started(os.getpid())}"


def is_gone(mark: str) -> bool | None:
    """True for a process of this machine that is certainly gone, False for one that lives; None: of another machine."""
    parts = mark.split("_")
    if len(parts) != 3 or parts[0] != _machine() or not parts[1].isdigit():
        return None
    return _started(int(parts[1])) != parts[2]


def _machine() -> str:
    """Name, and a digest of what tells machines and containers of one name apart: their kernel's start, their pids."""
    name = socket.gethostname()
    apart = hashlib.sha256("\0".join([name, *map(_said, _APART)]).encode()).hexdigest()[:12]
    return re.sub(r"[^A-Za-z0-9.-]", "-", name)[:17] + "-" + apart


def _said(place: str) -> str:
    try:
        return os.readlink(place) if place.endswith("pid") else Path(place).read_text().strip()
    except OSError:
        return ""


def _started(pid: int) -> str:
    """When the kernel started that process, in its own ticks; blank if there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "" if not _exists(pid) else "x"
    return stat.rpartition(")")[2].split()[19]


def _exists(pid: int) -> bool:
    """For systems without /proc: there only a missing process counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
