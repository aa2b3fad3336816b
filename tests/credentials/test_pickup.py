"""A password that is picked up: link, user name and code, from three places; nothing secret in any mail."""

from datetime import date, datetime

import pytest

from extranet.agents.models import CertificationStatus
from extranet.credentials import pickup, reset
from extranet.credentials.change_password import change
from extranet.credentials.disable import disable, end_access_of
from extranet.credentials.gate import Reason, password_fault
from extranet.credentials.given_up import revoke_undelivered
from extranet.credentials.issue_again import issue_again
from extranet.credentials.login import RESET_NEEDED, WRONG, LoginRefused
from extranet.credentials.models import Account, PasswordHistory, ResetLink
from extranet.credentials.onboarding import onboard
from extranet.credentials.third_mail import key_in_force
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from tests.credentials.people import CHOSEN, DESK, HOME, NEW, days, events, fresh, mails, minutes, new_agent, try_login
from tests.credentials.reset_walks import HERS, ask, asked, claim, reset_mails, token_in
from tests.policies import put_in_force

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_pickup(monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, third_mail="pickup")


@pytest.fixture
def welcomed(now: datetime) -> Account:
    agent = new_agent()
    onboard(now=now)
    return Account.objects.select_related("agent").get(agent=agent)


def third_mail(account: Account) -> OutboxMail:
    return OutboxMail.objects.get(kind="pickup", state="queued", about=account.username)


def pickup_token(account: Account) -> str:
    text = body_of(third_mail(account)).text
    return next(word for word in text.split() if "/pickup/" in word).rstrip("/").rpartition("/")[2]


def ask_for(token: str, username: str, now: datetime) -> reset.Asked:
    return pickup.ask(token=token, username=username, network=HOME, now=now)


def second_link(account: Account) -> str:
    return token_in(max(reset_mails(account), key=lambda mail: mail.posted_at))


def picked_up(account: Account, now: datetime) -> str:
    code = ask_for(pickup_token(account), account.username, now).code
    return claim(second_link(account), code=code, browser_token="", now=now).password


def test_before_it_is_picked_up_there_is_no_password_anywhere(welcomed: Account, now: datetime) -> None:
    assert (welcomed.password, welcomed.password_serial) == ("", 0)
    assert not PasswordHistory.objects.filter(account=welcomed).exists()
    assert password_fault(welcomed, now=now) is Reason.NO_PASSWORD
    with pytest.raises(LoginRefused) as refusal:
        try_login(welcomed, "", now=now)
    assert refusal.value.code == WRONG
    assert [mail.kind for mail in mails(welcomed.username)] == ["introduction", "username", "pickup"]


def test_link_name_and_code_give_a_password_that_lets_in(welcomed: Account, now: datetime) -> None:
    clear = picked_up(welcomed, now + days(3))
    account = try_login(welcomed, clear, now=now + days(3))
    assert account.must_change
    assert fresh(welcomed).temporary_until == now + days(17)  # the two weeks begin when it is picked up


def test_no_mail_holds_password_or_code_nor_the_third_one_the_name(welcomed: Account, now: datetime) -> None:
    code = ask_for(pickup_token(welcomed), welcomed.username, now).code
    clear = claim(second_link(welcomed), code=code, browser_token="", now=now).password
    assert clear
    assert welcomed.agent is not None
    bodies = {mail.kind: body_of(mail) for mail in mails(welcomed.username) if mail.sealed_body}
    assert not [
        kind for kind, body in bodies.items() if clear in body.text + body.html or code in body.text + body.html
    ]
    again = issued_again(welcomed, now)
    assert welcomed.agent.license not in body_of(again).text + body_of(again).html


def issued_again(account: Account, now: datetime) -> OutboxMail:
    issue_again(account=fresh(account), by=DESK, now=now)
    return third_mail(account)


def test_the_third_mail_says_how_long_its_link_is_good(welcomed: Account, now: datetime) -> None:
    link = ResetLink.objects.get(account=welcomed)
    assert link.expires_at == now + days(14)
    assert f"{date(2026, 11, 30):%B %-d, %Y}" in body_of(third_mail(welcomed)).text
    pickup.look(token=pickup_token(welcomed), now=now + days(13.99))
    with pytest.raises(reset.ResetOver):
        pickup.look(token=pickup_token(welcomed), now=now + days(14))


def test_looking_any_number_of_times_changes_and_tells_nothing(welcomed: Account, now: datetime) -> None:
    before, token = ResetLink.objects.values().get(), pickup_token(welcomed)
    for _ in range(20):
        pickup.look(token=token, now=now)
    assert ResetLink.objects.values().get() == before
    assert len(mails()) == 3
    assert not events("account:pickup:asked")


