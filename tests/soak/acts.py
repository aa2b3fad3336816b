"""What happens in the children of the simulated year: acts of the site, and those of the people. Django is set up."""

import secrets
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from django.db import models

from extranet.agents.rename import RenameRefused
from extranet.audit import chain
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials import expiry, login, onboarding, reset
from extranet.credentials.change_password import PasswordRefused, change
from extranet.credentials.issue_again import IssueRefused, issue_again
from extranet.credentials.models import Account
from extranet.credentials.username import agent_username
from extranet.mail.delivery import deliver_due
from extranet.mail.models import OutboxMail
from extranet.service_center.models import SupportRequest
from extranet.timetable import due, rename_agent, roster_day

EXCHANGE, DESK = Actor.system("exchange"), Actor("staff", "staff\\dora")
NETWORK, BROWSER = "198.51.100.0/24", "Firefox (Windows)"
ROUNDS = 20  # of deliveries in one child, each of at most 500 mails
Told = dict[str, Any]


def take_roster(file: Path, renames: list[tuple[str, str]], cutover: date | None, now: datetime) -> Told:
    for old, new in renames:
        with suppress(RenameRefused):  # done by the one that was killed
            rename_agent(old=old, new=new, by=EXCHANGE, now=now)
    with file.open("rb") as stream:
        roster_day(file=stream, name=file.name, by=EXCHANGE, now=now, cutover=cutover, allow_drop=True)
    return {}


def run_timetable(now: datetime) -> Told:
    return {"failed": [f"{ran.name}: {ran.outcome}" for ran in due(now=now) if ran.failed]}


def warn_by_hand(now: datetime) -> Told:
    expiry.expire(now=now)
    return {}


def onboard_by_hand(now: datetime) -> Told:
    onboarding.onboard(now=now)
    return {}


def deliver(now: datetime) -> Told:
    accepted, down = 0, ""
    for _ in range(ROUNDS):
        sent = deliver_due(now=now)
        accepted, down = accepted + sent.accepted, sent.down
        if down or not (sent.accepted or sent.bounced):
            break
    return {"accepted": accepted, "down": down}


def seal_trail(now: datetime) -> Told:
    return {"sealed": chain.seal(now=now)}


def visit(visits: list[Told], now: datetime) -> list[Told]:
    """What each person did and saw, in their order."""
    told: list[Told] = []
    for one in visits:
        acted = {"login": _log_in, "ask": _ask, "claim": _claim, "issue": _issue}[one["what"]]
        told += [{"who": one["who"], "at": now.isoformat(), **said} for said in acted(one, now)]
    return told


def _log_in(one: Told, now: datetime) -> list[Told]:
    """With the password they know; then they choose another one where they must or wish to."""
    name = agent_username(one["license"])
    try:
        entered = login.sign_in(
            username=name, password=one["password"], device=None, network=NETWORK, browser=BROWSER, now=now
        )
    except login.LoginRefused as refused:
        return [{"what": "refused", "code": refused.code}]
    said: list[Told] = [{"what": "entered"}]
    if entered.must_change or one["wishes"]:
        said += _change(entered.account, one["password"], now)
    return said


def _change(account: Account, old: str, now: datetime) -> list[Told]:
    new = "".join(secrets.choice("bcdfghjkmnpqrtvwxz23456789") for _ in range(18))
    try:
        change(account=account, old=old, new=new, now=now, by=Actor("agent", account.username, NETWORK))
    except PasswordRefused as refused:
        return [{"what": "change refused", "code": str(refused)}]
    return [{"what": "changed", "password": new}]


def _ask(one: Told, now: datetime) -> list[Told]:
    reset.ask(username=one["license"], network=NETWORK, browser_token=f"{one['who']:032x}", now=now)
    return [{"what": "asked"}]


def _claim(one: Told, now: datetime) -> list[Told]:
    try:
        claimed = reset.claim(
            token=one["link"], browser_token=f"{one['who']:032x}", code="", network=NETWORK, browser=BROWSER, now=now
        )
    except reset.ResetOver as over:
        return [{"what": "link over", "code": over.reason}]
    said: Told = {"what": "claimed", "password": claimed.password}
    return [said, *_log_in({**one, "password": claimed.password, "wishes": True}, now)]


def _issue(one: Told, now: datetime) -> list[Told]:
    """The service center issues again for somebody whose address was put right."""
    account = Account.objects.select_related("agent").filter(username=agent_username(one["license"])).first()
    if account is None:
        return [{"what": "no account yet"}]
    try:
        issue_again(account=account, by=DESK, now=now)
    except IssueRefused as refused:
        return [{"what": "issue refused", "code": refused.reason}]
    return [{"what": "issued"}]


def dump(now: datetime) -> Told:
    """All that the site says of the year: outbox, requests, accounts, and the trail, verified."""
    chain.seal(now=now)
    found = chain.verify(now=now)
    wanted = (
        *("mail:delivery:accepted", "mail:delivery:gave-up", "mail:delivery:bounced", "account:reset:claimed"),
        *("account:password:warned", "account:password:revoked"),
    )
    events = Event.objects.filter(action__in=wanted).order_by("id")
    return {
        "mails": [_mail(mail) for mail in OutboxMail.objects.order_by("posted_at", "place")],
        "requests": list(SupportRequest.objects.values_list("cause", flat=True)),
        "accounts": {account.username: account.revoked_at is not None for account in Account.objects.all()},
        "events": [
            {"at": one.at.isoformat(), "action": one.action, "subject": one.subject, "detail": one.detail}
            for one in events
        ],
        "trail": {
            "batches": found.batches,
            "events": found.events,
            "unsealed": found.unsealed,
            "faults": list(found.faults),
        },
    }


def _mail(mail: OutboxMail) -> Told:
    """A row without its body, and whether any of it is left."""
    bodies = [field.name for field in mail._meta.fields if isinstance(field, models.BinaryField)]
    return {
        "key": mail.key,
        "kind": mail.kind,
        "about": mail.about,
        "to": mail.to_address,
        "state": str(mail.state),
        "attempts": mail.attempts,
        "message_id": mail.message_id,
        "place": mail.place,
        "posted_at": _text(mail.posted_at),
        "accepted_at": _text(mail.accepted_at),
        "wait_until": _text(mail.wait_until),
        "wiped_at": _text(mail.wiped_at),
        "taken_back": mail.taken_back,
        "secret": mail.secret,
        "has_body": any(getattr(mail, name) for name in bodies),
    }


def _text(moment: datetime | None) -> str:
    return moment.astimezone(UTC).isoformat() if moment else ""
