"""A secured mail that is picked up: notice, name, second link and code, from three places; nothing of it travels."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest
from django.db import connection, transaction
from pytest_django import Settings

from extranet.agents import change_email
from extranet.agents.models import Agent, CertificationStatus
from extranet.agents.rename import rename
from extranet.credentials import held_mail
from extranet.credentials.disable import disable, end_access_of
from extranet.credentials.given_up import revoke_undelivered
from extranet.credentials.held_mail import HeldOver, Taken
from extranet.credentials.issue_again import issue_again
from extranet.credentials.models import Account
from extranet.credentials.onboarding import onboard
from extranet.credentials.own_address import end_old_mailbox
from extranet.credentials.pickup import WrongName
from extranet.credentials.rename import follow_license
from extranet.credentials.reset_ask import TooManyAsks
from extranet.credentials.reset_claim import CodeRefused
from extranet.credentials.reset_link import code_digest
from extranet.mail.delivery import deliver_due
from extranet.mail.models import HeldLink, HeldMessage, OutboxMail
from extranet.mail.outbox import body_of
from extranet.mail.secured import held
from extranet.vault.tokens import new_token
from tests.credentials.agency import VIEW, new_agency_staff, owner
from tests.credentials.people import DESK, HOME, days, events, fresh, mails, minutes, new_agent, try_login
from tests.credentials.reset_walks import asked
from tests.credentials.reset_walks import claim as claim_reset
from tests.policies import put_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_pickup(settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"secured_mail": "pickup"})


@pytest.fixture
def alice(now: datetime) -> Account:
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


def token_of(mail: OutboxMail) -> str:
    word = next(word for word in body_of(mail).text.split() if "/secured/" in word)
    return word.rstrip("/").rpartition("/")[2]


def notice(account: Account, kind: str = "password") -> str:
    return token_of(OutboxMail.objects.get(kind=kind, about=account.username, state="queued"))


def ask(token: str, name: str, now: datetime) -> tuple[str, str]:
    """The second token and the code."""
    code = held_mail.ask(token=token, typed=name, network=HOME, now=now)
    newest = OutboxMail.objects.filter(kind="secured_link").order_by("-posted_at", "-key")
    fitting = [token_of(mail) for mail in newest]
    return next(found for found in fitting if _is_code(found, code)), code


def _is_code(token: str, code: str) -> bool:
    return HeldLink.objects.filter(code_digest=code_digest(token, code)).exists()


def claim(token: str, code: str, now: datetime) -> Taken:
    return held_mail.claim(token=token, code=code, network=HOME, now=now)


def show(taken: Taken, now: datetime, *, token: str = "") -> str:
    shown = token or taken.shown_token
    return held_mail.show(held_id=taken.held_id, shown_token=shown, network=HOME, now=now).text


def picked_up(account: Account, now: datetime) -> str:
    return show(claim(*ask(notice(account), account.username, now), now), now)


def password_in(text: str) -> str:
    return next(word for word in text.split() if word.count("-") >= 3 and len(word) > 15)


def test_the_onboarding_keeps_its_three_mails_and_none_holds_name_or_password(alice: Account, now: datetime) -> None:
    assert [(mail.kind, mail.secured_by) for mail in mails(alice.username)] == [
        ("introduction", ""),
        ("username", "pickup"),
        ("password", "pickup"),
    ]
    clear = password_in(picked_up(alice, now))
    assert try_login(alice, clear, now=now).must_change
    for mail in mails():
        body = body_of(mail)
        assert clear not in body.text + body.html
        assert mail.kind == "introduction" or alice.username not in body.text + body.html


def test_nothing_of_it_can_be_read_in_the_database(alice: Account, now: datetime) -> None:
    rows = str([*HeldMessage.objects.values_list(), *OutboxMail.objects.values_list()])
    clear = password_in(picked_up(alice, now))
    assert clear not in rows + str([*HeldMessage.objects.values_list(), *OutboxMail.objects.values_list()])
    assert clear not in str([event.detail for event in events("mail:held:read")])


def test_a_notice_says_no_name_and_its_link_is_stored_nowhere(alice: Account) -> None:
    mail = OutboxMail.objects.get(kind="password", about=alice.username)
    assert mail.secret
    assert alice.agent is not None
    assert alice.agent.license not in body_of(mail).text + mail.subject
    assert token_of(mail) not in str(list(HeldMessage.objects.values_list()))


def test_looking_any_number_of_times_changes_nothing(alice: Account, now: datetime) -> None:
    token, before = notice(alice), list(HeldMessage.objects.values())
    second, _ = ask(token, alice.username, now)
    for _ in range(20):
        held_mail.look(token=token, now=now)
        held_mail.look_behind(token=second, now=now)
    assert list(HeldMessage.objects.values()) == before
    assert HeldLink.objects.get().code_tries == 0


def test_it_is_read_once_and_again_for_ten_minutes_by_the_same_browser_only(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    taken = claim(second, code, now)
    assert show(taken, now) == show(taken, now + minutes(9.9))
    for wrong in ("", new_token()):
        with pytest.raises(HeldOver):
            held_mail.show(held_id=taken.held_id, shown_token=wrong, network=HOME, now=now)
    for again in (lambda: claim(second, code, now), lambda: held_mail.look(token=token, now=now)):
        with pytest.raises(HeldOver):
            again()
    with pytest.raises(HeldOver):
        show(taken, now + minutes(10))
    held.end_over(now=now + minutes(10))
    assert HeldMessage.objects.get(pk=taken.held_id).sealed is None
    assert len(events("mail:held:read", alice.username)) == 1
    assert len(events("mail:held:shown-again", alice.username)) == 2


def test_how_long_it_is_shown_again_is_policy(alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, shown_password_minutes=3)
    taken = claim(*ask(notice(alice), alice.username, now), now)
    with pytest.raises(HeldOver):
        show(taken, now + minutes(3))


def test_name_license_and_any_spelling_name_the_reader_and_charlie_does_not(alice: Account, now: datetime) -> None:
    assert alice.agent is not None
    token = notice(alice)
    for name in (alice.username.lower(), f" {alice.agent.license} "):
        assert ask(token, name, now)
    for wrong in ("4000003", "staff\\dora", "x", "", "4000001@agents.test"):
        with pytest.raises(WrongName):
            held_mail.ask(token=token, typed=wrong, network=HOME, now=now)
    with pytest.raises(TooManyAsks):
        held_mail.ask(token=token, typed=alice.username, network=HOME, now=now)
    assert {event.detail["reason"] for event in events("mail:held:refused", alice.username)} == {"wrong_name"}


def test_who_works_for_an_agent_names_that_agent(alice: Account, now: datetime) -> None:
    new_agency_staff(alice, {owner(alice): VIEW}, now=now)
    row = OutboxMail.objects.get(kind="agency_staff_enrolment", about="CC_4000001.nina")
    for name in ("4000001", "CC_4000001.nina"):
        assert ask(token_of(row), name, now)
    with pytest.raises(WrongName):
        ask(token_of(row), "4000002", now)


def test_wrong_codes_end_the_link_after_five_and_the_notice_gives_another(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    for _ in range(5):
        with pytest.raises(CodeRefused):
            claim(second, "AAAAAA", now)
    with pytest.raises(HeldOver):
        claim(second, code, now)
    with pytest.raises(HeldOver):
        held_mail.look_behind(token=second, now=now)
    third, other = ask(token, alice.username, now)
    with pytest.raises(CodeRefused):
        claim(third, code, now)  # of the other link
    assert show(claim(third, other.lower(), now), now)


def test_three_links_an_hour_and_each_ends_with_it(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    ask(token, alice.username, now)
    ask(token, alice.username, now)
    with pytest.raises(TooManyAsks):
        ask(token, alice.username, now)
    with pytest.raises(HeldOver):
        claim(second, code, now + minutes(60))


def test_what_nobody_picks_up_is_wiped_with_the_temporary_password(alice: Account, now: datetime) -> None:
    token = notice(alice)
    held_mail.look(token=token, now=now + days(13.99))
    with pytest.raises(HeldOver):
        held_mail.look(token=token, now=now + days(14))
    assert held.end_over(now=now + days(13.99)) == 0
    assert held.end_over(now=now + days(14)) == 2
    assert not HeldMessage.objects.filter(sealed__isnull=False).exists()
    assert {event.detail["kind"] for event in events("mail:held:ended")} == {"username", "password"}


def test_under_a_name_that_is_nobodys_it_is_read_by_nobody(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    HeldMessage.objects.update(about="CC_4000099")
    for walk in (lambda: ask(token, "4000099", now), lambda: claim(second, code, now)):
        with pytest.raises(HeldOver) as over:
            walk()
        assert over.value.reason == "nobody"


def test_an_answer_to_a_request_is_read_by_its_number(alice: Account, now: datetime) -> None:
    HeldMessage.objects.filter(mail__kind="password").update(about="R-4F7K-29")
    assert show(claim(*ask(notice(alice), "r-4f7k-29", now), now), now)


def disabled(account: Account, now: datetime) -> None:
    disable(account=account, reason="lost", by=DESK, now=now)


def suspended(account: Account, now: datetime) -> None:
    Agent.objects.update(status=CertificationStatus.SUSPENDED)


def left(account: Account, now: datetime) -> None:
    suspended(account, now)
    end_access_of(agents=Agent.objects.all(), by=DESK, now=now)


def issued_anew(account: Account, now: datetime) -> None:
    issue_again(account=fresh(account), by=DESK, now=now)


def reset(account: Account, now: datetime) -> None:
    token, _ = asked(account, now=now)
    claim_reset(token, now=now)


def bounced(account: Account, now: datetime) -> None:
    OutboxMail.objects.filter(kind="password").update(state="bounced", sealed_body=None)
    revoke_undelivered(now=now)


def moved(account: Account, now: datetime) -> None:
    assert account.agent is not None
    change_email.ask(agent=account.agent, new_email="alice@new.test", source="roster", by=DESK, now=now)
    change_email.complete_due(now=now + days(3), also=end_old_mailbox)


@pytest.mark.parametrize("happens", [disabled, left, issued_anew, reset, bounced, moved])
def test_it_is_wiped_when_what_it_opens_ends(
    alice: Account, now: datetime, happens: Callable[[Account, datetime], None]
) -> None:
    row = HeldMessage.objects.get(mail__kind="password")
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    happens(alice, now)
    assert HeldMessage.objects.get(pk=row.pk).sealed is None
    for walk in (lambda: ask(token, alice.username, now), lambda: claim(second, code, now)):
        with pytest.raises(HeldOver):
            walk()


def test_it_is_wiped_also_where_the_notice_left_long_ago_and_was_read(alice: Account, now: datetime) -> None:
    taken = claim(*ask(notice(alice), alice.username, now), now)
    deliver_due(now=now)
    issued_anew(alice, now)
    with pytest.raises(HeldOver):
        show(taken, now)


def test_the_gate_is_asked_at_each_step(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    suspended(alice, now)
    for walk in (lambda: ask(token, alice.username, now), lambda: claim(second, code, now)):
        with pytest.raises(HeldOver, match="suspended"):
            walk()


def test_a_mailbox_that_is_not_the_account_s_any_more_reads_nothing(alice: Account, now: datetime) -> None:
    token = notice(alice)
    second, code = ask(token, alice.username, now)
    Agent.objects.update(email="alice@new.test")
    for walk in (lambda: ask(token, alice.username, now), lambda: claim(second, code, now)):
        with pytest.raises(HeldOver, match="moved"):
            walk()


def test_it_follows_a_license_that_changes(alice: Account, now: datetime) -> None:
    token = notice(alice)
    assert alice.agent is not None
    with transaction.atomic():
        follow_license(agent=rename(old="4000001", new="4000009", by=DESK, now=now), by=DESK, now=now)
    assert ask(token, "4000009", now)
    disable(account=fresh(alice), reason="lost", by=DESK, now=now)
    assert not HeldMessage.objects.filter(sealed__isnull=False).exists()


def test_two_notices_can_be_told_apart(alice: Account) -> None:
    assert len({mail.subject for mail in mails(alice.username)}) == 3


def test_a_notice_that_bounces_ends_what_waits(alice: Account, now: datetime) -> None:
    OutboxMail.objects.update(give_up_at=now)
    deliver_due(now=now)
    assert not HeldMessage.objects.filter(sealed__isnull=False).exists()


def test_a_third_mail_that_is_a_walk_already_is_not_held_twice(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, third_mail="pickup")
    new_agent()
    onboard(now=now)
    assert [mail.mail.kind for mail in HeldMessage.objects.all()] == ["username"]
    third = OutboxMail.objects.get(kind="pickup")
    assert (third.secured_by, "/pickup/" in body_of(third).text) == ("pickup", True)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_claims_at_once_exactly_one_reads(alice: Account, now: datetime) -> None:
    pairs = [ask(notice(alice), alice.username, now) for _ in range(3)]
    start = Barrier(20)

    def one(number: int) -> Taken | Exception:
        try:
            start.wait(30)
            return claim(*pairs[number % 3], now)
        except HeldOver as over:
            return over
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(one, range(20)))
    (winner,) = (answer for answer in answers if isinstance(answer, Taken))
    assert password_in(show(winner, now))
    assert len(events("mail:held:read")) == 1
