"""Requests of agents and what was done about them. Texts are sealed columns: agents write clients' names into them."""

import uuid

from django.db import models
from django.db.models import Q

from extranet.agents.models import Agent


class RequestState(models.TextChoices):
    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


class SupportRequest(models.Model):
    """Somebody needs help; due after 24 h, overdue after 48 h (J30)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=12, unique=True)  # said to the agent, e.g. R-4F7K-29
    origin = models.CharField(max_length=20)  # form, phone, never_received, address_in_doubt
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.OPEN)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="requests")  # matched by license
    license_given = models.CharField(max_length=20)
    sealed = models.BinaryField()  # name, e-mail, telephone and text as given (system key "requests")
    received_at = models.DateTimeField()
    due_at = models.DateTimeField()
    overdue_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    taken_by = models.CharField(max_length=120, blank=True)
    cause = models.CharField(max_length=160, unique=True, null=True)  # key of the mail that never arrived: asked once

    class Meta:
        db_table = "support_requests"
        indexes = [models.Index(fields=["state", "due_at"], name="support_requests_queue")]

    def __str__(self) -> str:
        return f"{self.number}: {self.state}"


class RequestStep(models.Model):
    """One thing done about a request, in order."""

    request = models.ForeignKey(SupportRequest, on_delete=models.CASCADE, related_name="steps")
    at = models.DateTimeField()
    by = models.CharField(max_length=120)
    what = models.CharField(max_length=30)  # answered, username_sent, reset_started, email_change, closed …
    sealed = models.BinaryField(null=True)  # the text of an answer or note

    class Meta:
        db_table = "support_request_steps"

    def __str__(self) -> str:
        return f"{self.request_id} {self.what}"


class IdentityCheck(models.Model):
    """Staff compared what a caller said with the roster; good for thirty minutes of acts on this agent."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="identity_checks")
    by = models.CharField(max_length=120)
    at = models.DateTimeField()
    passed = models.BooleanField()
    own = models.BooleanField(default=False)  # also all facts that only the agent knows, as far as there are any
    compared = models.JSONField(default=list)  # names of the facts compared, never their values
    good_until = models.DateTimeField()

    class Meta:
        db_table = "identity_checks"
        indexes = [
            models.Index(fields=["agent", "by", "good_until"], condition=Q(passed=True), name="identity_checks_good")
        ]

    def __str__(self) -> str:
        return f"{self.agent_id} by {self.by}: {self.passed}"


class FactorRemoval(models.Model):
    """An agent lost every second factor: one member of staff asks for their removal, another one decides."""

    class State(models.TextChoices):
        WAITING = "waiting"
        APPROVED = "approved"
        REFUSED = "refused"
        LAPSED = "lapsed"  # nobody decided in time

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="factor_removals")
    reason = models.CharField(max_length=120)
    asked_by = models.CharField(max_length=120)
    asked_at = models.DateTimeField()
    decide_by = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    decided_by = models.CharField(max_length=120, blank=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "factor_removals"
        constraints = [
            models.UniqueConstraint(fields=["agent"], condition=Q(state="waiting"), name="factor_removal_once"),
            models.CheckConstraint(
                condition=~Q(state="approved") | (~Q(decided_by="") & ~Q(decided_by=models.F("asked_by"))),
                name="factor_removal_by_two",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.agent_id}: {self.state}"
