"""Publications, where each agent's frame lies in its pack, and which publication is the one to read.

No consumer's data stands here: counts, ids, offsets and digests only.
"""

import uuid
from uuid import UUID

from django.db import models
from django.db.models import Q

from extranet.agents.models import Agent


class PublicationState(models.TextChoices):
    RECEIVED = "received"
    CHECKED = "checked"
    HELD = "held"  # a threshold asks for a person
    SEALED = "sealed"  # durable and reconciled; waits for release
    RELEASED = "released"
    RECALLED = "recalled"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    REFUSED = "refused"


class Publication(models.Model):
    """One statewide file of one kind and day, as published."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    as_of = models.DateField()
    revision = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=PublicationState)
    input_sha256 = models.CharField(max_length=64, blank=True)  # blank until the file was read to its end
    input_bytes = models.BigIntegerField(default=0)
    layout_version = models.CharField(max_length=20)
    rows_in = models.BigIntegerField(default=0)
    delivered = models.BigIntegerField(default=0)
    unassigned = models.BigIntegerField(default=0)
    quarantined = models.BigIntegerField(default=0)
    cases = models.BigIntegerField(default=0)
    members = models.BigIntegerField(default=0)
    agents = models.PositiveIntegerField(default=0)
    figures = models.JSONField(default=dict)  # fill and mix of values by column (figures.py); counts only
    pack = models.CharField(max_length=120, blank=True)
    pack_sha256 = models.CharField(max_length=64, blank=True)
    manifest = models.JSONField(default=dict)  # counts and sums, signed (manifest_signature)
    manifest_signature = models.BinaryField(default=b"")
    faults = models.JSONField(default=list)  # up to 1,000 of: line, column, reason; never a value
    held_for = models.JSONField(default=list)  # why a person must look
    stops = models.JSONField(default=list)  # the same with the figures side by side (thresholds.py)
    overruled_by = models.CharField(max_length=120, blank=True)
    overruled_reason = models.CharField(max_length=300, blank=True)
    progress = models.JSONField(default=dict)  # how far a run has come, for the staff page: stage, done, total, rate
    compared_with = models.UUIDField(null=True)  # the publication of the week before that the changes are against
    changes = models.JSONField(default=dict)  # statewide counts of changes by what they mean
    received_at = models.DateTimeField()
    received_by = models.CharField(max_length=120)
    sealed_at = models.DateTimeField(null=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.CharField(max_length=120, blank=True)
    recalled_at = models.DateTimeField(null=True)
    recalled_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "publications"
        constraints = [
            models.UniqueConstraint(fields=["kind", "as_of", "revision"], name="publication_once_a_revision"),
            models.UniqueConstraint(
                fields=["kind", "as_of"],
                condition=Q(state__in=["sealed", "released"]),
                name="one_living_publication_a_day",
            ),
        ]
        indexes = [models.Index(fields=["kind", "state", "as_of"], name="publications_by_kind")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.as_of} r{self.revision}: {self.state}"


class Frame(models.Model):
    """Index row: where one owner's sealed lines lie in the pack. Can be rebuilt from the pack's trailer."""

    publication = models.ForeignKey(Publication, on_delete=models.CASCADE, related_name="frames")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="frames")
    owner = models.UUIDField()  # bound in the AAD: the agent's id; for unassigned rows an id of the license
    frame = models.CharField(max_length=12)  # lines, changes, unassigned, amended, quarantine
    offset = models.BigIntegerField()
    length = models.BigIntegerField()
    rows = models.PositiveIntegerField()
    cases = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict)  # of a frame of changes: how many of which meaning
    wrapped_key = models.BinaryField()  # the frame's data key under the owner's key
    key_version = models.PositiveIntegerField()

    class Meta:
        db_table = "frames"
        constraints = [
            models.UniqueConstraint(fields=["publication", "owner", "frame"], name="one_frame_an_owner"),
        ]
        indexes = [models.Index(fields=["publication", "agent", "frame"], name="frames_of_agent")]

    def __str__(self) -> str:
        return f"{self.frame} of {self.owner} in {self.publication_id}"

    @property
    def holder(self) -> UUID:
        """Whose key wraps the data key, where it is not one of the system: the agent's, or that of rows that wait."""
        return self.agent_id or self.owner


class Current(models.Model):
    """The one pointer a kind: every reader follows it, the switch moves it."""

    kind = models.CharField(max_length=40, primary_key=True)
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, related_name="+")
    switched_at = models.DateTimeField()

    class Meta:
        db_table = "current_publications"

    def __str__(self) -> str:
        return f"{self.kind} -> {self.publication_id}"


class StagedUpload(models.Model):
    """A file that somebody sent, sealed in chunks in staging/: arriving still, or whole and waiting for the worker."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=40)
    as_of = models.DateField()
    name = models.CharField(max_length=120)  # shown to staff; never used as a path
    way = models.CharField(max_length=8, default="pages")  # pages, api, inbox
    size = models.BigIntegerField(default=0)  # bytes that are here
    announced = models.BigIntegerField(default=0)  # bytes that are to come, of one that is sent in pieces
    sha256 = models.CharField(max_length=64, blank=True)  # blank until all of it is here
    chunks = models.PositiveIntegerField(default=0)
    chunk_bytes = models.PositiveIntegerField(default=4 * 1024 * 1024)  # of each but the last
    first_chunk = models.CharField(max_length=64, blank=True)  # its digest: by this a resumed file is known again
    chain = models.CharField(max_length=64, blank=True)  # digest over the digests of the chunks that are here
    key_version = models.PositiveIntegerField(default=1)
    wrapped_key = models.BinaryField(default=b"")
    uploaded_by = models.CharField(max_length=120)
    uploaded_at = models.DateTimeField()  # of the last piece
    arrived_at = models.DateTimeField(null=True)  # all of it is here, durably
    release = models.BooleanField(default=False)  # asked for together with the file
    token = models.UUIDField(null=True)  # with which API token it was sent; copied, it links nothing
    queued_at = models.DateTimeField(null=True)  # left to the worker, in the transaction that queued the task
    once_key = models.CharField(max_length=64, null=True, unique=True)  # digest of who sent it under which key
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, blank=True)  # published, held, refused, failed
    exit_code = models.PositiveSmallIntegerField(null=True)  # as the command line would have ended
    message = models.JSONField(default=list)  # lines for the person who uploaded
    told_at = models.DateTimeField(null=True)  # the result was written beside the file's place in the inbox
    publication = models.ForeignKey(Publication, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        db_table = "staged_uploads"

    def __str__(self) -> str:
        return f"{self.name} for {self.kind} of {self.as_of}"