@pytest.mark.parametrize("typed", ["", "CC_4000002", "4000002", "scanner@example.org", "\0", "х" * 300])
def test_without_the_user_name_no_mail_goes(welcomed: Account, now: datetime, typed: str) -> None:
    with pytest.raises(pickup.WrongName):
        ask_for(pickup_token(welcomed), typed, now)
    assert len(mails()) == 3
    assert events("account:pickup:refused", welcomed.username)[0].detail == {"reason": "wrong_name"}
    assert ask_for(pickup_token(welcomed), welcomed.username.lower(), now).code


def test_whose_link_it_is_cannot_be_found_by_trying_licenses(welcomed: Account, now: datetime) -> None:
    token = pickup_token(welcomed)
    for number in range(5):
        with pytest.raises(pickup.WrongName):
            ask_for(token, f"400001{number}", now)
    with pytest.raises(reset.TooManyAsks):
        ask_for(token, welcomed.username, now)
    assert ask_for(token, welcomed.username, now + minutes(31)).code


def test_the_code_is_asked_for_in_every_browser_and_five_wrong_ones_end_that_link(
    welcomed: Account, now: datetime
) -> None:
    code = ask_for(pickup_token(welcomed), welcomed.username, now).code
    token = second_link(welcomed)
    assert reset.look(token=token, browser_token=HERS, now=now).needs_code
    for _ in range(5):
        with pytest.raises(reset.CodeRefused):
            claim(token, code="CCCCCC", now=now)
    with pytest.raises(reset.ResetOver):
        claim(token, code=code, now=now)
    assert picked_up(welcomed, now + minutes(1))  # the pick-up link itself lives on


def test_the_link_of_the_third_mail_is_no_reset_link_nor_the_other_way_round(welcomed: Account, now: datetime) -> None:
    first = pickup_token(welcomed)
    code = ask_for(first, welcomed.username, now).code
    for browser_token in ("", HERS):
        with pytest.raises(reset.ResetOver, match="unknown"):
            claim(first, code=code, browser_token=browser_token, now=now)
    with pytest.raises(reset.ResetOver, match="unknown"):
        ask_for(second_link(welcomed), welcomed.username, now)


def test_once_picked_up_the_link_and_its_sisters_are_over(welcomed: Account, now: datetime) -> None:
    first = pickup_token(welcomed)
    codes = [ask_for(first, welcomed.username, now + minutes(n)).code for n in range(2)]
    older, newer = (token_in(mail) for mail in sorted(reset_mails(welcomed), key=lambda mail: mail.posted_at))
    claim(newer, code=codes[1], browser_token="", now=now + minutes(3))
    for refused in (
        lambda: claim(newer, code=codes[1], browser_token="", now=now + minutes(3)),
        lambda: claim(older, code=codes[0], browser_token="", now=now + minutes(3)),
        lambda: ask_for(first, welcomed.username, now + minutes(3)),
    ):
        with pytest.raises(reset.ResetOver):
            refused()


def test_strangers_cannot_spend_the_mails_of_the_first_password(welcomed: Account, now: datetime) -> None:
    for _ in range(5):
        ask(welcomed.username, now=now, browser_token="c" * 32)
    assert len(reset_mails(welcomed)) == 3  # the hour's
    assert picked_up(welcomed, now + minutes(1))


def test_three_mails_an_hour_go_to_who_asks_again_and_again(welcomed: Account, now: datetime) -> None:
    for _ in range(3):
        ask_for(pickup_token(welcomed), welcomed.username, now)
    with pytest.raises(reset.TooManyAsks):
        ask_for(pickup_token(welcomed), welcomed.username, now + minutes(59))
    assert len(reset_mails(welcomed)) == 3
    assert ask_for(pickup_token(welcomed), welcomed.username, now + minutes(61)).code


@pytest.mark.parametrize("status", [CertificationStatus.SUSPENDED, CertificationStatus.DECERTIFIED])
def test_whom_the_exchange_barred_picks_up_nothing(welcomed: Account, now: datetime, status: str) -> None:
    token, agent = pickup_token(welcomed), welcomed.agent
    assert agent is not None
    code = ask_for(token, welcomed.username, now).code
    agent.status = status
    agent.save()
    with pytest.raises(reset.ResetOver, match=status):
        ask_for(token, welcomed.username, now)
    with pytest.raises(reset.ResetOver, match=status):
        claim(second_link(welcomed), code=code, browser_token="", now=now)
    end_access_of(agents=[agent], by=DESK, now=now)
    agent.status = CertificationStatus.CERTIFIED
    agent.save()
    with pytest.raises(reset.ResetOver, match="ended"):  # it does not come back with the certification
        ask_for(token, welcomed.username, now)


