"""Asking for a reset link (J16 - J22): one answer and the same work for every name, no mailbox flooded."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials import reset, reset_link
from extranet.credentials.address_mask import decoy, mask
from extranet.credentials.disable import disable
from extranet.credentials.models import Account, ResetLink, Throttle
from extranet.credentials.username import UsernameRefused, agent_username
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.vault.tokens import digest
from tests.credentials.people import (
    CAFE,
    CHOSEN,
    DESK,
    HOME,
    days,
    events,
    fresh,
    mails,
    minutes,
    new_agent,
    new_staff,
    try_login,
)
from tests.credentials.reset_walks import HERS, ask, asked, link_in, reset_mails, token_in

pytestmark = pytest.mark.django_db
UNKNOWN = "4099999"


def test_alice_gets_one_link_from_the_system_sender(alice: Account, bob: Account, now: datetime) -> None:
    answer = ask(alice.username, now=now)
    (mail,) = mails(alice.username)
    assert (mail.kind, mail.sender, mail.to_address) == ("reset_link", "system", "4000001@agents.test")
    link = ResetLink.objects.get(account=alice)
    assert mail.key == f"reset_link:{alice.pk}:{link.pk}"
    assert link.digest == digest(token_in(mail))
    assert link.expires_at == now + timedelta(minutes=60)
    assert not mails(bob.username)
    assert answer.masked_email == "4*****@a*****"
    (event,) = events("account:reset:asked")
    assert (event.actor_kind, event.subject, event.network) == ("nobody", alice.username, HOME)


def test_the_link_carries_the_configured_address(alice: Account, now: datetime) -> None:
    ask(alice.username, now=now)
    assert link_in(reset_mails(alice)[0]).startswith("http://reset.test/link/")


def test_neither_token_nor_code_is_stored_and_the_code_is_not_in_the_mail(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    stored = str(ResetLink.objects.values().get())
    assert token not in stored
    assert code not in stored
    assert digest(code) not in stored
    body = body_of(reset_mails(alice)[0])
    assert code not in body.text + body.html + reset_mails(alice)[0].subject


def test_asking_touches_nothing_of_the_account(alice: Account, now: datetime) -> None:
    before = Account.objects.filter(pk=alice.pk).values().get()
    ask(alice.username, now=now)
    assert Account.objects.filter(pk=alice.pk).values().get() == before
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_several_links_live_at_once(alice: Account, now: datetime) -> None:
    first, _ = asked(alice, now=now)
    second, _ = asked(alice, now=now + minutes(1), browser_token="c" * 32)
    for token in (first, second):
        assert reset.look(token=token, browser_token=HERS, now=now + minutes(2)).username == alice.username


def test_the_domain_and_any_case_and_the_license_alone_are_taken(alice: Account, now: datetime) -> None:
    for name in (alice.username.lower(), "4000001", f"  {alice.username}\n"):
        ask(name, now=now)
    assert len(reset_mails(alice)) == 3


@pytest.mark.parametrize("name", ["", "no such form", "4000001' OR 1=1", "../../etc", "4000001\0", "٤٠٠٠٠٠١"])
def test_what_no_account_can_be_called_is_refused(alice: Account, now: datetime, name: str) -> None:
    with pytest.raises(UsernameRefused):
        ask(name, now=now)
    with pytest.raises(UsernameRefused):
        reset.begin(username=name, network=HOME, now=now)
    assert not mails()


def test_an_unknown_name_is_answered_alike_and_gets_nothing(alice: Account, now: datetime) -> None:
    answer = ask(UNKNOWN, now=now)
    assert len(answer.code) == len(ask(alice.username, now=now).code)
    assert [mail.about for mail in mails()] == [alice.username]
    assert ResetLink.objects.count() == 1
    (event,) = events("account:reset:refused")
    assert (event.subject, event.detail) == (agent_username(UNKNOWN), {"reason": "unknown"})


def writes(queries: CaptureQueriesContext) -> list[str]:
    """Statements without their values, in order."""
    return [" ".join(query["sql"].split()[:3]).replace('"', "") for query in queries.captured_queries]


def test_unknown_known_and_barred_names_cost_the_same_statements(alice: Account, bob: Account, now: datetime) -> None:
    disable(account=bob, reason="left", by=DESK, now=now)
    ask(alice.username, now=now)  # makes the outbox's key, once and for all
    seen = []
    for name in (alice.username, UNKNOWN, bob.username):
        with CaptureQueriesContext(connection) as queries:
            ask(name, now=now)
        seen.append([line for line in writes(queries) if not line.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK"))])
    assert seen[0] == seen[1] == seen[2]
    assert sum(line.startswith("INSERT") for line in seen[0]) == 4  # counter, link, mail, event


def test_a_barred_account_gets_no_mail_and_its_reason_goes_to_the_trail_only(alice: Account, now: datetime) -> None:
    plain = ask(alice.username, now=now)
    for status in (CertificationStatus.SUSPENDED, CertificationStatus.DECERTIFIED, CertificationStatus.PENDING):
        Throttle.objects.all().delete()
        Agent.objects.filter(account=alice).update(status=status)
        assert ask(alice.username, now=now).masked_email == plain.masked_email
    assert len(reset_mails(alice)) == 1
    assert [e.detail["reason"] for e in events("account:reset:refused")] == [
        "suspended",
        "decertified",
        "not_certified",
    ]


def test_a_disabled_account_gets_no_mail(alice: Account, now: datetime) -> None:
    disable(account=alice, reason="left", by=DESK, now=now)
    ask(alice.username, now=now)
    assert not reset_mails(alice)


def test_a_spoiled_address_is_answered_like_an_unknown_name(alice: Account, now: datetime) -> None:
    Agent.objects.filter(account=alice).update(email="not an address")
    assert ask(alice.username, now=now).masked_email == decoy(alice.username)
    assert not mails()
    assert events("account:reset:refused")[0].detail == {"reason": "no_address"}


def test_at_most_three_mails_an_hour_whoever_asks_and_then_again(alice: Account, now: datetime) -> None:
    for number in range(6):
        answer = ask(alice.username, now=now + minutes(number), browser_token=str(number) * 32, network=CAFE)
        assert answer.masked_email == "4*****@a*****"
        assert len(answer.code) == 6
    assert len(reset_mails(alice)) == 3
    assert len(events("account:reset:throttled", alice.username)) == 3
    ask(alice.username, now=now + minutes(61))
    assert len(reset_mails(alice)) == 3
    ask(alice.username, now=now + minutes(62))
    assert len(reset_mails(alice)) == 4


def test_unknown_names_are_counted_like_known_ones(alice: Account, now: datetime) -> None:
    for _ in range(4):
        ask(UNKNOWN, now=now)
        ask(alice.username, now=now)
    subjects = {event.subject for event in events("account:reset:throttled")}
    assert subjects == {alice.username, agent_username(UNKNOWN)}


def test_asking_for_alice_takes_nothing_from_bob(alice: Account, bob: Account, now: datetime) -> None:
    for _ in range(5):
        ask(alice.username, now=now)
    ask(bob.username, now=now)
    assert len(reset_mails(bob)) == 1


def test_one_network_cannot_go_through_the_list_of_licenses(db: None, now: datetime) -> None:
    for number in range(100):
        reset.begin(username=f"41{number:05}", network=CAFE, now=now)
    with pytest.raises(reset.TooManyAsks) as many:
        reset.begin(username="4200000", network=CAFE, now=now)
    assert many.value.retry_after == 15 * 60
    assert reset.begin(username="4200000", network=HOME, now=now) == agent_username("4200000")
    assert reset.begin(username="4200000", network=CAFE, now=now + minutes(15)) == agent_username("4200000")


# The address as a stranger sees it


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("Alice.Example@Harbor.example", "a*****@h*****"),
        ("x@y.z", "x*****@y*****"),
        ('"a@b"@mail.test', '"*****@m*****'),
        ("nobody", ""),
        ("@mail.test", ""),
        ("a@", ""),
        ("", ""),
    ],
)
def test_an_address_is_shown_by_two_letters(address: str, seen: str) -> None:
    assert mask(address) == seen


def test_a_decoy_is_stable_has_the_form_of_a_real_one_and_differs_by_name(db: None) -> None:
    new_agent("4000001", id=UUID(int=1 << 126), email="alice@agents.test")
    new_agent("4000002", id=UUID(int=3 << 126), email="bob@harbor.test")
    decoys = [reset.masked_email(username=f"41{number:05}") for number in range(40)]
    assert set(decoys) == {"a*****@a*****", "a*****@h*****", "b*****@a*****", "b*****@h*****"}
    assert decoys == [reset.masked_email(username=f"41{number:05}") for number in range(40)]


def test_a_decoy_needs_no_roster(db: None) -> None:
    assert reset.masked_email(username=UNKNOWN) == decoy(agent_username(UNKNOWN))
    assert len({decoy(str(number)) for number in range(30)}) > 20


def test_the_mask_costs_the_same_queries_for_every_name(alice: Account) -> None:
    counted = []
    for name in (alice.username, UNKNOWN):
        with CaptureQueriesContext(connection) as queries:
            reset.masked_email(username=name)
        counted.append(len(queries))
    assert counted[0] == counted[1]


# Staff begin it for somebody who called


def test_staff_start_a_reset_and_hear_the_code(alice: Account, now: datetime) -> None:
    code = reset.start_by_staff(account=alice, by=DESK, now=now)
    (mail,) = mails(alice.username)
    link = ResetLink.objects.get()
    assert (mail.kind, mail.key) == ("reset_started_by_staff", f"reset_started_by_staff:{alice.pk}:{link.pk}")
    assert link.by_staff
    assert code not in body_of(mail).text
    (event,) = events("request:reset:started")
    assert (event.actor, event.subject) == (DESK.name, alice.username)
    assert code not in str(event.detail)
    assert reset.look(token=token_in(mail), browser_token=HERS, now=now).needs_code


def test_staff_can_help_where_strangers_spent_the_hours_mails(alice: Account, now: datetime) -> None:
    for _ in range(5):
        ask(alice.username, now=now)
    reset.start_by_staff(account=alice, by=DESK, now=now)
    assert OutboxMail.objects.filter(kind="reset_started_by_staff").count() == 1


def test_staff_cannot_start_a_reset_for_a_barred_account_or_a_spoiled_address(
    alice: Account, bob: Account, now: datetime
) -> None:
    disable(account=alice, reason="left", by=DESK, now=now)
    Agent.objects.filter(account=bob).update(email="spoiled")
    for account, reason in ((alice, "disabled"), (fresh(bob), "no_address")):
        with pytest.raises(reset.ResetRefused) as refused:
            reset.start_by_staff(account=account, by=DESK, now=now)
        assert refused.value.reason == reason
    assert not ResetLink.objects.exists()
    assert not mails()


def test_members_of_staff_reset_their_password_the_same_way(now: datetime) -> None:
    dora = new_staff(now=now)
    token, _ = asked(dora, now=now)
    assert reset.look(token=token, browser_token=HERS, now=now).username == dora.username


# The clock


def test_a_link_lives_sixty_minutes_also_across_the_change_of_the_clock(alice: Account) -> None:
    one_thirty = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)  # 01:30 in Los Angeles, and an hour later it is 01:30 again
    token, _ = asked(alice, now=one_thirty)
    assert reset.look(token=token, browser_token=HERS, now=one_thirty + timedelta(minutes=59, seconds=59))
    with pytest.raises(reset.ResetOver):
        reset.look(token=token, browser_token=HERS, now=one_thirty + minutes(60))


def test_a_link_of_yesterday_leads_nowhere(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    with pytest.raises(reset.ResetOver):
        reset.look(token=token, browser_token=HERS, now=now + days(1))


def test_links_that_are_long_over_are_forgotten_and_living_ones_are_not(alice: Account, now: datetime) -> None:
    asked(alice, now=now - days(40))
    token, _ = asked(alice, now=now)
    assert reset_link.forget_old(before=now - days(30)) == 1
    assert reset.look(token=token, browser_token=HERS, now=now).username == alice.username
