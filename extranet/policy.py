"""Numbers of security and service, each beside its source, and the date arithmetic that uses them.

Three named policies; the profile or ``EXTRANET_POLICY`` chooses one. Days are days of the exchange's zone, moments
are aware and in UTC. Everything here is pure: the clock is an argument. Documented in docs/reference/policy.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo

MONDAY = 0


class PolicyRefused(Exception):
    """No policy of that name, or numbers that contradict each other; the message says which."""


@dataclass(frozen=True, kw_only=True)
class Policy:
    """One consistent set of numbers. The defaults are those that all named policies share."""

    name: str

    # Passwords
    password_days: int | None  # J26; IA-5(1); None: only on compromise (SP 800-63B-4)
    warning_days: tuple[int, ...] = (10,)  # J27: the rungs of the ladder, largest first; more of them by choice
    warning_hour: int = 8  # local; within the working day, so that the agent can still ask somebody
    temporary_password_days: int = 14  # IA-5: a generated password is temporary
    force_change: bool = True  # IA-5(1): a temporary password is changed at once
    min_length_agent: int = 12  # IA-5(1), SP 800-63B-4
    min_length_staff: int = 15  # IA-5(1): staff at least 12
    history: int = 6  # IA-5(1); remembered passwords that may not come back
    generated_password_bits: int = 80  # J24; enough without any throttling, still typed by a person

    # Reset
    reset_gives: Literal["generated", "chosen"] = "generated"  # J24
    reset_link_minutes: int = 60  # J22, J23; SP 800-63B-4 account recovery
    reset_mails_per_hour: int = 3  # nobody's mailbox is flooded; counted for unknown names too
    reset_code_tries: int = 5  # AC-7
    shown_password_minutes: int = 10  # J24: shown again to the same browser

    # Getting in
    second_factor_agents: Literal["offered", "required"] = "offered"  # IA-2(2)
    second_factor_staff: Literal["required"] = "required"  # IA-2(1)
    step_up_minutes: int | None = None  # IA-11: a download needs a factor proved so lately; None: the login will do
    inactivity_days: int = 60  # AC-2(3)
    idle_minutes: int = 15  # AC-11, AC-12
    session_hours: int = 12  # AC-12; SP 800-63B-4 AAL2: log in again at least daily
    sessions_per_account: int = 1  # AC-10
    guesses: int = 5  # AC-7
    guess_window_minutes: int = 15  # AC-7
    lock_minutes: int = 30  # AC-7, as a delay of that device or network, never of the account
    unknown_device_budget_per_day: int = 100  # AC-7 delay branch; SP 800-63B-4 allows 100 guesses
    unknown_device_budget_of_all_per_hour: int = 2000  # AC-7; beyond it a name takes ``guesses`` a day of strangers
    known_device_guesses_per_day: int = 15  # AC-7; three locks in a day: then the device is known no more

    # Monday, and the mails with secrets
    onboarding_hour: int = 6  # J4: Monday, local
    third_mail: Literal["password", "pickup"] = "password"  # J8; SC-8
    onboarding_password_waits_hours: int = 24  # J9: mail 3 after mails 1 and 2 are accepted, at most so long
    canary_minutes: int = 30  # SC-8: the canary before a Monday run must be back by then, or the run stops
    secret_mail_days: int = 7  # SC-28: an undelivered secret is wiped
    key_backup_days: int = 35  # SC-12: backups of keys are kept so long, and an earlier master key for them
    email_change_wait_hours: int = 72  # J19: time for the old address to object

    # Service center
    due_hours: int = 24  # J30
    overdue_hours: int = 48  # J30

    # Files
    roster_drop_share: float = 0.10  # SI-10: a roster that drops more of the agents is refused
    quarantined_share: float = 0.02  # SI-10: a file with more faulty rows is held
    rows_change_share: float = 0.30  # SI-10: a file that grew or shrank more against last week is held
    members_change_share: float = 0.30  # SI-10: the same of the members in it
    book_shrink_share: float = 0.40  # SI-10: a book that lost as much has shrunk ...
    book_shrink_rows: int = 20  # SI-10: ... if it had so many rows; in smaller ones two households are as much
    book_shrink_agents_share: float = 0.005  # SI-10: more of the agents than that: held
    fill_drift_share: float = 0.10  # SI-10: a column filled so much more or less often holds the file
    mix_drift_share: float = 0.10  # SI-10: so much of a column's values shared out otherwise, too
    drift_rows: int = 200  # SI-10: in fewer rows a drift says nothing
    publication_late_hour: int = 12  # J2: from then on Monday's file counts as late, local
    weeks_kept: int = 8  # SI-12
    release_persons: int = 1  # AC-5: 2 means that another person than the publisher releases

    def __post_init__(self) -> None:
        faults = [text for wrong, text in _contradictions(self) if wrong]
        if faults:
            raise PolicyRefused(f"policy {self.name!r}: " + "; ".join(faults))


def _contradictions(policy: Policy) -> list[tuple[bool, str]]:
    numbers = [getattr(policy, field.name) for field in fields(policy)]
    negative = any(isinstance(number, int | float) and number < 0 for number in numbers)
    days = policy.password_days
    shares = [getattr(policy, field.name) for field in fields(policy) if field.name.endswith("_share")]
    return [
        (negative, "no number may be negative"),
        (not _falls(policy.warning_days), "warning_days must be whole days above 0, largest first, each once"),
        (
            days is not None and not policy.warning_days,
            "warning_days must name a day: passwords that expire are warned of",
        ),
        (
            days is not None and days <= max(policy.warning_days, default=0),
            "warning_days must be less than password_days",
        ),
        (policy.overdue_hours <= policy.due_hours, "overdue_hours must be more than due_hours"),
        (policy.generated_password_bits < 80, "generated_password_bits must be at least 80"),
        (policy.release_persons not in (1, 2), "release_persons must be 1 or 2"),
        (policy.known_device_guesses_per_day < policy.guesses, "known_device_guesses_per_day must be at least guesses"),
        (policy.step_up_minutes == 0, "step_up_minutes must be at least 1, or none"),
        (
            policy.step_up_minutes is not None and policy.second_factor_agents != "required",
            "step_up_minutes asks for a factor, so second_factor_agents must be required",
        ),
        (any(share > 1 for share in shares), "a share is at most 1"),
    ]


def _falls(rungs: tuple[int, ...]) -> bool:
    whole = all(isinstance(rung, int) and rung > 0 for rung in rungs)
    return whole and all(upper > lower for upper, lower in pairwise(rungs))


JOBAID = Policy(name="jobaid", password_days=60)
"""The job aid's own rules; the default."""

