"""What a message says about a mail of ours: a delivery report (RFC 3464), or a complaint (RFC 5965).

Everything in it was written by strangers. Nothing here is believed yet; ``take_in.py`` compares it with the outbox.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import Compat32
from itertools import islice
from typing import Literal
from uuid import UUID

LARGEST = 256_000  # bytes; a report with one whole mail of ours has some 20,000
MOST_RECIPIENTS = 20  # our mails have one
MOST_BOUNDARIES = 50  # the parser compares each line with every boundary that is open; a report has two or three
LONGEST_VALUE = 2_000  # characters of one header that count
IDENTITY = re.compile(r"(?<![0-9a-f])[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}(?![0-9a-f])", re.I)
STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
ACTIONS = ("failed", "delayed", "relayed")  # "delivered" and "expanded" tell of nothing that went wrong
NO_COMPLAINTS = ("not-spam", "auth-failure")
ADDRESS = re.compile(r"[^\s<>;,]+@[^\s<>;,]+")

What = Literal["failed", "delayed", "relayed", "complaint"]


class NoReport(Exception):
    """The message reports nothing; the text is one of too_large, unreadable, other."""


class _Short(Compat32):
    """Cuts each header: the parser of their parameters takes the square of their length."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST_VALUE]


SHORT = _Short()


@dataclass(frozen=True)
class Said:
    """What is said of one recipient. ``addresses`` in lower case; none: the reporter hides them."""

    what: What
    status: str
    addresses: frozenset[str]


@dataclass(frozen=True)
class Report:
    """``mails``: the identities in the Message-ID (or envelope id) of what came back, as far as they are named."""

    mails: tuple[UUID, ...]
    said: tuple[Said, ...]


def read(raw: bytes) -> Report:
    """Take a message apart; raises NoReport, and nothing else whatever the bytes are."""
    if len(raw) > LARGEST:
        raise NoReport("too_large")
    try:
        found = _report(email.message_from_bytes(raw, policy=SHORT)) if _may_be_parsed(raw) else None
    except Exception:  # the parser of the standard library raises much on what attackers write, RecursionError too
        raise NoReport("unreadable") from None
    if found is None:
        raise NoReport("other")
    return found


def _may_be_parsed(raw: bytes) -> bool:
    """Whether the headers alone say that it is a report, and taking the whole apart cannot take long."""
    if BytesHeaderParser(policy=SHORT).parsebytes(raw).get_content_type() != "multipart/report":
        return False
    return raw.lower().count(b"boundary") <= MOST_BOUNDARIES


def _report(message: Message) -> Report | None:
    if not message.is_multipart():
        return None
    parts = [part for part in message.get_payload() if isinstance(part, Message)]
    said = list(islice((one for part in parts for one in _said(part)), MOST_RECIPIENTS))
    named = (name for part in parts for name in _returned_ids(part))
    ids = dict.fromkeys(islice(named, MOST_RECIPIENTS))
    if not ids:  # nothing was returned: then what it answers to
        ids = dict.fromkeys(name for field in ("In-Reply-To", "References") for name in _ids(message, field))
    return Report(tuple(ids)[:MOST_RECIPIENTS], tuple(said)) if said and ids else None


def _said(part: Message) -> Iterator[Said]:
    kind, blocks = part.get_content_type(), part.get_payload()
    if not isinstance(blocks, list):
        return
    if kind in ("message/delivery-status", "message/global-delivery-status"):
        yield from (one for block in blocks if isinstance(block, Message) and (one := _delivery(block)))
    elif kind == "message/feedback-report":
        yield from (one for block in blocks if isinstance(block, Message) and (one := _feedback(block)))


def _delivery(block: Message) -> Said | None:
    """The fields of one recipient; None for those of the whole message, which come first."""
    action = _text(block, "Action").lower()
    status = STATUS.search(_text(block, "Status"))
    if action not in ACTIONS or status is None:
        return None
    what: What = "failed" if action == "failed" else "delayed" if action == "delayed" else "relayed"
    return Said(what, status.group(), _addresses(block, "Original-Recipient", "Final-Recipient"))


def _feedback(block: Message) -> Said | None:
    feedback = _text(block, "Feedback-Type").lower()
    if not feedback or feedback in NO_COMPLAINTS:
        return None
    return Said("complaint", "", _addresses(block, "Original-Rcpt-To"))


def _returned_ids(part: Message) -> Iterator[UUID]:
    """The Message-ID of the mail that is returned whole, or of its headers alone."""
    kind, inside = part.get_content_type(), part.get_payload()
    if kind in ("message/rfc822", "message/global", "message/global-headers") and isinstance(inside, list):
        for message in inside:
            if isinstance(message, Message):
                yield from _ids(message, "Message-ID")
    elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
        yield from _ids(_headers(part), "Message-ID")
    elif kind == "message/delivery-status" and isinstance(inside, list):
        for block in inside:
            if isinstance(block, Message):
                yield from _ids(block, "Original-Envelope-Id")


def _headers(part: Message) -> Message:
    inside = part.get_payload()
    if isinstance(inside, list):
        return inside[0] if inside and isinstance(inside[0], Message) else Message()
    decoded = part.get_payload(decode=True)
    return BytesHeaderParser(policy=SHORT).parsebytes(decoded if isinstance(decoded, bytes) else b"")


def _ids(message: Message, field: str) -> list[UUID]:
    return [UUID(found) for found in IDENTITY.findall(_text(message, field))]


def _addresses(block: Message, *fields: str) -> frozenset[str]:
    """``rfc822; alice@example.org`` as the address alone, in lower case."""
    return frozenset(hit.group().lower() for field in fields for hit in ADDRESS.finditer(_text(block, field)))


def _text(message: Message, field: str) -> str:
    """A header as one text, whatever it holds; the first of the name counts."""
    return str(message.get(field, ""))[:LONGEST_VALUE].strip()
