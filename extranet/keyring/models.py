"""The table of wrapped keys. Every key here opens only with the master key, which is never in the database."""

from typing import ClassVar
from uuid import UUID

from django.db import models

from extranet.vault.sealing import prefixed

VERSION_BYTES = 4


def agent_place(agent_id: UUID, version: int) -> bytes:
    """The AAD of a wrapped key of an agent: it opens in this row alone."""
    return b"agent-extranet agent key 1\0" + agent_id.bytes + version.to_bytes(VERSION_BYTES, "big")


def system_place(purpose: str, version: int) -> bytes:
    """The AAD of a wrapped key of the system."""
    return b"agent-extranet system key 1\0" + prefixed(purpose) + version.to_bytes(VERSION_BYTES, "big")


class Purpose(models.TextChoices):
    """What a key of the system itself seals."""

    OUTBOX = "outbox", "Secret mails until they are delivered"
    REQUESTS = "requests", "Texts of requests and answers"
    PUBLICATIONS = "publications", "Headers of packs"
    QUARANTINE = "quarantine", "Rows with faults"
    SECOND_FACTOR = "second_factor", "Secrets of authenticators"
    STAGING = "staging", "Uploads until they are published"
    VIEWS = "views", "Searches in addresses"


class AgentKey(models.Model):
    """Seals the books of one agent, or the rows that wait for the agent of one license: then ``agent_id`` is an id made
    of that license. It is no foreign key: the agents stand above, and a row outlives them."""

    agent_id = models.UUIDField()
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField(max_length=61)  # empty once destroyed
    master_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "agent_keys"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["agent_id", "version"], name="agent_key_version_once"),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True) | models.Q(wrapped=b""),
                name="agent_key_destroyed_is_empty",
            ),
        ]

    def __str__(self) -> str:
        return f"agent {self.agent_id} key {self.version}"

    @property
    def place(self) -> bytes:
        return agent_place(self.agent_id, self.version)


class SystemKey(models.Model):
    """Seals what belongs to the system, one purpose a key."""

    purpose = models.CharField(max_length=20, choices=Purpose)
    version = models.PositiveIntegerField()
    wrapped = models.BinaryField(max_length=61)
    master_id = models.CharField(max_length=16)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "system_keys"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["purpose", "version"], name="system_key_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} key {self.version}"

    @property
    def place(self) -> bytes:
        return system_place(self.purpose, self.version)
