"""Rows of the secured ways: certificates of mailboxes, mails that wait to be picked up, canaries."""

import uuid

from django.db import models
from django.db.models import Q


class MailCertificate(models.Model):
    """For whom mails to one address are encrypted. An account whose address changes has none by itself."""

    address = models.CharField(max_length=254, primary_key=True)  # small letters
    certificate = models.BinaryField()  # DER; public
    fingerprint = models.CharField(max_length=64)  # SHA-256 in hex
    not_after = models.DateTimeField()
    added_at = models.DateTimeField()
    added_by = models.CharField(max_length=120)  # copied name

    class Meta:
        db_table = "mail_certificates"

    def __str__(self) -> str:
        return f"certificate {self.fingerprint[:16]} of {self.address}"


class HeldState(models.TextChoices):
    WAITING = "waiting"
    READ = "read"  # once; sealed anew for the browser that reads, for some minutes
    ENDED = "ended"  # taken back, or its time is over


class HeldMessage(models.Model):
    """A secured mail that does not travel. Its notice did, as the outbox row ``mail``."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mail = models.OneToOneField("mail.OutboxMail", on_delete=models.PROTECT, related_name="held")
    about = models.CharField(max_length=120, db_index=True)  # whose: follows a user name that changes
    digest = models.CharField(max_length=64, unique=True)  # of the token in the notice's link
    sealed = models.BinaryField(null=True)  # the message: system key "outbox" while it waits, then the browser's key
    state = models.CharField(max_length=10, choices=HeldState, default=HeldState.WAITING)
    expires_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    shown_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "mail_held_messages"
        indexes = [models.Index(fields=["state", "expires_at"], name="mail_held_over")]
        constraints = [
            models.CheckConstraint(condition=~Q(state=HeldState.ENDED, sealed__isnull=False), name="mail_held_wiped"),
        ]

    def __str__(self) -> str:
        return f"held mail {self.id}: {self.state}"


class HeldLink(models.Model):
    """The second link to a held mail, mailed when somebody named its reader. It wants the code of that screen."""

    held = models.ForeignKey(HeldMessage, on_delete=models.CASCADE, related_name="links")
    digest = models.CharField(max_length=64, unique=True)
    code_digest = models.CharField(max_length=64)  # with the token in it, which is stored nowhere
    code_tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "mail_held_links"

    def __str__(self) -> str:
        return f"link to held mail {self.held_id}"


class CanaryState(models.TextChoices):
    ASKED = "asked"
    SECURED = "secured"
    CLEAR = "clear"  # came back readable
    LATE = "late"  # did not come back


class Canary(models.Model):
    """A mail to ourselves that shows whether the gateway secures. ``for_run``: a Monday run waits for it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=40, unique=True)  # in its subject: by this it is known again
    phrase = models.CharField(max_length=40)  # in its body alone: must not come back in clear
    state = models.CharField(max_length=10, choices=CanaryState, default=CanaryState.ASKED)
    for_run = models.BooleanField(default=False)
    asked_at = models.DateTimeField(db_index=True)
    late_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    ran_at = models.DateTimeField(null=True)  # when the run that waited for it was done

    class Meta:
        db_table = "mail_canaries"

    def __str__(self) -> str:
        return f"canary {self.number}: {self.state}"
