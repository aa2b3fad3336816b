"""The trail: events, the batches that seal them, and the tally of repeated refusals.

Protected: only this package writes here. Events and batches are append-only by database triggers (migration 0002).
Names are copied, nothing is linked: deleting a user can never delete what happened.
"""

import uuid

from django.db import models


class Event(models.Model):
    """One act, inserted in the act's own transaction. Never changed, never deleted."""

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    at = models.DateTimeField()
    action = models.CharField(max_length=60, db_index=True)
    actor_kind = models.CharField(max_length=12)  # agent, staff, shell, system, nobody
    actor = models.CharField(max_length=120, blank=True)  # copied name: a user name, staff\ada, os:root, timetable
    network = models.CharField(max_length=60, blank=True)  # /24 or /64 of the address
    subject = models.CharField(max_length=120, blank=True, db_index=True)  # whom or what it was done to, a copied name
    detail = models.JSONField(default=dict)  # typed facts (counts, ids, reasons), never consumer data
    count = models.PositiveIntegerField(default=1)
    # PostgreSQL: number of the writing transaction, filled by a trigger, orders events for sealing; 0 on SQLite
    xact = models.BigIntegerField(default=0)

    class Meta:
        db_table = "audit_events"
        indexes = [
            models.Index(fields=["xact", "id"], name="audit_event_order"),
            models.Index(fields=["actor", "at"], name="audit_event_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.action} {self.actor} {self.subject}"


class Batch(models.Model):
    """A sealed run of events: hash over their canonical bytes, chained to the batch before, signed (AU-9)."""

    number = models.PositiveBigIntegerField(primary_key=True)
    low = models.BigIntegerField()  # half-open interval [low, high) in the ordering number (xact or id)
    high = models.BigIntegerField()
    count = models.PositiveIntegerField()
    digest = models.CharField(max_length=64)  # SHA-256 over the digests of the events' canonical bytes
    marks = models.BinaryField()  # first 8 bytes of each event's digest: tells which event was touched
    previous = models.CharField(max_length=64)
    chain = models.CharField(max_length=64)  # SHA-256(previous chain, number, low, high, count, digest, sealed_at)
    sealed_at = models.DateTimeField()
    signature = models.BinaryField()
    signer = models.CharField(max_length=64)  # digest of the public key

    class Meta:
        db_table = "audit_batches"

    def __str__(self) -> str:
        return f"batch {self.number}: {self.count} events"


class RefusalTally(models.Model):
    """Repeats of one refusal within a minute: the first is an event, the rest are counted here and flushed as one."""

    action = models.CharField(max_length=60)
    actor_kind = models.CharField(max_length=12)  # copied into the event that tells the count
    actor = models.CharField(max_length=120, blank=True)
    subject = models.CharField(max_length=120, blank=True)
    network = models.CharField(max_length=60, blank=True)
    minute = models.DateTimeField()
    repeats = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "audit_refusal_tallies"
        constraints = [
            models.UniqueConstraint(fields=["action", "actor", "subject", "network", "minute"], name="audit_tally_once")
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject} {self.minute} +{self.repeats}"
