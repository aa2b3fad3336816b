"""Accounts and everything that proves who somebody is. Secrets stand here as digests or sealed, never in clear."""

import uuid
from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from extranet.agents.models import Agent
from extranet.credentials.passkey_models import ChallengePurpose as ChallengePurpose
from extranet.credentials.passkey_models import Passkey as Passkey
from extranet.credentials.passkey_models import PasskeyChallenge as PasskeyChallenge
from extranet.credentials.throttle_models import Throttle as Throttle
from extranet.profile.loader import current


class AccountKind(models.TextChoices):
    AGENT = "agent"
    STAFF = "staff"
    AGENCY_STAFF = "agency_staff"  # works for an agent or an agency manager; opens what grants name (book_grants.py)


class StaffRole(models.TextChoices):
    """What a staff account may do; none of them can read a book."""

    PUBLISHER = "publisher"
    SERVICE_DESK = "service_desk"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


class AccountManager(BaseUserManager["Account"]):
    """Accounts are found by their canonical user name."""

    def get_by_natural_key(self, username: str | None) -> "Account":
        return self.get(username=username)


class Account(AbstractBaseUser):
    """One account a license for ever; staff and agency staff have accounts of their own kinds."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=60, unique=True)  # canonical: prefix and license, staff\ada (username.py)
    kind = models.CharField(max_length=12, choices=AccountKind)
    agent = models.OneToOneField(Agent, on_delete=models.PROTECT, null=True, related_name="account")
    # Agency staff only: the agent or manager who invited them and whose license is in the user name
    principal = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, related_name="staff_accounts")
    role = models.CharField(max_length=16, choices=StaffRole, blank=True)
    display_name = models.CharField(
        max_length=120, blank=True
    )  # staff of both kinds; agents' names stand in the roster
    staff_email = models.CharField(max_length=254, blank=True)
    created_at = models.DateTimeField()
    disabled_at = models.DateTimeField(null=True)
    disabled_reason = models.CharField(max_length=60, blank=True)
    # The password in force. serial counts passwords; "once per password" hangs on it (J27)
    password_serial = models.PositiveIntegerField(default=0)
    password_set_at = models.DateTimeField(null=True)
    expires_on = models.DateField(null=True)  # valid through the end of this day in the exchange's zone (J26)
    temporary = models.BooleanField(default=False)  # generated: must be changed at the next login
    temporary_until = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)  # its secret mail was given up: only issuing again or a reset helps
    first_login_at = models.DateTimeField(null=True)
    issued_at = models.DateTimeField(null=True)  # inactivity counts from the later of this and the last login
    previous_login_at = models.DateTimeField(null=True)  # shown to the person at login
    agreement_version = models.CharField(max_length=20, blank=True)
    agreement_accepted_at = models.DateTimeField(null=True)
    imported = models.BooleanField(default=False)  # an account of an earlier system (J15)
    # "Once" is a conditional UPDATE on these
    introduced_at = models.DateTimeField(null=True)  # the Monday run took the agent in (J4)
    warned_serial = models.PositiveIntegerField(default=0)  # last password that was warned about (J27)
    warned_days = models.PositiveSmallIntegerField(default=0)  # days that were left of it then: higher rungs are done
    expired_noted_serial = models.PositiveIntegerField(default=0)  # last password whose end was noted (J26)
    inactive_noted_at = models.DateTimeField(null=True)  # cleared by a login or a new password (AC-2(3))

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = AccountManager()

    class Meta:
        db_table = "accounts"
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=AccountKind.AGENT, agent__isnull=False, principal__isnull=True, role="")
                | Q(kind=AccountKind.AGENCY_STAFF, agent__isnull=True, principal__isnull=False, role="")
                | (Q(kind=AccountKind.STAFF, agent__isnull=True, principal__isnull=True) & ~Q(role="")),
                name="account_is_of_one_kind",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    @property
    def is_active(self) -> bool:  # type: ignore[override]  # Django asks for an attribute; the gate decides the rest
        return self.disabled_at is None

    @property
    def is_staff_member(self) -> bool:
        return self.kind == AccountKind.STAFF

    @property
    def is_agency_staff(self) -> bool:
        return self.kind == AccountKind.AGENCY_STAFF

    @property
    def address(self) -> str:
        """Where its mails go: the agent's address of today, or the own one of who is staff."""
        return self.agent.email if self.agent is not None else self.staff_email

    @property
    def language(self) -> str:
        """Of its mails: what the agent chose; else, and for staff of both kinds, the profile's first."""
        return current().language_for(self.agent.language if self.agent is not None else "")


