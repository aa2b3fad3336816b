"""Reports that were taken in, and addresses that mails came back from."""

import uuid

from django.db import models
from django.db.models import Q


class ReturnedReport(models.Model):
    """A report that changed something, by its content: read once more it changes nothing."""

    digest = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the whole message
    mail = models.ForeignKey("mail.OutboxMail", on_delete=models.CASCADE, related_name="reports")
    what = models.CharField(max_length=10)  # failed, delayed, relayed, complaint
    status = models.CharField(max_length=11, blank=True)  # 5.1.1
    read_at = models.DateTimeField()

    class Meta:
        db_table = "mail_returned_reports"

    def __str__(self) -> str:
        return f"{self.mail_id}: {self.what} {self.status}"


class DoubtfulAddress(models.Model):
    """An address that may be wrong. Cleared ones stay: who said when that it is right after all."""

    class Reason(models.TextChoices):
        FAILED = "failed"  # mails came back: credential mails are held
        COMPLAINT = "complaint"  # called spam: only mails that are a choice stop

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    address = models.CharField(max_length=254)  # in lower case
    reason = models.CharField(max_length=9, choices=Reason)
    status = models.CharField(max_length=11, blank=True)  # 5.1.1
    since = models.DateTimeField()
    mail = models.ForeignKey("mail.OutboxMail", on_delete=models.CASCADE, related_name="+")  # which came back first
    cleared_at = models.DateTimeField(null=True)
    cleared_by = models.CharField(max_length=120, blank=True)

    class Meta:
        db_table = "mail_doubtful_addresses"
        indexes = [models.Index(fields=["address", "cleared_at"], name="mail_doubt_by_address")]
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(cleared_at=None), name="mail_doubt_once"),
        ]

    def __str__(self) -> str:
        return f"{self.pk}: {self.reason}"
