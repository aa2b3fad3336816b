"""The Monday run (J4 - J12, J15): an account and exactly three mails, whatever runs twice, at once, late or dies."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import OperationalError, connection
from pytest_django import Settings

from extranet.agents.models import Agent, CertificationStatus
from extranet.audit.models import Event
from extranet.credentials import onboarding
from extranet.credentials.accounts_import import import_accounts
from extranet.credentials.disable import end_access_of
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.issue import AccountExists, Generated, open_account
from extranet.credentials.login import LoginRefused
from extranet.credentials.models import Account
from extranet.credentials.onboarding import Onboarded, onboard
from extranet.credentials.third_mail import prepare
from extranet.credentials.username import agent_username
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.profile.loader import current
from tests.credentials.people import DESK, days, events, fresh, mails, new_account, new_agent, try_login

pytestmark = pytest.mark.django_db


def kinds(username: str) -> list[str]:
    return [mail.kind for mail in mails(username)]


def test_a_newly_certified_agent_gets_an_account_and_three_separate_mails(now: datetime) -> None:
    agent = new_agent(certified_on=date(2026, 11, 15))
    assert onboard(now=now) == Onboarded(created=1)
    account = Account.objects.get(agent=agent)
    first, second, third = mails(account.username)
    assert [first.kind, second.kind, third.kind] == ["introduction", "username", "password"]
    assert [mail.key for mail in (first, second, third)] == [
        f"introduction:{account.username}:1",
        f"username:{account.username}:1",
        f"password:{account.pk}:1",
    ]
    assert {mail.to_address for mail in (first, second, third)} == {agent.email}
    assert len({mail.message_id for mail in (first, second, third)}) == 3
    assert {mail.thread for mail in (first, second, third)} == {first.thread}
    assert [mail.place for mail in (first, second, third)] == [1, 2, 3]
    assert third.wait_until == now + timedelta(hours=24)


def test_the_mailed_password_opens_the_account_and_stands_in_one_mail_only(now: datetime) -> None:
    account = Account.objects.get(agent=_taken_in(now))
    bodies = [body_of(mail).text for mail in mails(account.username)]
    words = {word.strip(".,:;") for word in bodies[2].split()}
    opening = [word for word in words if word.count("-") == 4 and _opens(account, word, now)]
    assert len(opening) == 1
    assert all(opening[0] not in body for body in bodies[:2])
    assert account.username not in bodies[2]
    assert account.username in bodies[1]


def _taken_in(now: datetime) -> Agent:
    agent = new_agent()
    onboard(now=now)
    return agent


def _opens(account: Account, password: str, now: datetime) -> bool:
    try:
        return try_login(account, password, now=now).must_change
    except LoginRefused:
        return False


def test_the_password_is_temporary_and_starts_no_sixty_days(now: datetime) -> None:
    account = Account.objects.get(agent=_taken_in(now))
    assert (account.temporary, account.temporary_until, account.expires_on) == (True, now + days(14), None)


def test_twice_is_once(now: datetime) -> None:
    new_agent()
    onboard(now=now)
    assert onboard(now=now) == Onboarded()
    assert onboard(now=now + days(7)) == Onboarded()
    assert OutboxMail.objects.count() == 3


def test_two_missed_mondays_are_caught_up(now: datetime) -> None:
    for number, day in enumerate((26, 30), start=1):
        new_agent(f"400000{number}", certified_on=date(2026, 10, day))
    new_agent("4000003", certified_on=date(2026, 11, 10))
    assert onboard(now=now) == Onboarded(created=3)


@pytest.mark.parametrize(
    ("moment", "taken"),
    [
        (datetime(2026, 11, 17, 7, 59, tzinfo=UTC), 0),  # still Monday the 16th in California
        (datetime(2026, 11, 17, 8, 0, tzinfo=UTC), 1),
        (datetime(2026, 11, 16, 8, 0, tzinfo=UTC), 0),
    ],
)
def test_certified_today_waits_until_the_day_is_over_in_the_exchanges_zone(moment: datetime, taken: int) -> None:
    new_agent(certified_on=date(2026, 11, 16))
    assert onboard(now=moment).created == taken


@pytest.mark.parametrize("status", [status for status in CertificationStatus if status != "certified"])
def test_who_is_not_certified_at_the_run_gets_nothing(now: datetime, status: str) -> None:
    new_agent(status=status)
    assert onboard(now=now) == Onboarded()
    assert (Account.objects.count(), OutboxMail.objects.count()) == (0, 0)


def test_a_living_account_is_kept_and_told_so_without_a_password_mail(now: datetime) -> None:
    alice, bob = new_agent("4000001"), new_agent("4000002", first_name="Bob")
    import_accounts(_file("4000001,4000001@agents.test,2026-11-01"), by=DESK, now=now)
    before = Account.objects.get(agent=alice)
    assert onboard(now=now) == Onboarded(created=1, kept=1)
    after = Account.objects.get(agent=alice)
    assert kinds(after.username) == ["introduction", "username"]
    assert (after.password_serial, after.expires_on, after.password) == (
        before.password_serial, before.expires_on, before.password
    )  # fmt: skip
    told, new = (body_of(mails(account.username)[0]).text for account in (after, bob.account))
    assert after.username in told
    assert bob.account.username not in new
    assert onboard(now=now) == Onboarded()
    assert len(mails()) == 5


def _file(*rows: str) -> BytesIO:
    return BytesIO("\n".join(["license,email,password_date", *rows]).encode())


def test_agents_of_before_the_cut_over_are_mailed_nothing_but_can_reset(now: datetime) -> None:
    agent = new_agent(existing=True, certified_on=date(2020, 1, 1))
    assert onboard(now=now) == Onboarded(silent=1)
    account = Account.objects.select_related("agent").get(agent=agent)
    assert mails() == []
    assert may_enter(account, channel=Channel.PORTAL, now=now).reason is Reason.NO_PASSWORD
    assert may_enter(account, channel=Channel.RESET, now=now).allowed
    assert onboard(now=now) == Onboarded()


def test_of_the_agents_of_before_those_with_an_account_keep_it(now: datetime) -> None:
    kept, silent, gone = (new_agent(f"400000{n}", existing=True) for n in range(3))
    import_accounts(_file("4000000,4000000@agents.test,"), by=DESK, now=now)
    Agent.objects.filter(pk=gone.pk).update(status=CertificationStatus.DECERTIFIED)
    assert onboard(now=now) == Onboarded(kept=1, silent=1)
    assert kinds(kept.account.username) == ["introduction", "username"]
    assert kinds(silent.account.username) == []
    assert not Account.objects.filter(agent=gone).exists()


def test_a_recertified_agent_has_the_same_account_again_and_is_not_welcomed_twice(now: datetime) -> None:
    account = new_account(now=now)
    Account.objects.filter(pk=account.pk).update(introduced_at=now)
    agent = Agent.objects.get(account=account)
    Agent.objects.filter(pk=agent.pk).update(status=CertificationStatus.DECERTIFIED)
    end_access_of(agents=[agent], by=DESK, now=now)
    assert not may_enter(fresh(account), channel=Channel.PORTAL, now=now).allowed
    assert onboard(now=now) == Onboarded()
    Agent.objects.filter(pk=agent.pk).update(status=CertificationStatus.CERTIFIED)
    assert onboard(now=now) == Onboarded()
    assert may_enter(fresh(account), channel=Channel.PORTAL, now=now).allowed
    assert mails() == []


def test_who_moved_or_was_renamed_while_passwords_were_hashed_is_taken_in_as_of_now(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice, bob = new_agent("4000001"), new_agent("4000002", first_name="Bob")

    def slow() -> Generated | None:
        Agent.objects.filter(pk=alice.pk).update(license="4000009", email="alice@new.test")
        return prepare()

    monkeypatch.setattr(onboarding, "_with_passwords", lambda agents: [(agent, slow()) for agent in list(agents)])
    assert onboard(now=now) == Onboarded(created=2)
    assert {mail.to_address for mail in mails(agent_username("4000009"))} == {"alice@new.test"}
    assert len(mails(agent_username("4000009"))) == 3
    assert not mails(agent_username("4000001"))
    assert {mail.to_address for mail in mails(agent_username("4000002"))} == {bob.email}


def test_a_kept_account_is_told_at_the_address_of_that_moment(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = new_agent(existing=True)
    import_accounts(_file("4000001,4000001@agents.test,"), by=DESK, now=now)
    (read_before,) = onboarding._not_introduced(now)
    Agent.objects.filter(pk=agent.pk).update(email="alice@new.test")
    monkeypatch.setattr(onboarding, "_not_introduced", lambda now: [read_before])
    assert onboard(now=now) == Onboarded(kept=1)
    assert {mail.to_address for mail in mails()} == {"alice@new.test"}


def test_one_address_that_takes_no_mail_stops_nobody_else(now: datetime) -> None:
    broken, fine = new_agent("4000001", email="not an address"), new_agent("4000002")
    assert onboard(now=now) == Onboarded(created=1, unreachable=1)
    assert not Account.objects.filter(agent=broken).exists()
    Agent.objects.filter(pk=broken.pk).update(email="mended@agents.test")
    assert onboard(now=now) == Onboarded(created=1)
    assert len(mails(fine.account.username)) == 3


@pytest.mark.parametrize("died_at", range(1, 29, 3))
def test_killed_anywhere_and_run_again_it_is_still_exactly_three(now: datetime, died_at: int) -> None:
    """The connection dies at the n-th statement that writes: what was committed is whole agents only."""
    for number in range(1, 4):
        new_agent(f"400000{number}")
    written = 0

    def dies(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal written
        writes = sql.startswith(("INSERT", "UPDATE"))
        written += writes
        if writes and written >= died_at:
            raise OperationalError("killed")
        return execute(sql, *rest)

    with connection.execute_wrapper(dies), pytest.raises(OperationalError):
        onboard(now=now)
    assert {mails(account.username)[2].kind for account in Account.objects.all()} <= {"password"}
    assert OutboxMail.objects.count() == 3 * Account.objects.count()
    onboard(now=now)
    for account in Account.objects.all():
        assert kinds(account.username) == ["introduction", "username", "password"]
    assert Account.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_are_one(now: datetime) -> None:
    for number in range(1, 9):
        new_agent(f"400000{number}")

    def run(_: int) -> Onboarded:
        try:
            return onboard(now=now)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(2)))
    assert sum(result.created for result in results) == 8
    assert OutboxMail.objects.count() == 24
    assert Account.objects.count() == 8


def test_the_run_and_each_act_of_it_stand_in_the_trail_without_any_password(now: datetime) -> None:
    account = Account.objects.get(agent=_taken_in(now))
    assert [event.action for event in Event.objects.filter(subject=account.username).order_by("id")] == [
        "account:created:done",
        "account:password:issued",
    ]
    assert events("onboarding:run:done")[0].detail["created"] == 1
    for detail in Event.objects.values_list("detail", flat=True):
        assert "password" not in str(detail)


def test_a_second_account_for_one_agent_is_refused(now: datetime) -> None:
    account = new_account(now=now)
    assert account.agent is not None
    with pytest.raises(AccountExists):
        open_account(agent=account.agent, now=now, by=DESK)
    assert Account.objects.count() == 1


def test_another_exchange_ends_its_day_in_its_own_zone_and_names_its_own_accounts(settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": "tests/profiles/evergreen"})
    agent = new_agent(certified_on=date(2026, 11, 15))
    assert onboard(now=datetime(2026, 11, 16, 4, 59, tzinfo=UTC)).created == 0  # 23:59 in New York
    assert onboard(now=datetime(2026, 11, 16, 5, 0, tzinfo=UTC)).created == 1
    account = Account.objects.get(agent=agent)
    assert account.username == f"{current().username_prefix}{agent.license}"
    assert current().portal_path in body_of(mails(account.username)[0]).text


def test_who_is_decertified_while_the_run_is_on_gets_nothing_any_more(now: datetime) -> None:
    new_agent("4000001")
    bob = new_agent("4000002", first_name="Bob")
    done = False

    def meanwhile(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal done
        if sql.startswith('INSERT INTO "accounts"') and not done:
            done = True
            Agent.objects.filter(pk=bob.pk).update(status=CertificationStatus.DECERTIFIED)
        return execute(sql, *rest)

    with connection.execute_wrapper(meanwhile):
        assert onboard(now=now) == Onboarded(created=1, skipped=1)
    assert not Account.objects.filter(agent=bob).exists()
    assert len(mails()) == 3
