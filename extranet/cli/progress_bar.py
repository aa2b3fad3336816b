"""A bar on the terminal: stage, how much of it, how fast, how long still. One line that overwrites itself."""

import shutil
import sys
import time
from collections.abc import Callable
from typing import TextIO

from extranet.reports.progress import Pace, Progress, Reached, silent

WIDTH = 24
DRAWN_EVERY = 0.1  # seconds
CLEAR = "\r\033[K"


def progress_on_terminal(target: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> Progress:
    """A bar on stderr where that is a terminal, and nothing elsewhere: a log file gets no half lines."""
    stream = sys.stderr if target is None else target
    return _Bar(stream, clock) if stream.isatty() else silent


class _Bar:
    def __init__(self, stream: TextIO, clock: Callable[[], float]) -> None:
        self._stream, self._clock, self._pace = stream, clock, Pace(clock)
        self._stage, self._drawn = "", 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        reached, now, is_over = self._pace.reached(stage, done, total), self._clock(), done >= total
        if is_over or stage != self._stage or now - self._drawn >= DRAWN_EVERY:
            self._stage, self._drawn = stage, now
            line = one_line(reached)[: shutil.get_terminal_size().columns - 1]
            self._stream.write(f"{CLEAR}{'' if is_over else line}")  # what is over leaves a clean line for the answer
            self._stream.flush()


def one_line(reached: Reached) -> str:
    """``seal       [#########---------------]  42%  58,000 of 140,000 rows, 31,200 a second, 3 s left``"""
    full = int(reached.share * WIDTH)
    bar = f"{reached.stage:<10} [{'#' * full}{'-' * (WIDTH - full)}] {reached.share:4.0%}"
    return f"{bar}  {reached.words}".rstrip()
