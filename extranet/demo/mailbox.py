"""The demonstration's mailbox: every mail that the exchange sent, as its receiver would read it."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_binary_file
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

NAME = re.compile(r"[0-9a-f-]{36}")


@dataclass(frozen=True)
class Letter:
    """One mail. ``text`` is its plain-text part, blank in a listing."""

    name: str
    at: datetime
    sender: str
    to: str
    subject: str
    text: str = ""


def letters(folder: Path, *, to: str = "", limit: int = 200) -> list[Letter]:
    """The newest mails first; those to one address where it is given."""
    found = [_letter(file, with_text=False) for file in folder.glob("*.eml")]
    wanted = [letter for letter in found if to.casefold() in letter.to.casefold()]
    return sorted(wanted, key=lambda letter: (letter.at, letter.name), reverse=True)[:limit]


def letter(folder: Path, name: str) -> Letter | None:
    """The mail of that name, with its text; names are checked, never joined into a path unseen."""
    file = folder / f"{name}.eml"
    return _letter(file, with_text=True) if NAME.fullmatch(name) and file.is_file() else None


def _letter(file: Path, *, with_text: bool) -> Letter:
    with file.open("rb") as stream:
        message = message_from_binary_file(stream, policy=default)
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
