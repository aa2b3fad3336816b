"""What owners do with their factors: the app, the codes, the last one that must stay; and what a reset never does."""

import re
from collections.abc import Callable
from datetime import datetime

import pytest
from allauth.mfa.models import Authenticator

from extranet.audit.record import Actor
from extranet.credentials import own_factors, passkeys, second_factor
from extranet.credentials.agreement import version_in_force
from extranet.credentials.gate import Channel, Reason, may_enter, needs_second_factor
from extranet.credentials.models import Account
from extranet.credentials.own_factors import CodeRefused, LastFactor, NoSuchFactor, factors_of
from extranet.credentials.staff import StaffRefused, invite_again
from extranet.mail.outbox import body_of
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import CHOSEN, HOME, events, fresh, mails, minutes, new_staff, try_login
from tests.credentials.reset_walks import asked, claim
from tests.credentials.test_passkeys import add

pytestmark = pytest.mark.django_db
TOKEN, HERS = "a session", "its key"


def by(account: Account) -> Actor:
    return Actor(account.kind, account.username, HOME)


def key_of(account: Account, holder: str = HERS) -> str:
    return second_factor.propose(username=account.username, token=TOKEN, holder=holder).secret


def set_up(account: Account, now: datetime, *, holder: str = HERS) -> list[str]:
    code = second_factor.code_at(secret=key_of(account), now=now)
    return own_factors.set_up_app(
        account=account, token=TOKEN, holder=holder, code=code, by=by(account), browser="Firefox", now=now
    )


def remove_app(account: Account, now: datetime) -> None:
    own_factors.remove_app(account=account, by=by(account), browser="Firefox", now=now)


def remove_passkey(account: Account, passkey_id: int, now: datetime) -> None:
    own_factors.remove_passkey(account=account, passkey_id=passkey_id, by=by(account), browser="Firefox", now=now)


def test_alice_sets_up_an_app_and_then_needs_its_code(alice: Account, bob: Account, now: datetime) -> None:
    codes = set_up(alice, now)
    assert len(set(codes)) == 10
    assert try_login(alice, CHOSEN, now=now).needs_second_factor
    assert not try_login(bob, CHOSEN, now=now).needs_second_factor
    second_factor.prove(
        account=alice,
        code=second_factor.code_at(secret=key_of(alice), now=now + minutes(1)),
        network=HOME,
        now=now + minutes(1),
    )
    assert [mail.kind for mail in mails(alice.username)] == ["second_factor_changed"]
    assert mails(bob.username) == []


def test_the_code_must_fit_the_key_of_this_session(alice: Account, now: datetime) -> None:
    with pytest.raises(CodeRefused):
        set_up(alice, now, holder="another session's key")
    assert not factors_of(alice).has_any


def test_a_new_phone_replaces_the_app_and_keeps_passkeys(alice: Account, now: datetime) -> None:
    old = set_up(alice, now)
    add(alice, SoftKey(), now)
    new = own_factors.set_up_app(
        account=alice,
        token=TOKEN,
        holder="next",
        code=second_factor.code_at(secret=key_of(alice, "next"), now=now),
        by=by(alice),
        browser="Firefox",
        now=now,
    )
    assert not set(old) & set(new)
    assert len(passkeys.passkeys_of(alice)) == 1
    assert second_factor.secret_of(alice) == key_of(alice, "next")


def test_new_recovery_codes_void_the_old_ones(alice: Account, now: datetime) -> None:
    old = set_up(alice, now)
    new = own_factors.renew_codes(account=alice, by=by(alice), browser="Firefox", now=now)
    with pytest.raises(second_factor.SecondFactorRefused):
        second_factor.prove(account=alice, code=old[0], network=HOME, now=now)
    second_factor.prove(account=alice, code=new[0], network=HOME, now=now)
    assert factors_of(alice).codes_left == 9
    assert len(events("account:second-factor:codes-renewed", alice.username)) == 1