ARC_AMPE = Policy(
    name="arc_ampe",
    password_days=180,
    warning_days=(10, 5, 3, 1),  # who chooses a password twice a year has no habit of it
    min_length_staff=12,
    second_factor_agents="required",
    step_up_minutes=30,
    third_mail="pickup",
    release_persons=2,
)
"""ARC-AMPE v1.02: binds exchanges and systems that hold PII derived from them."""

NIST_63B4 = Policy(
    name="nist_63b4",
    password_days=None,
    warning_days=(),
    min_length_agent=15,
    min_length_staff=15,
    history=0,
    second_factor_agents="required",
    step_up_minutes=30,
    reset_gives="chosen",
    third_mail="pickup",
)
"""NIST SP 800-63B-4: long passwords that do not age."""

POLICIES: Mapping[str, Policy] = MappingProxyType({policy.name: policy for policy in (JOBAID, ARC_AMPE, NIST_63B4)})


def policy_named(name: str) -> Policy:
    """The policy of that name; PolicyRefused names those that exist."""
    if name not in POLICIES:
        raise PolicyRefused(f"no policy is named {name!r}; there are: {', '.join(POLICIES)}")
    return POLICIES[name]


# Days and moments


def local_day(moment: datetime, zone: ZoneInfo) -> date:
    """The day in the exchange's zone on which the moment falls."""
    return moment.astimezone(zone).date()


