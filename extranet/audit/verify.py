"""Recomputing the whole trail: every event, every batch, every checkpoint, and what contradicts what (AU-9)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import zip_longest

from django.db import transaction
from django.db.models import Sum

from extranet.audit import checkpoints
from extranet.audit.actions import Action
from extranet.audit.checkpoints import Checkpoint
from extranet.audit.digests import MARK, START, Leaf, chain_value, is_signed, leaves, order, signer
from extranet.audit.models import Batch, Event
from extranet.audit.record import Actor, record
from extranet.keyring.ring import signing_key

SAID_PER_BATCH = 20  # faults named a batch; the rest are counted
AUDIT = Actor.system("audit")


@dataclass(frozen=True)
class Verification:
    """What was found. ``unsealed`` events are too young for a batch: nothing proves them yet."""

    batches: int
    events: int
    unsealed: int
    faults: list[str]

    @property
    def ok(self) -> bool:
        return not self.faults


def verify(*, now: datetime, by: Actor = AUDIT) -> Verification:
    """Check everything and record that it was checked. Reads each event once, in bounded memory a batch.

    A fault is reported again on every run until a person deals with it: nothing is repaired here.
    """
    points, faults = checkpoints.read_all()  # first: a batch is committed before its checkpoint is written
    last: Batch | None = None
    count = 0
    for batch in Batch.objects.order_by("number").iterator(chunk_size=100):
        faults += _link_faults(batch, last)
        faults += _signature_faults(batch)
        faults += _event_faults(batch)
        faults += _checkpoint_faults(batch, points)
        last, count = batch, count + 1
    faults += _tail_faults(last, points)
    found = Verification(
        batches=count,
        events=Batch.objects.filter(number__lte=last.number if last else 0).aggregate(n=Sum("count"))["n"] or 0,
        unsealed=Event.objects.filter(**{f"{order()}__gte": last.high if last else 0}).count(),
        faults=faults,
    )
    _record(found, now=now, by=by)
    return found


def _record(found: Verification, *, now: datetime, by: Actor) -> None:
    detail = {"ok": found.ok, "batches": found.batches, "events": found.events, "faults": len(found.faults)}
    with transaction.atomic():
        record(action=Action.AUDIT_VERIFIED, now=now, actor=by, detail=detail)


def _link_faults(batch: Batch, before: Batch | None) -> Iterator[str]:
    number, chain, high = (before.number, before.chain, before.high) if before else (0, START, 0)
    if batch.number != number + 1:
        missing = (
            f"batch {number + 1} is"
            if batch.number == number + 2
            else f"batches {number + 1} to {batch.number - 1} are"
        )
        yield f"{missing} missing"
    elif batch.previous != chain or batch.low != high:
        yield f"batch {batch.number} does not continue batch {number}"
    if before is None and Event.objects.filter(**{f"{order()}__lt": batch.low}).exists():
        yield f"events were inserted before the first batch, {batch.number}"


def _signature_faults(batch: Batch) -> Iterator[str]:
    key = signing_key()
    if chain_value(batch) != batch.chain:
        yield f"batch {batch.number} was changed: its fields do not give its chain value"
    elif batch.signer != signer(key):
        yield f"batch {batch.number} was signed by another key, {batch.signer[:16]}"
    elif not is_signed(batch, key):
        yield f"batch {batch.number}: its signature is forged"


def _checkpoint_faults(batch: Batch, points: Mapping[int, Checkpoint]) -> Iterator[str]:
    point = points.get(batch.number)
    if point is not None and (point.chain, point.high, point.count) != (batch.chain, batch.high, batch.count):
        yield f"batch {batch.number} differs from its checkpoint of {point.sealed_at}"


def _tail_faults(last: Batch | None, points: Mapping[int, Checkpoint]) -> Iterator[str]:
    number = last.number if last else 0
    beyond = sorted(point for point in points if point > number)
    if beyond:
        yield f"the trail was cut: checkpoint {beyond[-1]} lies beyond the last batch, {number}"
    later, _ = checkpoints.read_all()  # a sealer may have gone on while we read
    absent = [n for n in range(1, number) if n not in points and n not in later]
    if absent:  # the newest batch may be without: its sealer was killed, the next writes it
        yield f"{len(absent)} checkpoints are missing, the first of batch {absent[0]}"


def _event_faults(batch: Batch) -> list[str]:
    try:
        actual = list(leaves(batch.low, batch.high))
    except ValueError as error:
        return [f"batch {batch.number}: an event cannot be read any more ({type(error).__name__})"]
    marks = bytes(batch.marks)
    same_marks = marks == b"".join(leaf.mark for leaf in actual)
    same_digest = sha256(b"".join(leaf.digest for leaf in actual)).hexdigest() == batch.digest
    if same_digest and same_marks and len(actual) == batch.count:
        return []
    if same_digest or same_marks:
        return [f"batch {batch.number} was changed: count, digest and marks contradict each other"]
    found = list(_located(batch.number, [marks[i : i + MARK] for i in range(0, len(marks), MARK)], actual))
    rest = len(found) - SAID_PER_BATCH
    return found if rest <= 0 else [*found[:SAID_PER_BATCH], f"batch {batch.number}: {rest} more events are wrong"]


def _located(number: int, marks: list[bytes], actual: list[Leaf]) -> Iterator[str]:
    """Which events of the batch were touched, by their marks."""
    sealed, here = Counter(marks), Counter(leaf.mark for leaf in actual)
    gone = [place for place, mark in enumerate(marks, 1) if mark not in here]
    strange = [leaf for leaf in actual if leaf.mark not in sealed]
    if sealed == here:
        place = next(i for i, (mark, leaf) in enumerate(zip(marks, actual, strict=True), 1) if mark != leaf.mark)
        yield f"batch {number}: events were reordered, from place {place} on (event {actual[place - 1].id})"
    for place, leaf in zip_longest(gone, strange):
        if leaf is None:
            yield f"batch {number}: the event at place {place} was removed"
        elif place is None:
            yield f"batch {number}: event {leaf.id} ({leaf.uid}) was inserted"
        else:
            yield f"batch {number}: event {leaf.id} ({leaf.uid}) was changed"
    if not gone and not strange and sealed != here:
        yield f"batch {number}: events were doubled or doubles of them removed"
