"""Overrule the stops of a held file: a second person, by name, says why it is right all the same (AC-5, SI-10)."""

from datetime import datetime

from extranet.audit.record import Actor, clipped
from extranet.mail.guard import search
from extranet.policy import local_day
from extranet.profile.loader import current
from extranet.reports.refusals import UsageRefused

LONGEST_REASON = 300  # signs; as many as the row keeps
PERSONS = ("staff", "shell")


def require_second_person(*, by: Actor, received_by: str) -> None:
    """Raise UsageRefused unless this is a person, and another one than who sent the held file; whatever the policy.

    Everybody at the command line together is one person, whatever the name.
    """
    if by.kind not in PERSONS:
        raise UsageRefused("it is held: a person must look, and release it with a reason or recall it")
    if _person(by.name) != _person(received_by):
        return
    if by.kind == "shell":
        raise UsageRefused(
            "it is held, and the command line, which counts as one person, sent it: a publisher releases it on the"
            " staff pages"
        )
    raise UsageRefused("it is held: another person than the one who sent the file must release it")


def checked_reason(reason: str, *, is_held: bool, now: datetime) -> str:
    """The reason as the trail will keep it. Raises UsageRefused: a held file needs one, and it may name no consumer."""
    profile, reason = current(), clipped(reason.strip(), len(reason))
    if is_held and not reason:
        raise UsageRefused("it is held: say why it is right all the same (a reason); the trail keeps it")
    if len(reason) > LONGEST_REASON:
        raise UsageRefused(f"the reason has {len(reason)} signs; {LONGEST_REASON} are kept")
    found = search(reason, today=local_day(now, profile.zone), phones=(profile.service_center.phone,))
    if found:
        raise UsageRefused(f"the reason seems to hold {', '.join(found)}; write nothing about a consumer")
    return reason


def _person(name: str) -> str:
    return "shell" if name.startswith("os:") else name
