"""Why an agent cannot get in, in plain words and all reasons at once: no agent is ever stuck for want of an answer."""

from dataclasses import dataclass
from datetime import datetime

from extranet.agents.change_email import waiting_change
from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.gate import Reason, password_fault
from extranet.credentials.models import Account, ResetLink
from extranet.credentials.pickup import newest
from extranet.credentials.throttle import blocked
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.returned.doubt import Reason as Doubt
from extranet.mail.returned.doubt import doubt_about
from extranet.profile.in_force import policy, zone
from extranet.service_center.names import names_of

LOST = {
    MailState.GAVE_UP: "could not be delivered and was given up",
    MailState.BOUNCED: "came back",
    MailState.DEFERRED: "could not be delivered yet; it is tried again",
}


@dataclass(frozen=True)
class Stuck:
    """One reason. ``code`` is stable, ``text`` for the person at the desk, ``remedy`` what helps."""

    code: str
    text: str
    remedy: str


def why_stuck(agent: Agent, now: datetime) -> list[Stuck]:
    """Every reason that keeps the agent out now, those that only the exchange can lift first; empty: nothing does."""
    account = Account.objects.filter(agent=agent).first()
    found = _certification(agent)
    if account is None:
        return [*found, *_no_account(agent), *_doubt(agent)]
    return [
        *found,
        *_disabled(account),
        *_password(account, now),
        *_throttled(account, now),
        *_doubt(agent),
        *_mails(agent),
    ]


def pending_address(agent: Agent) -> str:
    """A sentence on the change of address that waits, blank if none does: mails still go to the old one."""
    change = waiting_change(agent)
    return f"A change of address waits until {_moment(change.active_from)}." if change else ""


def _certification(agent: Agent) -> list[Stuck]:
    if agent.is_certified:
        return []
    words = {
        CertificationStatus.PENDING: "The certification is not complete yet",
        CertificationStatus.SUSPENDED: "The certification is suspended",
        CertificationStatus.DECERTIFIED: "The certification has ended",
    }
    missing = " because the roster no longer lists the license" if agent.status_reason == "absent" else ""
    text = f"{words[CertificationStatus(agent.status)]}{missing}, since {agent.status_on:%B %-d, %Y}."
    return [Stuck("not_certified", text, "Only the exchange's roster changes this; access then comes back by itself.")]


def _no_account(agent: Agent) -> list[Stuck]:
    if not agent.is_certified:
        return []
    return [
        Stuck(
            "no_account",
            "There is no account yet.",
            "It is opened on the Monday after certification, with three mails.",
        )
    ]


def _disabled(account: Account) -> list[Stuck]:
    if account.disabled_at is None:
        return []
    text = f"The account was disabled on {_moment(account.disabled_at)}: {account.disabled_reason}."
    return [Stuck("disabled", text, "Enable it once the reason is gone.")]


def _password(account: Account, now: datetime) -> list[Stuck]:
    fault = password_fault(account, now=now)
    if fault in (Reason.NO_PASSWORD, Reason.REVOKED) and (link := newest(account)) is not None:
        return [_not_picked_up(link, now)]
    return [_PASSWORD[fault](account)] if fault in _PASSWORD else []


def _no_password(account: Account) -> Stuck:
    return Stuck("no_password", "The account has no password.", "The reset link gives one.")


def _not_picked_up(link: ResetLink, now: datetime) -> Stuck:
    until = _moment(link.expires_at)
    if link.state != ResetLink.State.OPEN:
        text = "The mail with the link to pick up a password never arrived, or the link was ended."
        return Stuck("never_received", text, "Find out the right address, change it, and issue a password again.")
    if now >= link.expires_at:
        text = f"No password was picked up, and the link to it ended on {until}."
        return Stuck("pickup_lapsed", text, "The reset link gives one.")
    text = f"No password was picked up yet. The third mail has the link to it, good until {until}."
    return Stuck("not_picked_up", text, "Look for that mail together, or issue a password again.")


def _revoked(account: Account) -> Stuck:
    text = "The password was revoked because its mail never arrived."
    return Stuck("never_received", text, "Find out the right address, change it, and issue a password again.")


def _lapsed(account: Account) -> Stuck:
    until = _moment(account.temporary_until) if account.temporary_until else ""
    text = f"The temporary password lapsed on {until} without being used."
    return Stuck("temporary_lapsed", text, "The reset link gives a new one.")


def _expired(account: Account) -> Stuck:
    on = f"{account.expires_on:%B %-d, %Y}" if account.expires_on else ""
    return Stuck("expired", f"The password was last good on {on}.", "The reset link clears this.")


def _inactive(account: Account) -> Stuck:
    """Not since when: that would tell the day of the last login, which callers are asked for."""
    text = f"Nobody logged in for {policy().inactivity_days} days or more, so the account is inactive."
    return Stuck("inactive", text, "The reset link clears this.")


_PASSWORD = {
    Reason.NO_PASSWORD: _no_password,
    Reason.REVOKED: _revoked,
    Reason.TEMPORARY_LAPSED: _lapsed,
    Reason.EXPIRED: _expired,
    Reason.INACTIVE: _inactive,
}


def _throttled(account: Account, now: datetime) -> list[Stuck]:
    until = max((moment for _, moment in blocked(owner=account.username, now=now)), default=None)
    if until is None:
        return []
    text = f"Too many wrong tries: some browsers or networks have to wait, the longest until {_moment(until)}."
    return [Stuck("throttled", text, "The reset link works at once; unlocking forgets the tries.")]


def _doubt(agent: Agent) -> list[Stuck]:
    found = doubt_about(agent.email)
    if found is None or found.reason != Doubt.FAILED:
        return []
    text = f"Mails to the address came back, first on {_moment(found.since)}: passwords, links and user names are held."
    remedy = "Ask for the right address and change it; or clear the doubt, if the agent says that this one works."
    return [Stuck("address_in_doubt", text, remedy)]


def _mails(agent: Agent) -> list[Stuck]:
    """Of each kind of mail to the address in force the newest, if it did not arrive."""
    newest: dict[str, OutboxMail] = {}
    mine = OutboxMail.objects.filter(about__in=names_of(agent), mailbox=agent.email.lower())
    for mail in mine.order_by("posted_at"):
        newest[mail.kind] = mail
    return [
        Stuck(
            "mail_not_received",
            f"The mail “{mail.subject}” of {_moment(mail.posted_at)} {LOST[MailState(mail.state)]}.",
            "Ask for the right address; look into the junk folder together.",
        )
        for mail in newest.values()
        if mail.state in LOST
    ]


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(zone()):%B %-d, %Y, %-I:%M %p %Z}"
