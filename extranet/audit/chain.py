"""Sealing the trail: batches of events, hashed, chained, signed, with checkpoints outside the database (AU-9).

Events are plain inserts; nothing waits for the sealer, and one slow transaction holds nobody up. It takes what can no
longer change: on PostgreSQL all events of transactions below the horizon of those still running.
"""

import base64
import json
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import TextIO

from django.db import IntegrityError, connection, transaction
from django.db.models import Max

from extranet.audit import checkpoints
from extranet.audit.checkpoints import IntegrityFailure
from extranet.audit.digests import FIELDS, START, chain_value, leaves, moment, order, sign, signer
from extranet.audit.models import Batch, Event
from extranet.audit.verify import Verification, verify
from extranet.keyring.ring import signing_key

__all__ = ["IntegrityFailure", "Verification", "export", "exported", "seal", "verify"]

EVENT_LINE = '{"event"'
BATCH_EVENTS = 10_000  # about; a transaction is never split


def seal(*, now: datetime) -> int:
    """Seal all events that can no longer change; how many. One sealer works at a time, another gets 0 at once.

    Raises IntegrityFailure if the newest batch and the newest checkpoint contradict each other: then nothing more is
    sealed until a person has looked. Not to be called inside a transaction.
    """
    total = 0
    with checkpoints.exclusively() as mine:
        while mine and (sealed := _seal_one(now)):
            total += sealed
    return total


def export(*, stream: TextIO, first: int = 1) -> int:
    """Write events and batches from batch ``first`` on as JSON lines; how many events. See ``exported``."""
    written = 0
    for line in exported(first=first):
        written += line.startswith(EVENT_LINE)
        stream.write(line)
    return written


def exported(*, first: int = 1) -> Iterator[str]:
    """The lines of an export, each batch behind its events, in bounded memory.

    Ends with the last batch: unsealed events are not exported.
    """
    for batch in Batch.objects.filter(number__gte=first).order_by("number").iterator(chunk_size=100):
        column = order()
        chosen = Event.objects.filter(**{f"{column}__gte": batch.low, f"{column}__lt": batch.high})
        for values in chosen.order_by(column, "id").values(*FIELDS).iterator():
            facts = {**values, "uid": str(values["uid"]), "at": moment(values["at"])}
            yield json.dumps({"event": facts}, sort_keys=True) + "\n"
        yield json.dumps({"batch": _batch_facts(batch)}, sort_keys=True) + "\n"


def _seal_one(now: datetime) -> int:
    last = Batch.objects.order_by("-number").first()
    checkpoints.agree_with(last)
    try:
        with transaction.atomic(durable=True):
            batch = _next_batch(last, now)
            if batch is None:
                return 0
            batch.save(force_insert=True)
    except IntegrityError:  # a sealer with another checkpoint folder was faster; the next call refuses it
        return 0
    checkpoints.write(batch)
    return batch.count


def _next_batch(last: Batch | None, now: datetime) -> Batch | None:
    number, low, previous = (last.number + 1, last.high, last.chain) if last else (1, 0, START)
    high = _upper_bound(low, _horizon(low))
    run = list(leaves(low, high))
    if not run:
        return None
    key = signing_key()
    batch = Batch(number=number, low=low, high=high, count=len(run), previous=previous, sealed_at=now)
    batch.digest = sha256(b"".join(leaf.digest for leaf in run)).hexdigest()
    batch.marks = b"".join(leaf.mark for leaf in run)
    batch.chain = chain_value(batch)
    batch.signature, batch.signer = sign(batch, key), signer(key)
    return batch


def _horizon(low: int) -> int:
    """The ordering number below which no event can appear any more."""
    if connection.vendor != "postgresql":
        newest: int | None = Event.objects.aggregate(newest=Max("id"))["newest"]
        return (newest or 0) + 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        horizon = int(cursor.fetchone()[0])
    if horizon < low:
        raise IntegrityFailure(
            f"the database counts transactions from {horizon}, the trail is sealed up to {low}: "
            "it was moved to another server without its counter, and new events would go unsealed"
        )
    return horizon


def _upper_bound(low: int, horizon: int) -> int:
    """Where a batch ends: at the horizon, or after about BATCH_EVENTS events, between two ordering numbers."""
    column = order()
    waiting = Event.objects.filter(**{f"{column}__gte": low, f"{column}__lt": horizon}).order_by(column, "id")
    numbers = waiting.values_list(column, flat=True)
    next_one: int | None = numbers[BATCH_EVENTS : BATCH_EVENTS + 1].first()
    if next_one is None:
        return horizon
    lowest: int = numbers[0]
    return next_one if next_one > lowest else next_one + 1


def _batch_facts(batch: Batch) -> dict[str, str | int]:
    return {
        "number": batch.number,
        "low": batch.low,
        "high": batch.high,
        "count": batch.count,
        "digest": batch.digest,
        "previous": batch.previous,
        "chain": batch.chain,
        "sealed_at": moment(batch.sealed_at),
        "signer": batch.signer,
        "signature": base64.b64encode(bytes(batch.signature)).decode(),
    }
