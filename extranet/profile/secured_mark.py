"""What tells the exchange's gateway to secure a mail: a word first in the subject (J7, J8), a header, or both."""

import re

from extranet.profile.reading import Table

OURS = re.compile(
    r"from|sender|to|cc|bcc|reply-to|subject|date|message-id|auto-submitted|mime-version|references|in-reply-to"
    r"|received|return-path|dkim-signature|content-.*|resent-.*|arc-.*",
    re.I,
)
"""Headers that the message has already, or that say who sent it: a second one would make of it another mail."""


def read_mark(portal: Table) -> str:
    """The word; blank where a header alone does it."""
    mark = portal.text("secured_mark", "").strip()
    if mark and not re.fullmatch(r"[!-~]([ -~]{0,38}[!-~])?", mark):
        raise portal.refused("secured_mark", f"is {mark!r}; write at most 40 plain signs on one line, e.g. [secure]")
    return mark


def read_header(portal: Table) -> tuple[str, str] | None:
    """Name and value of the header; None where the word alone does it."""
    text = portal.text("secured_header", "")
    if not text.strip():
        return None
    found = re.fullmatch(r"([A-Za-z][A-Za-z0-9-]{0,60}):[ ]?([!-~]([ -~]{0,118}[!-~])?)", text)
    if found is None:
        raise portal.refused("secured_header", f"is {text!r}; write one header on one line, e.g. X-Secure-Mail: yes")
    if OURS.fullmatch(found[1]):
        raise portal.refused("secured_header", f"{found[1]} is a header that every mail has already; take another")
    return found[1], found[2]
