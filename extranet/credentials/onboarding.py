"""The Monday run: everyone newly certified gets an account and exactly three mails (J4 - J12, J15).

One agent is one transaction, with account, password, mails and events together, so that a run killed anywhere leaves
whole agents and the next one goes on. Two runs at once meet at the unique account: the loser skips that agent.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from uuid import uuid4

from django.db import transaction
from django.db.models import QuerySet

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.actions import Action
from extranet.audit.record import Actor, Entry, record, record_many
from extranet.credentials.hashing import SLOTS
from extranet.credentials.issue import AccountExists, Generated, open_account, unsaved_account
from extranet.credentials.models import Account
from extranet.credentials.third_mail import ThirdMail, prepare, third_mail
from extranet.mail.catalogue import CatalogueMail, FieldRefused, IntroductionMail, UsernameMail
from extranet.mail.outbox import AddressRefused, post
from extranet.policy import onboarding_cutoff
from extranet.profile.in_force import policy, zone

RUN = Actor.system("onboarding")
BATCH = 500  # agents of before the cut-over in one transaction: the first run may meet all of them
CHUNK = 4 * SLOTS  # passwords hashed ahead of their transactions


@dataclass(frozen=True)
class Onboarded:
    """How many agents got a new account, were kept with theirs, were known before and got one without any mail, were
    taken by another run, or cannot be written to."""

    created: int = 0
    kept: int = 0
    silent: int = 0
    skipped: int = 0
    unreachable: int = 0


def onboard(*, now: datetime) -> Onboarded:
    """Take in everyone certified before today (exchange's zone) who was not yet. Safe to repeat and to run at once."""
    counts = {"created": 0, "kept": 0, "silent": 0, "skipped": 0, "unreachable": 0}
    for account in _not_introduced(now):
        counts[_reached(partial(_keep, account, now))] += 1
    for agent, made in _with_passwords(_lacking_account(now).filter(existing=False)):
        counts[_reached(partial(_take_in, agent, made, now))] += 1
    known = iter(_lacking_account(now).filter(existing=True))
    while chunk := list(islice(known, BATCH)):
        counts["silent"] += _open_silently(chunk, now)
    with transaction.atomic():
        record(action=Action.ONBOARDING_RUN, now=now, actor=RUN, detail=counts)
    return Onboarded(**counts)


def _certified(now: datetime) -> QuerySet[Agent]:
    before = onboarding_cutoff(now, zone())
    return Agent.objects.filter(status=CertificationStatus.CERTIFIED, certified_on__lt=before)


def _lacking_account(now: datetime) -> QuerySet[Agent]:
    return _certified(now).filter(account=None).order_by("license")


def _not_introduced(now: datetime) -> QuerySet[Account]:
    imported = Account.objects.filter(imported=True, introduced_at=None, disabled_at=None)
    return imported.filter(agent__in=_certified(now)).select_related("agent").order_by("username")


def _with_passwords(agents: QuerySet[Agent]) -> Iterator[tuple[Agent, Generated | None]]:
    """Hash on all cores, some agents ahead, and never inside a transaction."""
    rest = iter(list(agents))
    with ThreadPoolExecutor(SLOTS) as pool:
        while chunk := list(islice(rest, CHUNK)):
            yield from zip(chunk, pool.map(lambda _: prepare(), chunk), strict=True)


def _reached(outcome: Callable[[], str]) -> str:
    """One agent whose address or name takes no mail must not stop the others: nothing of that agent was written."""
    try:
        return outcome()
    except (AddressRefused, FieldRefused):
        return "unreachable"
    except AccountExists:
        return "skipped"


def _take_in(agent: Agent, made: Generated | None, now: datetime) -> str:
    with transaction.atomic():
        lacking = _still_lacking(agent)
        if lacking is None:
            return "skipped"
        account = open_account(agent=lacking, now=now, by=RUN)
        third = third_mail(account=account, made=made, by=RUN, now=now)
        Account.objects.filter(pk=account.pk).update(introduced_at=now)
        _post(account, lacking, third, now)
    return "created"


def _keep(account: Account, now: datetime) -> str:
    """J15: the living account stays as it is, and its agent is told so."""
    with transaction.atomic():
        waiting = Account.objects.filter(pk=account.pk, introduced_at=None)
        if account.agent is None or not waiting.update(introduced_at=now):
            return "skipped"
        fresh = Account.objects.get(pk=account.pk)
        agent = Agent.objects.select_for_update().get(pk=account.agent.pk)
        record(action=Action.ACCOUNT_KEPT, now=now, actor=RUN, subject=fresh.username)
        _post(fresh, agent, None, now)
    return "kept"


def _open_silently(agents: list[Agent], now: datetime) -> int:
    """Known since before the cut-over: mailed nothing, but the reset link must work for everybody. How many."""
    with transaction.atomic():
        certified = Agent.objects.filter(pk__in=[agent.pk for agent in agents], status=CertificationStatus.CERTIFIED)
        held = list(certified.select_for_update().order_by("license"))
        others = set(Account.objects.filter(agent__in=held).values_list("agent_id", flat=True))
        accounts = [unsaved_account(agent=agent, now=now) for agent in held if agent.pk not in others]
        for account in accounts:
            account.introduced_at = now
        Account.objects.bulk_create(accounts)
        names = [account.username for account in accounts]
        record_many((Entry(Action.ACCOUNT_CREATED, name) for name in names), now=now, actor=RUN)
        record_many((Entry(Action.ACCOUNT_KEPT, name, {"mailed": False}) for name in names), now=now, actor=RUN)
    return len(accounts)


def _still_lacking(agent: Agent) -> Agent | None:
    """The locked row as it is now, some minutes after the run read it: certified at this moment, and nobody was faster.

    Account and mails are made from it: license, address and name may be others by now.
    """
    row = Agent.objects.select_for_update().filter(pk=agent.pk, status=CertificationStatus.CERTIFIED).first()
    return row if row is not None and not Account.objects.filter(agent=row).exists() else None


def _post(account: Account, agent: Agent, third: ThirdMail | None, now: datetime) -> None:
    """Apart, in an order, under keys that exist once (J9)."""
    name, person = account.username, {"first_name": agent.first_name, "last_name": agent.last_name}
    kept = third is None
    mails: list[CatalogueMail] = [
        IntroductionMail(**person, kept_account=kept, username=name if kept else ""),
        UsernameMail(**person, username=name, kept_account=kept),
    ]
    keyed = [(mail, f"{mail.kind}:{name}:1") for mail in mails] + ([(third.mail, third.key)] if third else [])
    thread, until = uuid4(), now + timedelta(hours=policy().onboarding_password_waits_hours)
    for place, (mail, key) in enumerate(keyed, start=1):
        post(
            mail,
            to=agent.email,
            about=name,
            key=key,
            language=agent.language,
            now=now,
            thread=thread,
            place=place,
            wait_until=until,
        )
