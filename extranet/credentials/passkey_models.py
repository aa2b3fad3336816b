"""What we keep beside allauth's rows of passkeys: whose credential it is for ever, its counter, open challenges."""

import uuid

from django.db import models


class ChallengePurpose(models.TextChoices):
    """What the answer to a challenge is good for; never for anything else."""

    ADD = "add"
    LOGIN = "login"  # as the only factor
    SECOND = "second"  # after the password
    CONFIRM = "confirm"  # step-up in a session


class Passkey(models.Model):
    """Ours beside ``Authenticator`` of type webauthn: one credential stands under one account only, and its sign
    counter rises."""

    authenticator = models.OneToOneField("mfa.Authenticator", on_delete=models.CASCADE, related_name="passkey")
    credential_digest = models.CharField(max_length=64, unique=True)
    sign_count = models.BigIntegerField(default=0)  # 0: this authenticator does not count
    alone = models.BooleanField(default=False)  # found without a name and verifies the person: a login of its own

    class Meta:
        db_table = "passkeys"

    def __str__(self) -> str:
        return f"passkey {self.authenticator_id}"


class PasskeyChallenge(models.Model):
    """A challenge that waits for its one answer, from the browser that asked for it. Answering deletes the row."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    purpose = models.CharField(max_length=8, choices=ChallengePurpose)
    account = models.ForeignKey("credentials.Account", on_delete=models.CASCADE, null=True, related_name="challenges")
    holder = models.CharField(max_length=64)  # digest of the browser's secret
    state = models.JSONField()  # challenge and whether the person must be verified, as fido2 takes it
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "passkey_challenges"
        indexes = [models.Index(fields=["holder", "purpose"], name="passkey_challenges_holder")]

    def __str__(self) -> str:
        return f"{self.purpose} until {self.expires_at}"