class PasswordHistory(models.Model):
    """Digests of passwords an account had, for the history rule."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="password_history")
    password = models.CharField(max_length=200)
    serial = models.PositiveIntegerField()

    class Meta:
        db_table = "password_history"
        constraints = [models.UniqueConstraint(fields=["account", "serial"], name="password_history_once")]

    def __str__(self) -> str:
        return f"{self.account_id} #{self.serial}"


class ResetLink(models.Model):
    """A mailed link. Several may live; claiming one ends all others (J23)."""

    class Kind(models.TextChoices):
        RESET = "reset"
        PICKUP = "pickup"  # in the third mail: gives nothing itself, only a link of the other kind (pickup.py)

    class State(models.TextChoices):
        OPEN = "open"
        CLAIMED = "claimed"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="reset_links")
    kind = models.CharField(max_length=6, choices=Kind, default=Kind.RESET)
    digest = models.CharField(max_length=64, unique=True)
    browser_digest = models.CharField(max_length=64, blank=True)  # cookie of the asking browser
    code_digest = models.CharField(max_length=64, blank=True)  # short code of the confirmation screen
    code_tries = models.PositiveSmallIntegerField(default=0)
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    by_staff = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    claimed_at = models.DateTimeField(null=True)
    taken_until = models.DateTimeField(null=True)  # somebody claims it at this moment: nobody else need hash

    class Meta:
        db_table = "reset_links"

    def __str__(self) -> str:
        return f"{self.kind} link of {self.account_id}: {self.state}"


class ShownPassword(models.Model):
    """A new password kept for ten minutes for the browser that claimed it; the key is only in that browser's cookie."""

    link = models.OneToOneField(ResetLink, on_delete=models.CASCADE, related_name="shown")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="shown_passwords")
    sealed = models.BinaryField()
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "shown_passwords"

    def __str__(self) -> str:
        return f"shown password of {self.account_id}"


class BookGrant(models.Model):
    """Agency staff may look into this agent's book; more where the flags say so. In force: book_grants.py."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="grants")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="grants")  # whose book it is
    may_export = models.BooleanField(default=False)
    may_act = models.BooleanField(default=False)
    granted_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=30, blank=True)

    class Meta:
        db_table = "book_grants"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "agent"], condition=Q(ended_at__isnull=True), name="one_open_book_grant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} into the book of {self.agent_id}"


class EnrolmentLink(models.Model):
    """One-use link with which a new account of staff or agency staff sets its password and second factor."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="enrolment_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "enrolment_links"

    def __str__(self) -> str:
        return f"enrolment of {self.account_id}"


class KnownDevice(models.Model):
    """A browser in which the account's owner proved to be the owner (device cookie, as a digest)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="devices")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    last_used_at = models.DateTimeField()
    browser = models.CharField(max_length=120, blank=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "known_devices"

    def __str__(self) -> str:
        return f"device of {self.account_id}"


class LiveSession(models.Model):
    """A session beside Django's: when it began, where, and why it ended (AC-10, AC-11)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sessions")
    key_digest = models.CharField(max_length=40, unique=True)  # of the key in the cookie (session_store.py)
    started_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    network = models.CharField(max_length=60, blank=True)
    browser = models.CharField(max_length=120, blank=True)
    second_factor_at = models.DateTimeField(null=True)
    role = models.CharField(max_length=16, blank=True)  # the account's when it began: another role ends it
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=30, blank=True)  # logout, newer_login, idle, reset, disabled …

    class Meta:
        db_table = "live_sessions"
        indexes = [
            models.Index(fields=["account", "ended_at"], name="live_sessions_open"),
            models.Index(fields=["last_seen_at"], condition=Q(ended_at=None), name="live_sessions_idle"),
        ]

    def __str__(self) -> str:
        return f"session of {self.account_id}"


class SessionClock(models.Model):
    """The latest moment this site has seen, one row: by it a clock that was set back is noticed."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    latest_at = models.DateTimeField()

    class Meta:
        db_table = "session_clock"

    def __str__(self) -> str:
        return self.latest_at.isoformat()


class ApiToken(models.Model):
    """A publisher's key for programs; only its digest stands here, the token itself is shown once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=60)  # what it is for, in its owner's words
    scope = models.CharField(max_length=20)
    digest = models.CharField(max_length=64, unique=True)
    networks = models.JSONField(default=list)  # as texts, e.g. 203.0.113.0/24; none: from anywhere
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)  # written once a minute
    ended_at = models.DateTimeField(null=True)
    ended_reason = models.CharField(max_length=30, blank=True)

    class Meta:
        db_table = "api_tokens"

    def __str__(self) -> str:
        return f"{self.name} of {self.account_id}"


class TotpStep(models.Model):
    """The last time step a TOTP code was taken for: a code is worth one login, on every worker."""

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="totp_step")
    last_step = models.BigIntegerField(default=0)

    class Meta:
        db_table = "totp_steps"

    def __str__(self) -> str:
        return f"{self.account_id}: {self.last_step}"
