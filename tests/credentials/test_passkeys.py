"""Passkeys: one browser, one purpose, one answer; counted; as second factor and alone, through the same gate."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from allauth.mfa.models import Authenticator

from extranet.audit.record import Actor
from extranet.credentials import own_factors, passkey_ceremony, passkeys, second_factor, sessions
from extranet.credentials.agreement import version_in_force
from extranet.credentials.gate import needs_second_factor
from extranet.credentials.login import RESET_NEEDED, THROTTLED, WRONG, LoginRefused, SignIn
from extranet.credentials.models import Account, ChallengePurpose, KnownDevice, Passkey, PasskeyChallenge
from extranet.credentials.passkey_ceremony import PasskeyRefused
from extranet.credentials.passkeys import NameRefused
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import DESK, HOME, days, events, fresh, mails, minutes, new_staff

pytestmark = pytest.mark.django_db
BROWSER, OTHER = "a browser's secret", "another browser's secret"
ADD, SECOND, CONFIRM, LOGIN = (
    ChallengePurpose.ADD,
    ChallengePurpose.SECOND,
    ChallengePurpose.CONFIRM,
    ChallengePurpose.LOGIN,
)


def asked(account: Account | None, purpose: ChallengePurpose, now: datetime, holder: str = BROWSER) -> Any:
    """What the browser is given, as it reads it."""
    options = passkey_ceremony.begin(purpose=purpose, account=account, holder=holder, now=now)
    return json.loads(json.dumps(options))


def add(account: Account, key: SoftKey, now: datetime, *, name: str = "my phone", holder: str = BROWSER) -> list[str]:
    answer = key.create(asked(account, ADD, now))
    by = Actor(account.kind, account.username, HOME)
    return passkeys.add(account=account, name=name, answer=answer, holder=holder, by=by, browser="Firefox", now=now)


def prove(account: Account, answer: str, now: datetime, *, holder: str = BROWSER, purpose: Any = SECOND) -> None:
    passkeys.prove(account=account, purpose=purpose, answer=answer, holder=holder, network=HOME, now=now)


def alone(answer: str, now: datetime, *, holder: str = BROWSER) -> SignIn:
    return passkeys.sign_in(answer=answer, holder=holder, device=None, network=HOME, browser="Firefox", now=now)


def login_options(now: datetime) -> Any:
    return json.loads(json.dumps(passkeys.ask_for_login(holder=BROWSER, network=HOME, now=now)))


def test_a_passkey_is_added_with_a_name_and_the_owner_is_told(alice: Account, bob: Account, now: datetime) -> None:
    codes = add(alice, SoftKey(), now)
    held = passkeys.passkeys_of(alice)
    assert [(one.name, one.alone) for one in held] == [("my phone", True)]
    assert len(set(codes)) == 10
    assert needs_second_factor(alice)
    assert not needs_second_factor(bob)
    assert [event.action for event in events("account:passkey:added", alice.username)] == ["account:passkey:added"]
    assert [mail.kind for mail in mails(alice.username)] == ["second_factor_changed"]
    assert mails(bob.username) == []


def test_the_browser_is_told_the_configured_host_and_nothing_of_the_person(alice: Account, now: datetime) -> None:
    told = asked(alice, ADD, now)["publicKey"]
    assert told["rp"]["id"] == "portal.test"
    assert alice.username not in told["user"]["id"]
    assert asked(None, LOGIN, now)["publicKey"].get("allowCredentials", []) in ([], None)


def test_what_was_added_already_is_not_offered_again(alice: Account, now: datetime) -> None:
    add(alice, SoftKey(), now)
    assert len(asked(alice, ADD, now)["publicKey"]["excludeCredentials"]) == 1


def test_further_factors_keep_the_recovery_codes_of_the_first(alice: Account, now: datetime) -> None:
    first = add(alice, SoftKey(), now)
    assert add(alice, SoftKey(), now, name="key ring") == []
    second_factor.prove(account=alice, code=first[0], network=HOME, now=now)


def test_a_recovery_code_replaces_the_passkey_once(alice: Account, now: datetime) -> None:
    codes = add(alice, SoftKey(), now)
    second_factor.prove(account=alice, code=codes[2], network=HOME, now=now)
    with pytest.raises(second_factor.SecondFactorRefused):
        second_factor.prove(account=alice, code=codes[2], network=HOME, now=now)


@pytest.mark.parametrize("name", ["", "   ", "x" * 61, "\x00\x07"])
def test_a_passkey_without_a_good_name_is_refused_and_the_challenge_stays(
    alice: Account, now: datetime, name: str
) -> None:
    with pytest.raises(NameRefused):
        add(alice, SoftKey(), now, name=name)
    assert PasskeyChallenge.objects.count() == 1
    assert not Authenticator.objects.exists()


def test_an_account_has_ten_passkeys_at_most(alice: Account, now: datetime) -> None:
    for number in range(passkeys.MOST):
        add(alice, SoftKey(), now, name=f"key {number}")
    with pytest.raises(NameRefused):
        add(alice, SoftKey(), now, name="one more")


def test_one_credential_stands_under_one_account(alice: Account, bob: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    with pytest.raises(PasskeyRefused):
        add(bob, key, now)
    assert not Authenticator.objects.filter(user=bob).exists()
    assert [event.detail["reason"] for event in events("account:passkey:refused")] == ["known_already"]


FORGED: list[tuple[str, Callable[[SoftKey], None]]] = [
    ("a page of another site", lambda key: setattr(key, "origin", "http://evil.test")),
    ("the reset site", lambda key: setattr(key, "origin", "http://reset.portal.test")),
    ("another port", lambda key: setattr(key, "origin", "http://portal.test:8001")),
    ("another relying party", lambda key: setattr(key, "rp_id", "evil.test")),
]


@pytest.mark.parametrize("forge", [forge for _, forge in FORGED], ids=[name for name, _ in FORGED])
def test_what_another_site_asked_for_counts_nowhere(
    alice: Account, now: datetime, forge: Callable[[SoftKey], None]
) -> None:
    key, false = SoftKey(), SoftKey()
    add(alice, key, now)
    forge(false)
    with pytest.raises(PasskeyRefused):
        add(alice, false, now)
    forge(key)
    with pytest.raises(PasskeyRefused):
        prove(alice, key.get(asked(alice, SECOND, now)), now)
    with pytest.raises(LoginRefused):
        alone(key.get(login_options(now)), now)


def test_a_challenge_is_worth_one_answer(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    options = asked(alice, SECOND, now)
    prove(alice, key.get(options), now)
    with pytest.raises(PasskeyRefused, match="no_challenge"):
        prove(alice, key.get(options), now)
    assert [event.detail for event in events("account:second-factor:succeeded")] == [{"by": "passkey"}]
    assert [event.detail for event in events("account:passkey:refused")] == [{"reason": "no_challenge"}]


def test_a_wrong_answer_spends_the_challenge_too(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    options = asked(alice, SECOND, now)
    with pytest.raises(PasskeyRefused):
        prove(alice, SoftKey().get(options), now)
    with pytest.raises(PasskeyRefused, match="no_challenge"):
        prove(alice, key.get(options), now)


def test_a_challenge_belongs_to_its_browser_purpose_account_and_five_minutes(
    alice: Account, bob: Account, now: datetime
) -> None:
    key, bobs = SoftKey(), SoftKey()
    add(alice, key, now)
    add(bob, bobs, now)
    for wrong in (
        {"holder": OTHER, "now": now},
        {"purpose": CONFIRM, "now": now},
        {"now": now + minutes(5)},
    ):
        answer = key.get(asked(alice, SECOND, now))
        with pytest.raises(PasskeyRefused, match="no_challenge"):
            prove(alice, answer, **wrong)
    with pytest.raises(PasskeyRefused, match="no_challenge"):
        prove(bob, bobs.get(asked(alice, SECOND, now)), now)
    prove(alice, key.get(asked(alice, SECOND, now)), now + minutes(4))


def test_charlies_passkey_proves_nothing_for_alice(alice: Account, bob: Account, now: datetime) -> None:
    charlies = SoftKey()
    add(alice, SoftKey(), now)
    add(bob, charlies, now)
    with pytest.raises(PasskeyRefused, match="not_genuine"):
        prove(alice, charlies.get(asked(alice, SECOND, now)), now)
    charlies.handle = alice.pk.hex.encode()
    with pytest.raises(LoginRefused):
        alone(charlies.get(login_options(now)), now)


def test_a_counter_that_goes_back_or_stands_still_is_refused_and_in_the_trail(alice: Account, now: datetime) -> None:
    key = SoftKey(count=7)
    add(alice, key, now)
    prove(alice, key.get(asked(alice, SECOND, now)), now)
    assert Passkey.objects.get().sign_count == 8
    for count in (3, 7):  # the copy answers with 4 and with 8
        key.count = count
        with pytest.raises(PasskeyRefused, match="counter_back"):
            prove(alice, key.get(asked(alice, SECOND, now)), now)
    key.count, key.step = 0, 0
    with pytest.raises(PasskeyRefused, match="counter_back"):
        prove(alice, key.get(asked(alice, SECOND, now)), now)
    assert len(events("account:passkey:counter-back", alice.username)) == 1  # repeats of a minute are counted
    assert Passkey.objects.get().sign_count == 8
    key.count, key.step = 8, 1
    prove(alice, key.get(asked(alice, SECOND, now)), now)


def test_a_passkey_that_counts_nothing_is_taken(alice: Account, now: datetime) -> None:
    key = SoftKey(step=0)
    add(alice, key, now)
    for _ in range(2):
        prove(alice, key.get(asked(alice, SECOND, now)), now)


def test_a_passkey_alone_is_a_whole_login_and_needs_the_person_verified(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    signed = alone(key.get(login_options(now)), now)
    assert (signed.account, signed.needs_second_factor) == (alice, False)
    assert KnownDevice.objects.filter(account=alice).count() == 1
    assert events("account:login:succeeded", alice.username)[0].detail["channel"] == "passkey"
    key.verifies = False
    with pytest.raises(LoginRefused):
        alone(key.get(login_options(now)), now)


@pytest.mark.parametrize(("verifies", "discoverable"), [(False, True), (True, False)])
def test_the_list_tells_a_passkey_that_does_not_open_the_account_alone(
    alice: Account, now: datetime, verifies: bool, discoverable: bool
) -> None:
    add(alice, SoftKey(verifies=verifies, discoverable=discoverable), now)
    assert [held.alone for held in passkeys.passkeys_of(alice)] == [False]


def test_a_touch_is_enough_after_the_password(alice: Account, now: datetime) -> None:
    key = SoftKey(verifies=False, discoverable=False)
    add(alice, key, now)
    assert not passkeys.passkeys_of(alice)[0].alone
    prove(alice, key.get(asked(alice, SECOND, now), handle=False), now)


def spoiled(account: Account, **fields: Any) -> None:
    Account.objects.filter(pk=account.pk).update(agreement_version=version_in_force(), **fields)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"expires_on": date(2026, 11, 15)}, RESET_NEEDED),
        ({"revoked_at": datetime.fromisoformat("2026-11-16T00:00+00:00")}, RESET_NEEDED),
        ({"password": ""}, RESET_NEEDED),
        ({"disabled_at": datetime.fromisoformat("2026-11-16T00:00+00:00")}, WRONG),
    ],
)
def test_what_bars_the_password_bars_the_passkey(
    alice: Account, now: datetime, fields: dict[str, Any], said: str
) -> None:
    key = SoftKey()
    add(alice, key, now)
    spoiled(alice, **fields)
    with pytest.raises(LoginRefused) as refused:
        alone(key.get(login_options(now)), now)
    assert refused.value.code == said
    assert events("account:login:refused", alice.username)[0].detail["channel"] == "passkey"
    assert not events("account:login:succeeded")


def test_day_sixty_holds_for_passkeys(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    spoiled(alice, last_login=now + days(59))
    assert alone(key.get(login_options(now + days(60))), now + days(60)).account == alice
    with pytest.raises(LoginRefused) as refused:
        alone(key.get(login_options(now + days(61))), now + days(61))
    assert refused.value.code == RESET_NEEDED


def test_a_temporary_password_leads_to_its_change_with_a_passkey_too(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    spoiled(alice, temporary=True, temporary_until=now + days(14))
    assert alone(key.get(login_options(now)), now).must_change


@pytest.mark.parametrize(
    "answer",
    ["", "[]", "null", "{", "[" * 5000, '{"response": {}}', '{"response": {"userHandle": "AA"}}', "x" * 30_000],
)
def test_rubbish_is_refused_like_a_wrong_passkey(alice: Account, now: datetime, answer: str) -> None:
    login_options(now)
    with pytest.raises(LoginRefused) as refused:
        alone(answer, now)
    assert refused.value.code == WRONG
    asked(alice, SECOND, now)
    with pytest.raises(PasskeyRefused):
        prove(alice, answer, now)


def test_challenges_for_strangers_are_counted_by_network(db: None, now: datetime) -> None:
    for _ in range(100):
        passkeys.ask_for_login(holder=BROWSER, network=HOME, now=now)
    with pytest.raises(LoginRefused) as refused:
        passkeys.ask_for_login(holder=BROWSER, network=HOME, now=now)
    assert (refused.value.code, refused.value.retry_after) == (THROTTLED, 30 * 60)
    passkeys.ask_for_login(holder=BROWSER, network="203.0.113.0/24", now=now)
    assert PasskeyChallenge.objects.count() == 1  # a browser has one that lives
    assert passkey_ceremony.forget_old(before=now + minutes(6)) == 1


def test_staff_enter_with_a_passkey_and_an_invitation_ends_it(now: datetime) -> None:
    dora, key = new_staff(now=now), SoftKey()
    add(dora, key, now)
    signed = alone(key.get(login_options(now)), now)
    sessions.begin(account=signed.account, session_key="k", network=HOME, browser="", now=now, second_factor=True)
    second_factor.forget_all(dora)
    with pytest.raises(LoginRefused):
        alone(key.get(login_options(now)), now)


def test_a_removed_passkey_opens_nothing(alice: Account, now: datetime) -> None:
    lost, kept = SoftKey(), SoftKey()
    add(alice, lost, now, name="lost phone")
    add(alice, kept, now, name="key ring")
    gone = next(one for one in passkeys.passkeys_of(alice) if one.name == "lost phone")
    own_factors.remove_passkey(account=alice, passkey_id=gone.id, by=DESK, browser="Firefox", now=now)
    with pytest.raises(LoginRefused):
        alone(lost.get(login_options(now)), now)
    assert alone(kept.get(login_options(now)), now).account == fresh(alice)


def test_nothing_secret_of_a_passkey_is_stored(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add(alice, key, now)
    stored = Authenticator.objects.get(user=alice, type="webauthn").data["credential"]
    assert set(stored) == {"id", "rawId", "type", "response", "clientExtensionResults"}
    assert set(stored["response"]) == {"clientDataJSON", "attestationObject"}
