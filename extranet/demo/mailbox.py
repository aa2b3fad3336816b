"""The demonstration's mailbox: every mail that the exchange sent, as its receiver would read it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from email.utils import parsedate_to_datetime
from itertools import islice
from pathlib import Path

NAME = re.compile(r"[0-9a-f-]{36}")
HEAD = 1_000  # bytes of a mail in which its receiver stands


@dataclass(frozen=True)
class Letter:
    """One mail. ``text`` is its plain-text part, blank in a listing."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str = ""


def letters(folder: Path, *, to: str = "", limit: int = 100) -> list[Letter]:
    """The newest mails first, as they arrived; those to one address where it is given."""
    files = sorted(folder.glob("*.eml"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    wanted = (file for file in files if not to or _is_to(file, to))
    return [_letter(file, with_text=False) for file in islice(wanted, limit)]


def letter(folder: Path, name: str) -> Letter | None:
    """The mail of that name, with its text; names are checked, never joined into a path unseen."""
    file = folder / f"{name}.eml"
    return _letter(file, with_text=True) if NAME.fullmatch(name) and file.is_file() else None


def _is_to(file: Path, to: str) -> bool:
    """Looks at the head as it stands, because reading all mails properly takes seconds."""
    with file.open("rb") as stream:
        return to.casefold().encode() in stream.read(HEAD).lower()


def _letter(file: Path, *, with_text: bool) -> Letter:
    with file.open("rb") as stream:
        message = BytesParser(policy=default).parse(stream, headersonly=not with_text)
    return Letter(
        name=file.stem,
        at=parsedate_to_datetime(str(message["Date"])),
        sender=str(message["From"]),
        to=str(message["To"]),
        subject=str(message["Subject"]),
        text=_text(message) if with_text else "",
    )


def _text(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    return str(part.get_content()) if part is not None else ""
