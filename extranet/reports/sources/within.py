"""The child's side of a bounded opening: its limits, its input, and what it tells the parent, piece by piece.

A child is started with ``python -m``, holds no key and no connection, and sees nothing but the file on stdin. What is
written here knows neither Django nor a layout, so that a child begins at once.
"""

import json
import resource
import sys
from collections.abc import Callable

INPUT = "/dev/fd/0"  # may be opened anew, with a place of its own
FACTS, ROWS, REFUSED, ENDED = b"F", b"R", b"X", b"E"
CRASHED = 70  # exit code after an error that nobody expected


class Unreadable(Exception):
    """The file cannot be taken; the message is the reason, without any value of the file."""


def tell(kind: bytes, body: bytes = b"") -> None:
    """One piece: its kind, its length, its bytes."""
    sys.stdout.buffer.write(kind + len(body).to_bytes(8, "big") + body)
    sys.stdout.buffer.flush()


def tell_json(kind: bytes, value: object) -> None:
    tell(kind, json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


def run(act: Callable[[], None], *, memory: int, seconds: int) -> None:
    """Do it within ``memory`` bytes of its own and ``seconds`` of the processor, and say how it ended."""
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # no row ever lies on the disk
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        act()
        tell(ENDED)
    except Unreadable as error:
        tell_json(REFUSED, str(error))
    except BrokenPipeError:
        sys.exit(CRASHED)  # the parent has heard enough