def test_a_disabled_account_s_link_is_over(welcomed: Account, now: datetime) -> None:
    token = pickup_token(welcomed)
    disable(account=welcomed, reason="left", by=DESK, now=now)
    with pytest.raises(reset.ResetOver):
        ask_for(token, welcomed.username, now)


def test_the_reset_site_helps_too_and_ends_the_link(welcomed: Account, now: datetime) -> None:
    first = pickup_token(welcomed)
    token, _ = asked(welcomed, now=now)
    assert try_login(welcomed, claim(token, now=now).password, now=now)
    with pytest.raises(reset.ResetOver):
        ask_for(first, welcomed.username, now)


def test_issuing_again_ends_the_old_password_and_mails_another_link(welcomed: Account, now: datetime) -> None:
    clear = picked_up(welcomed, now)
    change(account=fresh(welcomed), old=clear, new=CHOSEN, now=now, by=DESK)
    issue_again(account=fresh(welcomed), by=DESK, now=now + minutes(1))
    with pytest.raises(LoginRefused) as refusal:
        try_login(welcomed, CHOSEN, now=now + minutes(1))
    assert refusal.value.code == RESET_NEEDED
    assert len(events("account:password:revoked", welcomed.username)) == 1
    assert try_login(welcomed, picked_up(welcomed, now + minutes(2)), now=now + minutes(2)).must_change


def test_issuing_again_ends_the_older_link_and_its_mail(welcomed: Account, now: datetime) -> None:
    older = pickup_token(welcomed)
    issue_again(account=fresh(welcomed), by=DESK, now=now + minutes(1))
    with pytest.raises(reset.ResetOver):
        ask_for(older, welcomed.username, now + minutes(1))
    states = sorted(mail.state for mail in mails(welcomed.username) if mail.kind == "pickup")
    assert states == ["cancelled", "queued"]
    assert picked_up(welcomed, now + minutes(2))


@pytest.mark.parametrize("state", ["gave_up", "bounced"])
def test_a_link_whose_mail_was_lost_is_ended_once(welcomed: Account, now: datetime, state: str) -> None:
    token, row = pickup_token(welcomed), third_mail(welcomed)
    bob = new_agent("4000002", first_name="Bob")
    onboard(now=now)
    OutboxMail.objects.filter(pk=row.pk).update(state=state, sealed_body=None)
    assert revoke_undelivered(now=now + days(7)) == [welcomed]
    assert revoke_undelivered(now=now + days(8)) == []
    assert len(events("account:pickup:revoked", welcomed.username)) == 1
    assert key_in_force(fresh(welcomed)) == row.key
    with pytest.raises(reset.ResetOver):
        ask_for(token, welcomed.username, now + days(7))
    assert picked_up(Account.objects.select_related("agent").get(agent=bob), now + days(7))  # the neighbour


def test_a_link_that_was_used_is_not_lost(welcomed: Account, now: datetime) -> None:
    row = third_mail(welcomed)
    picked_up(welcomed, now)
    OutboxMail.objects.filter(pk=row.pk).update(state="bounced", sealed_body=None)
    assert revoke_undelivered(now=now) == []
    assert key_in_force(fresh(welcomed)) == f"password:{welcomed.pk}:1"


def test_where_people_choose_they_choose_here_too(
    welcomed: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_in_force(monkeypatch, third_mail="pickup", reset_gives="chosen")
    code = ask_for(pickup_token(welcomed), welcomed.username, now).code
    token = second_link(welcomed)
    with pytest.raises(reset.ChoiceRefused):
        claim(token, code=code, browser_token="", chosen="password12345678", now=now)
    assert claim(token, code=code, browser_token="", chosen=NEW, now=now).password == ""
    assert not try_login(welcomed, NEW, now=now).must_change


def test_a_password_mailed_under_another_policy_still_lets_in(now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    put_in_force(monkeypatch, third_mail="password")
    agent = new_agent()
    onboard(now=now)
    put_in_force(monkeypatch, third_mail="pickup")
    text = body_of(OutboxMail.objects.get(kind="password")).text
    account = Account.objects.get(agent=agent)
    assert try_login(account, next(word for word in text.split() if word.count("-") == 4), now=now).must_change