def at_local(day: date, hour: int, zone: ZoneInfo) -> datetime:
    """That hour of that day by the clock of the zone, in UTC; an hour that spring skips counts from before the jump."""
    return datetime.combine(day, time(hour), tzinfo=zone).astimezone(UTC)


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The midnight that ends the day, in UTC: the first moment that no longer belongs to it."""
    return at_local(day + timedelta(days=1), 0, zone)


# Passwords (J26, J27) and inactivity (AC-2(3))


def expires_on(set_at: datetime, policy: Policy, zone: ZoneInfo) -> date | None:
    """Last day on which a password set at that moment is good; stored with it. None: it does not age."""
    if policy.password_days is None:
        return None
    return local_day(set_at, zone) + timedelta(days=policy.password_days)


def is_expired(expires_on: date | None, now: datetime, zone: ZoneInfo) -> bool:
    """True from the midnight that ends ``expires_on``."""
    return expires_on is not None and now >= end_of_day(expires_on, zone)


def warn_at(expires_on: date, rung: int, policy: Policy, zone: ZoneInfo) -> datetime:
    """The moment from which the warning mail of that rung, so many days before the last one, may go."""
    return at_local(expires_on - timedelta(days=rung), policy.warning_hour, zone)


def rung_in_force(expires_on: date | None, now: datetime, policy: Policy, zone: ZoneInfo) -> int | None:
    """The lowest rung that was reached; None before the first one and from the lock on.

    Higher ones that nobody was warned on say nothing that this one does not.
    """
    if expires_on is None or is_expired(expires_on, now, zone):
        return None
    reached = [rung for rung in policy.warning_days if warn_at(expires_on, rung, policy, zone) <= now]
    return min(reached, default=None)


def warning_is_due(expires_on: date | None, now: datetime, policy: Policy, zone: ZoneInfo) -> bool:
    """True from the first rung until the password expires: late after an outage, never after the lock."""
    return rung_in_force(expires_on, now, policy, zone) is not None


def temporary_until(issued_at: datetime, policy: Policy) -> datetime:
    """The first moment at which a generated password no longer works."""
    return issued_at + timedelta(days=policy.temporary_password_days)


def inactive_from(issued_at: datetime, last_login_at: datetime | None, policy: Policy) -> datetime:
    """The first moment of inactivity, counted from the later of issue and last login."""
    latest = issued_at if last_login_at is None else max(issued_at, last_login_at)
    return latest + timedelta(days=policy.inactivity_days)


# Mondays (J4) and the weekly files (J2)


def is_monday(day: date) -> bool:
    return day.weekday() == MONDAY


def monday_on_or_before(day: date) -> date:
    return day - timedelta(days=day.weekday())


def onboarding_cutoff(now: datetime, zone: ZoneInfo) -> date:
    """Agents certified before this day are taken in; who is certified today waits for the next run."""
    return local_day(now, zone)


def expected_publication_day(now: datetime, zone: ZoneInfo) -> date:
    """The Monday of the current week in the exchange's zone."""
    return monday_on_or_before(local_day(now, zone))


def is_late(latest_as_of: date | None, now: datetime, zone: ZoneInfo, policy: Policy) -> bool:
    """True if the newest Monday whose file should be out by now has none. None: nothing was ever published."""
    monday = expected_publication_day(now, zone)
    if now < at_local(monday, policy.publication_late_hour, zone):
        monday -= timedelta(days=7)
    return latest_as_of is None or latest_as_of < monday


# The clock on requests (J30): hours that pass, not hours on the wall

ClockState = Literal["answered", "running", "due", "overdue"]


def due_at(received_at: datetime, policy: Policy) -> datetime:
    return received_at + timedelta(hours=policy.due_hours)


def overdue_at(received_at: datetime, policy: Policy) -> datetime:
    return received_at + timedelta(hours=policy.overdue_hours)


def clock_state(received_at: datetime, answered_at: datetime | None, now: datetime, policy: Policy) -> ClockState:
    """Where a request stands; at the very hour it is already due, or overdue."""
    if answered_at is not None:
        return "answered"
    if now >= overdue_at(received_at, policy):
        return "overdue"
    return "due" if now >= due_at(received_at, policy) else "running"
