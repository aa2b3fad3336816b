"""Five years of logins, passwords, outages, double runs, wrong clocks and changed policies: each rung once a password.

``LADDER_EXAMPLES=500 pytest tests/credentials/test_ladder_for_years.py`` looks deeper than the fast suite does.
"""

import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, example, given, settings

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.models import Event
from extranet.credentials.expiry import expire
from extranet.credentials.history import put_in_force
from extranet.credentials.models import Account
from extranet.mail.delivery import deliver_due
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.ways import Parcel
from tests.credentials.ladder_life import LIVES, POLICIES, START, YEARS, ZONE, Episode, Expected, Told
from tests.credentials.people import new_account
from tests.policies import put_in_force as put_policy_in_force

EXAMPLES = int(os.environ.get("LADDER_EXAMPLES", "0"))
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # to shrink a life of five years takes minutes
GOOD_ENOUGH = "argon2$never-checked"
HOURS = (8, 7, 0, 23, 15, 8, 9)  # of the daily run, by turns: before eight and after
pytestmark = pytest.mark.django_db


class Sink:
    """Takes every mail over, and remembers which and when."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def deliver(self, parcel: Parcel) -> None:
        self.taken.append(parcel.name)

    def close(self) -> None:
        pass


class Life:
    """One account and its neighbour, who chose a password on the first day and never comes back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch, self.now, self.good_for, self.days = monkeypatch, START, 60, 0
        self.expected, self.neighbours = Expected(), Expected()
        self.sink, self.late = Sink(), 0
        self._policy(0)
        self.account, self.neighbour = (new_account(f"400000{n}", now=START, password="") for n in (1, 2))
        for account, expected in ((self.account, self.expected), (self.neighbour, self.neighbours)):
            with transaction.atomic():
                put_in_force(account=account, encoded=GOOD_ENOUGH, generated=False, now=START)
            expected.password(START, 60)

    def play(self, episodes: list[Episode]) -> None:
        for episode in cycle([*episodes, Episode("quiet", 24 * 9)]):
            if self.now >= START + YEARS:
                return
            getattr(self, f"_{episode.what.replace(' ', '_')}")(episode.hours)

    def _run(self, at: datetime | None = None) -> None:
        moment = at or self.now
        expire(now=moment)
        for expected in (self.expected, self.neighbours):
            expected.run(moment)
        self._none_went_unsaid(moment)

    def _none_went_unsaid(self, at: datetime) -> None:
        """After a run in which a rung was in force, somebody has said so many days or fewer of this password."""
        rung, _ = self.expected.in_force(at)
        if rung is not None and self.expected.wakes:
            said = [told.days for told in told_to(self.account) if told.serial == self.expected.serial]
            assert said
            assert min(said) <= rung

    def _quiet(self, hours: int) -> None:
        """A run a day in the days that matter, now and then in the others."""
        until = self.now + timedelta(hours=hours)
        while self.now < until:
            last = self.expected.last_day
            near = last is not None and -2 <= (last - self.now.astimezone(ZONE).date()).days <= 15
            self.days += 1
            self.now = self._later(timedelta(days=1 if near else 6))
            self._run()

    def _later(self, span: timedelta) -> datetime:
        hour = HOURS[self.days % len(HOURS)]
        wall = (self.now + span).astimezone(ZONE).replace(hour=hour, minute=self.days % 2)
        return max(wall.astimezone(self.now.tzinfo), self.now + timedelta(minutes=1))

    def _outage(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    def _clock_forward(self, hours: int) -> None:
        self._run(self.now + timedelta(hours=hours))

    def _clock_back(self, hours: int) -> None:
        self._run(self.now - timedelta(hours=hours))

    def _twice(self, hours: int) -> None:
        self._run()
        self._run()

    def _at_once(self, hours: int) -> None:
        """A second run comes between what the first one has read and what it writes."""
        others: list[Callable[[], object]] = [lambda: expire(now=self.now)]

        def between(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
            if others and sql.startswith('UPDATE "accounts"'):
                others.pop()()
            return execute(sql, params, many, context)

        with connection.execute_wrapper(between):
            self._run()

    def _policy(self, number: int) -> None:
        good_for, rungs = POLICIES[number]
        put_policy_in_force(self._monkeypatch, password_days=good_for, warning_days=rungs)
        self.good_for, self.expected.rungs, self.neighbours.rungs = good_for or 0, rungs, rungs

    def _change(self, hours: int) -> None:
        self._new_password(generated=False)

    def _reset(self, hours: int) -> None:
        """A generated password, of whose fourteen days nobody is warned; the chosen one that follows is another."""
        self._new_password(generated=True)
        self.now += timedelta(hours=30)
        self._run()
        self._new_password(generated=False)

    def _new_password(self, *, generated: bool) -> None:
        account = Account.objects.get(pk=self.account.pk)
        with transaction.atomic():
            put_in_force(account=account, encoded=GOOD_ENOUGH, generated=generated, now=self.now)
        self.expected.password(self.now, None if generated else (self.good_for or None))
        self.account = account
        waiting = OutboxMail.objects.filter(key__startswith=f"expiry_warning:{account.pk}:", state=MailState.QUEUED)
        assert not waiting.exists()  # of the old password

    def _login(self, hours: int) -> None:
        Account.objects.filter(pk=self.account.pk).update(last_login=self.now)

    def _deliver(self, hours: int) -> None:
        deliver_due(now=self.now, way=self.sink)

    def _suspend(self, hours: int) -> None:
        """Nothing is said to who could not come in anyway; the end of it begins no new ladder."""
        self.expected.wakes = not self.expected.wakes
        status = CertificationStatus.CERTIFIED if self.expected.wakes else CertificationStatus.SUSPENDED
        Agent.objects.filter(account=self.account).update(status=status)


def told_to(account: Account) -> list[Told]:
    """The warnings in the outbox, whatever became of them."""
    found = OutboxMail.objects.filter(kind="expiry_warning", about=account.username).order_by("posted_at", "key")
    told = []
    for mail in found:
        serial, rung = mail.key.rpartition(":")[2].split("-")
        days = re.search(r"expires (?:in (\d+) day|today)", mail.subject)
        assert days
        told.append(Told(int(serial), int(rung), mail.posted_at, int(days[1] or 0)))
    return told


def _last_days() -> dict[tuple[str, int], str]:
    """What the trail says was the last day of each password that was warned about."""
    warned = Event.objects.filter(action="account:password:warned")
    return {(event.subject, event.detail["serial"]): event.detail["expires_on"] for event in warned}


def _assert_sound(account: Account, told: list[Told]) -> None:
    """Whatever happened: each rung once a password, fewer days each time, none after the end, and the days are true."""
    assert len({(one.serial, one.rung) for one in told}) == len(told)
    last_days = _last_days()
    for one in told:
        last = datetime.fromisoformat(last_days[account.username, one.serial]).date()
        assert one.days == (last - one.at.astimezone(ZONE).date()).days >= 0
        assert one.days <= one.rung
    for serial in {one.serial for one in told}:
        days = [event.detail["days"] for event in _warned(account, serial)]
        assert days == sorted(set(days), reverse=True)
        assert sorted(days) == sorted(one.days for one in told if one.serial == serial)  # the trail is a witness


def _warned(account: Account, serial: int) -> list[Event]:
    found = Event.objects.filter(action="account:password:warned", subject=account.username).order_by("id")
    return [event for event in found if event.detail["serial"] == serial]


@settings(
    max_examples=EXAMPLES or 5,
    phases=tuple(Phase) if EXAMPLES else QUICK,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    print_blob=True,
)
@given(LIVES)
@example([Episode("policy", 1), Episode("quiet", 24 * 70), Episode("deliver"), Episode("change")])
@example([Episode("policy", 1), Episode("outage", 24 * 11), Episode("at once"), Episode("clock back", 90)])
@example(
    [Episode("policy", 2), Episode("quiet", 24 * 47), Episode("policy", 1), Episode("quiet", 200), Episode("reset")]
)
@example([Episode("outage", 24 * 56), Episode("twice"), Episode("policy", 1), Episode("twice"), Episode("quiet", 99)])
@example([Episode("policy", 1), Episode("suspend"), Episode("quiet", 24 * 58), Episode("suspend"), Episode("twice")])
def test_five_years_tell_each_rung_once_a_password_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, episodes: list[Episode]
) -> None:
    with suppress(_Over), transaction.atomic():
        life = Life(monkeypatch)
        life.play(episodes)
        for account, expected in ((life.account, life.expected), (life.neighbour, life.neighbours)):
            told = told_to(account)
            assert sorted(told) == sorted(expected.told)
            _assert_sound(account, told)
        assert len(set(life.sink.taken)) == len(life.sink.taken)
        raise _Over


class _Over(Exception):
    """Takes the life back, so that the next one begins on a clean table."""
