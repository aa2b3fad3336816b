"""The outbox: a mail exists exactly once by its key, and says whether it left."""

import uuid

from django.db import models

from extranet.mail.returned.models import DoubtfulAddress as DoubtfulAddress
from extranet.mail.returned.models import ReturnedReport as ReturnedReport
from extranet.mail.secured.models import Canary as Canary
from extranet.mail.secured.models import HeldLink as HeldLink
from extranet.mail.secured.models import HeldMessage as HeldMessage
from extranet.mail.secured.models import MailCertificate as MailCertificate


class MailState(models.TextChoices):
    QUEUED = "queued"
    SENDING = "sending"  # under a lease; a killed sender's mail becomes free when the lease ends
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    GAVE_UP = "gave_up"
    BOUNCED = "bounced"
    CANCELLED = "cancelled"


SETTLED = (MailState.ACCEPTED, MailState.GAVE_UP, MailState.BOUNCED, MailState.CANCELLED)
"""States in which a mail stays: nothing of a secret may be left then."""


class SecuredBy(models.TextChoices):
    """How a secured mail is kept from strangers; blank for one that is not secured."""

    GATEWAY = "gateway"  # by the exchange's gateway, up to which it travels under verified TLS
    SMIME = "smime"  # encrypted for its reader
    PICKUP = "pickup"  # it does not travel: a notice does, and the mail waits to be picked up


class OutboxMail(models.Model):
    """One mail, posted in the transaction of the act that causes it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    key = models.CharField(max_length=160, unique=True)  # kind:subject:cycle
    kind = models.CharField(max_length=40, db_index=True)  # name in the catalogue
    about = models.CharField(max_length=120, db_index=True)  # copied name: user name or request number
    sender = models.CharField(max_length=20)  # service_center or system, see the profile
    from_address = models.CharField(max_length=254)  # as the profile said when the mail was posted
    to_address = models.CharField(max_length=254)
    mailbox = models.CharField(max_length=254)  # the same in small letters: addresses in doubt are compared with it
    domain = models.CharField(max_length=254)  # of the receiver, as servers name it: mails are paced by it
    subject = models.CharField(max_length=250)
    sealed_body = models.BinaryField(null=True)  # the whole message, sealed (system key "outbox"); null once wiped
    secret = models.BooleanField(default=False)  # holds a password or a link: wiped once accepted
    secured = models.BooleanField(default=False)  # must leave by the secured way
    secured_by = models.CharField(max_length=10, choices=SecuredBy, blank=True)  # chosen when it was posted
    thread = models.UUIDField(null=True, db_index=True)  # mails that keep an order among themselves (onboarding)
    place = models.PositiveSmallIntegerField(default=0)  # waits for all lower places of the thread, at most wait_until
    wait_until = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=120, unique=True)
    state = models.CharField(max_length=10, choices=MailState, default=MailState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    posted_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField()
    give_up_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    lease_by = models.CharField(max_length=80, blank=True)
    tried_at = models.DateTimeField(null=True)  # the last try: mails are paced by it
    way_down = models.BooleanField(default=False)  # the last try failed for a reason that is nobody's address
    taken_back = models.BooleanField(default=False)  # while it was leaving: it is not tried again
    accepted_at = models.DateTimeField(null=True)
    wiped_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "mail_outbox"
        indexes = [
            models.Index(fields=["state", "next_attempt_at"], name="mail_outbox_due"),
            models.Index(fields=["tried_at", "domain"], name="mail_outbox_pace"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(state__in=SETTLED, secret=True, sealed_body__isnull=False),
                name="mail_settled_secret_is_wiped",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} to {self.about}: {self.state}"
