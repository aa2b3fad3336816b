"""Who is certified, in which agency, and where to write to. One agent a license, for ever (IA-4(d))."""

import uuid

from django.db import models
from django.db.models import Q


class CertificationStatus(models.TextChoices):
    PENDING = "pending"
    CERTIFIED = "certified"
    SUSPENDED = "suspended"
    DECERTIFIED = "decertified"


class AgencyRole(models.TextChoices):
    AGENT = "agent"
    AGENCY_MANAGER = "agency_manager"


class Agency(models.Model):
    """A licensed agency; an agent without agency license is an agency of one and has no row here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    license = models.CharField(max_length=7, unique=True)
    name = models.CharField(max_length=200)

    class Meta:
        db_table = "agencies"

    def __str__(self) -> str:
        return f"{self.name} ({self.license})"


class Agent(models.Model):
    """A person of the roster. The UUID, not the license, binds keys and frames: licenses may be renamed."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    license = models.CharField(max_length=7, unique=True)  # upper case
    npn = models.CharField(max_length=10, blank=True)
    first_name = models.CharField(max_length=100)
    last_name = models.CharField(max_length=100)
    email = models.CharField(max_length=254)  # one mailbox may serve several agents
    email_confirmed_at = models.DateTimeField(null=True)  # newer than the roster: the roster does not override it
    phone = models.CharField(max_length=10, blank=True)
    language = models.CharField(
        max_length=12, blank=True
    )  # of the mails; the agent's choice, blank: the profile's first
    agency_name = models.CharField(max_length=200, blank=True)  # as the roster has it, agencies of one too
    status = models.CharField(max_length=12, choices=CertificationStatus)
    status_on = models.DateField()
    status_reason = models.CharField(max_length=40, blank=True)  # "absent" where the roster no longer has the license
    certified_on = models.DateField()  # first certification; decides the Monday run (J4)
    existing = models.BooleanField(default=False)  # certified before the cut-over: onboarded by the earlier system
    created_at = models.DateTimeField()
    roster_email = models.CharField(max_length=254)  # what the roster last said, to see when it changes

    class Meta:
        db_table = "agents"
        indexes = [
            models.Index(fields=["last_name", "first_name"], name="agents_by_name"),
            models.Index(fields=["status", "certified_on"], name="agents_by_certification"),
        ]

    def __str__(self) -> str:
        return f"{self.full_name} ({self.license})"

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def is_certified(self) -> bool:
        return self.status == CertificationStatus.CERTIFIED


class AgencyMembership(models.Model):
    """An interval in which an agent belonged to an agency: who sees what over time hangs on it."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="memberships")
    agency = models.ForeignKey(Agency, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=16, choices=AgencyRole)
    from_at = models.DateTimeField()
    until_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "agency_memberships"
        constraints = [
            models.UniqueConstraint(fields=["agent"], condition=Q(until_at__isnull=True), name="one_open_membership"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} in {self.agency_id} as {self.role}"


class FormerLicense(models.Model):
    """A license number an agent had before a rename: never given to another account."""

    license = models.CharField(max_length=7, unique=True)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="former_licenses")
    renamed_at = models.DateTimeField()

    class Meta:
        db_table = "agent_former_licenses"

    def __str__(self) -> str:
        return self.license


class RosterImport(models.Model):
    """One roster that was taken in. Same content again: nothing to do."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sha256 = models.CharField(max_length=64, db_index=True)
    imported_at = models.DateTimeField()
    imported_by = models.CharField(max_length=120)
    rows = models.PositiveIntegerField()
    counts = models.JSONField(default=dict)  # added, changed, suspended, decertified, recertified, absent

    class Meta:
        db_table = "roster_imports"

    def __str__(self) -> str:
        return f"roster of {self.imported_at.isoformat()}"


class EmailChange(models.Model):
    """A change of address under way: told to the old address, proved at the new one, active after the waiting time
    unless vetoed (J19)."""

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        VETOED = "vetoed"
        REPLACED = "replaced"
        LAPSED = "lapsed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="email_changes")
    old_email = models.CharField(max_length=254)
    new_email = models.CharField(max_length=254)
    source = models.CharField(max_length=16)  # roster, service_center, agent
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    active_from = models.DateTimeField()
    veto_digest = models.CharField(max_length=64, blank=True)
    proof_digest = models.CharField(max_length=64, blank=True)  # keyed; blank where the roster vouches
    proof_tries = models.PositiveSmallIntegerField(default=0)
    proved_at = models.DateTimeField(null=True)
    roster_said = models.CharField(max_length=254, blank=True)  # the roster's word when this began
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "agent_email_changes"
        constraints = [
            models.UniqueConstraint(fields=["agent"], condition=Q(state="waiting"), name="one_waiting_email_change"),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.state}"

    @property
    def is_proved(self) -> bool:
        """Whether somebody reads the new mailbox, or the roster vouches for it."""
        return not self.proof_digest or self.proved_at is not None
