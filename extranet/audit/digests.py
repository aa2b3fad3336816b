"""The bytes that are hashed and signed. Never change them: what was sealed must verify for ten years (AU-11)."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from extranet.audit.models import Batch, Event
from extranet.vault.keys import SigningKey, verify

MARK = 8  # bytes of an event's digest that a batch keeps, enough to tell which event was touched
FIELDS = ("id", "uid", "at", "action", "actor_kind", "actor", "network", "subject", "detail", "count")
START = "0" * 64  # what the first batch continues
PAGE = 2_000  # events fetched at a time
STABLE = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)  # made once: a third of the time
BATCH_CONTEXT = b"agent-extranet audit batch 1\0"


@dataclass(frozen=True)
class Leaf:
    """One event as the chain sees it."""

    id: int
    uid: UUID
    digest: bytes

    @property
    def mark(self) -> bytes:
        return self.digest[:MARK]


def order() -> str:
    """The ordering number of events: the writing transaction on PostgreSQL, the id where one writes at a time.

    On PostgreSQL ids are taken before the commit, so an event may appear behind one with a higher id; the number of
    its transaction is known to lie beyond the horizon until it has ended.
    """
    return "xact" if connection.vendor == "postgresql" else "id"


def leaves(low: int, high: int) -> Iterator[Leaf]:
    """The events with an ordering number in [low, high), in the order in which they are sealed."""
    column = order()
    chosen = Event.objects.filter(**{f"{column}__gte": low, f"{column}__lt": high}).order_by(column, "id")
    for values in chosen.values_list(*FIELDS).iterator(chunk_size=PAGE):
        yield Leaf(id=values[0], uid=values[1], digest=hashlib.sha256(canonical(values)).digest())


def canonical(values: tuple[Any, ...]) -> bytes:
    """One event, given in the order of FIELDS, as bytes that do not depend on the database: sorted keys, UTC."""
    number, uid, at, *texts, detail, count = values
    return STABLE.encode([number, str(uid), moment(at), *texts, detail, count]).encode("utf-8", "surrogatepass")


def moment(at: object) -> str:
    """A moment as text; what is no moment any more is taken as it is, so that verifying reports it."""
    return at.astimezone(UTC).isoformat(timespec="microseconds") if isinstance(at, datetime) else repr(at)


def chain_value(batch: Batch) -> str:
    """Hash over every field of the batch that says what it holds, and over the batch before."""
    parts = [batch.previous, batch.number, batch.low, batch.high, batch.count, batch.digest, moment(batch.sealed_at)]
    return hashlib.sha256(json.dumps(parts, separators=(",", ":")).encode()).hexdigest()


def sign(batch: Batch, key: SigningKey) -> bytes:
    return key.sign(BATCH_CONTEXT + bytes.fromhex(batch.chain))


def is_signed(batch: Batch, key: SigningKey) -> bool:
    """True if the batch was signed by this key over the chain value that its own fields give."""
    signed = BATCH_CONTEXT + bytes.fromhex(chain_value(batch))
    return batch.signer == signer(key) and verify(key.public_bytes, bytes(batch.signature), signed)


def signer(key: SigningKey) -> str:
    """Digest of the public key."""
    return hashlib.sha256(key.public_bytes).hexdigest()
