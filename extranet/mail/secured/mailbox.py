"""Reading a mailbox that another program fills: a Maildir, a folder of ``.eml`` files, or one mbox file.

Everybody can send mail there: sizes and counts are bounded, links are not followed, nothing is changed.
"""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from stat import S_ISREG

LARGEST = 1_000_000  # bytes of one message; a canary has three thousand
NEWEST = 500  # messages looked at
TAIL = 20_000_000  # bytes at the end of an mbox
BEGINS = re.compile(rb"^From .*\r?\n", re.M)


class MailboxAway(Exception):
    """The mailbox cannot be read; the message names it."""


def newest(mailbox: Path) -> Iterator[bytes]:
    """Its newest messages as they lie there, in no certain order. Raises MailboxAway."""
    try:
        if mailbox.is_dir():
            yield from _of_files(mailbox)
        else:
            yield from _of_mbox(mailbox)
    except OSError as error:
        raise MailboxAway(f"{mailbox} cannot be read: {error.strerror}") from None


def _of_files(folder: Path) -> Iterator[bytes]:
    """A Maildir has its messages in two folders below, whatever they are called there."""
    places = [folder / name for name in ("new", "cur") if (folder / name).is_dir()]
    found = [file for place in places for file in place.iterdir()] if places else list(folder.glob("*.eml"))
    dated = [(state, file) for file in found if (state := _state_of(file)) and S_ISREG(state.st_mode)]
    dated = [(state, file) for state, file in dated if state.st_size <= LARGEST]
    for _, file in sorted(dated, key=lambda pair: pair[0].st_mtime_ns, reverse=True)[:NEWEST]:
        with suppress(FileNotFoundError):
            yield file.read_bytes()


def _state_of(file: Path) -> os.stat_result | None:
    """None where another program moved it away meanwhile."""
    with suppress(FileNotFoundError):
        return file.lstat()
    return None


def _of_mbox(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        stream.seek(max(0, stream.seek(0, 2) - TAIL))
        text = stream.read()
    begins = list(BEGINS.finditer(text))
    ends = [*(found.start() for found in begins), len(text)][1:]
    messages = [text[found.end() : end] for found, end in zip(begins, ends, strict=True)]
    yield from islice((message for message in reversed(messages) if len(message) <= LARGEST), NEWEST)