def test_without_a_factor_there_are_no_codes_to_renew(alice: Account, now: datetime) -> None:
    with pytest.raises(NoSuchFactor):
        own_factors.renew_codes(account=alice, by=by(alice), browser="", now=now)


def test_where_factors_are_offered_the_last_one_may_go_and_its_codes_go_with_it(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    remove_app(alice, now)
    assert not needs_second_factor(alice)
    assert not Authenticator.objects.filter(user=alice).exists()
    assert not try_login(alice, CHOSEN, now=now).needs_second_factor
    assert len(events("account:second-factor:removed", alice.username)) == 1
    with pytest.raises(NoSuchFactor):
        remove_app(alice, now)


def test_where_one_is_required_the_last_one_stays(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("arc_ampe")
    set_up(alice, now)
    with pytest.raises(LastFactor):
        remove_app(alice, now)
    add(alice, SoftKey(), now)
    remove_app(alice, now)
    (last,) = passkeys.passkeys_of(alice)
    assert factors_of(alice).is_last
    with pytest.raises(LastFactor):
        remove_passkey(alice, last.id, now)


def test_staff_keep_their_last_factor_under_every_policy(now: datetime) -> None:
    dora = new_staff(now=now)
    set_up(dora, now)
    with pytest.raises(LastFactor):
        remove_app(dora, now)


def test_nobody_removes_the_passkey_of_another(alice: Account, bob: Account, now: datetime) -> None:
    add(alice, SoftKey(), now)
    (hers,) = passkeys.passkeys_of(alice)
    with pytest.raises(NoSuchFactor):
        remove_passkey(bob, hers.id, now)
    assert passkeys.passkeys_of(alice) == [hers]


def test_a_reset_never_removes_a_factor(alice: Account, now: datetime) -> None:
    set_up(alice, now)
    add(alice, SoftKey(), now)
    before = sorted(Authenticator.objects.values_list("pk", "type"))
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now)
    assert sorted(Authenticator.objects.values_list("pk", "type")) == before
    assert try_login(alice, claimed.password, now=now).needs_second_factor
    with pytest.raises(second_factor.SecondFactorRefused):
        second_factor.prove(account=alice, code="000000", network=HOME, now=now)


def agreed(account: Account) -> Account:
    Account.objects.filter(pk=account.pk).update(agreement_version=version_in_force())
    return fresh(account)


def test_where_a_factor_is_required_the_gate_bars_downloads_until_there_is_one(
    alice: Account, bob: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    assert may_enter(agreed(alice), channel=Channel.DOWNLOAD, now=now).allowed
    under_policy("arc_ampe")
    for channel in (Channel.DOWNLOAD, Channel.API):
        assert may_enter(agreed(alice), channel=channel, now=now).reason is Reason.NEEDS_FACTOR
    verdict = may_enter(agreed(alice), channel=Channel.PORTAL, now=now)
    assert (verdict.allowed, verdict.needs_factor) == (True, True)
    set_up(alice, now)
    assert may_enter(agreed(alice), channel=Channel.DOWNLOAD, now=now).allowed
    assert not may_enter(agreed(bob), channel=Channel.DOWNLOAD, now=now).allowed


def test_nobody_invites_the_own_account_again(now: datetime) -> None:
    amelia = new_staff("amelia", now=now)
    with pytest.raises(StaffRefused, match="another administrator"):
        invite_again(account=amelia, by=by(amelia), now=now)
    assert invite_again(account=amelia, by=by(new_staff("ben", now=now)), now=now).link


def test_the_mail_says_what_changed_and_holds_no_code(alice: Account, now: datetime) -> None:
    codes = set_up(alice, now)
    add(alice, SoftKey(), now)
    remove_app(alice, now)
    words = [body_of(mail).text for mail in mails(alice.username)]
    assert any("An authenticator app was set up for your account" in text for text in words)
    assert any("A passkey was added to your account" in text for text in words)
    assert any("The authenticator app was removed from your account" in text for text in words)
    found = "".join(words)
    assert not [code for code in codes if code in found]
    assert key_of(alice) not in re.sub(r"\s", "", found)
