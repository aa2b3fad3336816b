"""Overrule the stops of a held file: a second person, by name, says why it is right all the same (AC-5, SI-10)."""

from datetime import datetime

from extranet.audit.record import Actor, clipped
from extranet.mail.guard import MailBlocked, check_text
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


def checked_reason(reason: str, *, is_held: bool) -> str:
    """The reason as the trail will keep it. Raises UsageRefused: a held file needs one."""
    reason = clipped(reason.strip(), len(reason))
    if is_held and not reason:
        raise UsageRefused("it is held: say why it is right all the same (a reason); the trail keeps it")
    if len(reason) > LONGEST_REASON:
        raise UsageRefused(f"the reason has {len(reason)} signs; {LONGEST_REASON} are kept")
    return reason


def require_clean_reason(reason: str, *, about: str, by: Actor, now: datetime) -> None:
    """Raise UsageRefused where it seems to hold a consumer's data; the try is recorded. Not inside a transaction."""
    try:
        check_text(reason, what="reason of a release", about=about, by=by, now=now)
    except MailBlocked as blocked:
        raise UsageRefused(
            f"the reason seems to hold {', '.join(blocked.found)}; write nothing about a consumer"
        ) from None


def _person(name: str) -> str:
    return "shell" if name.startswith("os:") else name
