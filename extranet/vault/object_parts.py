"""What is being written to S3, or was when its writer died: parts that no reader sees, each with its writer's mark.

An upload in several requests first goes to ``.parts/<name>/<mark of the process>_<random>``. Killed, it stays in S3 as
an unfinished upload (billed, in no listing of objects) or as an object under that key.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from extranet.vault.processes import is_gone, own_mark

FOLDER: Final = ".parts"
ELSEWHERE_GONE_AFTER: Final = timedelta(hours=24)  # whether a process of another machine lives, only time tells
_in_hand: set[str] = set()  # parts that this process writes now


@dataclass(frozen=True)
class Part:
    """One trace in S3. ``upload`` is blank for an object; ``mark`` is blank for a copy on its way to its last name."""

    name: str
    mark: str
    key: str
    since: datetime
    upload: str = ""


@contextmanager
def part_key(prefix: str, name: str) -> Iterator[str]:
    """A key of its own for this writing; in hand for as long as the block lasts."""
    key = f"{prefix}{FOLDER}/{name}/{own_mark()}_{secrets.token_hex(8)}"
    _in_hand.add(key)
    try:
        yield key
    finally:
        _in_hand.discard(key)


def part_of(prefix: str, key: str, since: datetime, upload: str = "") -> Part:
    rest = key.removeprefix(prefix)
    if not rest.startswith(f"{FOLDER}/"):
        return Part(rest, "", key, since, upload)
    _, name, writer = rest.split("/", 2)
    return Part(name, writer.rpartition("_")[0], key, since, upload)


def abandoned(parts: Iterable[Part], now: datetime) -> list[Part]:
    """Those whose writer is gone. A copy belongs to whoever has a living part of that name."""
    parts = list(parts)
    gone = {part.key for part in parts if part.mark and _is_gone(part, now)}
    living = {part.name for part in parts if part.mark and part.key not in gone}
    return [part for part in parts if (part.key in gone if part.mark else part.name not in living)]


def _is_gone(part: Part, now: datetime) -> bool:
    gone = is_gone(part.mark)
    if gone is None:
        return part.since < now - ELSEWHERE_GONE_AFTER
    return gone or (part.mark == own_mark() and part.key not in _in_hand)
