"""Signing in (J14, J25): one answer for everybody who is not let in, and no way to lock the owner out."""

import re
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any

import pytest
from pytest_django import Settings

from extranet.agents.models import CertificationStatus
from extranet.audit.models import Event, RefusalTally
from extranet.credentials.devices import recognise
from extranet.credentials.disable import disable, unlock
from extranet.credentials.hashing import HashingBusy
from extranet.credentials.issue import issue_password
from extranet.credentials.issue_again import issue_again
from extranet.credentials.login import RESET_NEEDED, THROTTLED, WRONG, LoginRefused, complete
from extranet.credentials.models import Account, KnownDevice, ResetLink, ShownPassword
from extranet.credentials.username import shown
from tests.credentials.people import (
    CAFE,
    CHOSEN,
    DESK,
    HOME,
    days,
    events,
    fresh,
    minutes,
    new_account,
    new_staff,
    try_login,
)

pytestmark = pytest.mark.django_db


def refused(account: Account | str, password: str, **rest: Any) -> tuple[str, int | None]:
    with pytest.raises(LoginRefused) as refusal:
        try_login(account, password, **rest)
    return refusal.value.code, refusal.value.retry_after


def test_alice_logs_in_with_the_full_name_any_case_and_blanks_around_the_password(
    alice: Account, bob: Account, now: datetime
) -> None:
    signed = try_login(shown(alice.username).lower(), f" {CHOSEN}\n", now=now)
    assert signed.account == alice
    assert (signed.must_change, signed.needs_second_factor, signed.needs_agreement) == (False, False, True)
    assert fresh(alice).last_login == fresh(alice).first_login_at == now
    assert fresh(bob).last_login is None
    event = events("account:login:succeeded")[0]
    assert (event.actor, event.subject, event.network) == (alice.username, alice.username, HOME)


def test_the_login_before_is_remembered_to_be_shown(alice: Account, now: datetime) -> None:
    try_login(alice, CHOSEN, now=now)
    signed = try_login(alice, CHOSEN, now=now + days(1))
    assert signed.account.previous_login_at == now
    assert fresh(alice).first_login_at == now


def test_bobs_password_does_not_open_alices_account(alice: Account, now: datetime) -> None:
    new_account("4000002", now=now, password="another quiet harbour")
    assert refused(alice, "another quiet harbour", now=now) == (WRONG, None)


def test_everybody_who_is_not_let_in_gets_one_answer_and_the_reason_stands_in_the_trail_only(
    alice: Account, now: datetime
) -> None:
    gone = new_account("4000003", now=now, status=CertificationStatus.DECERTIFIED)
    suspended = new_account("4000004", now=now, status=CertificationStatus.SUSPENDED)
    barred = new_account("4000005", now=now)
    disable(account=barred, reason="left", by=DESK, now=now)
    empty = new_account("4000006", now=now, password="")
    answers = {
        refused(alice, "wrong wrong wrong", now=now),
        refused("4999999", CHOSEN, now=now),
        refused("no such form of name", CHOSEN, now=now),
        refused("\0", CHOSEN, now=now),
        refused(empty, "", now=now),
        *(refused(account, CHOSEN, now=now) for account in (gone, suspended, barred)),
    }
    assert answers == {(WRONG, None)}
    reasons = [event.detail["reason"] for event in events("account:login:refused")]  # what is no name is one, tallied
    assert reasons == [
        "wrong_password", "unknown", "unknown", "no_password", "decertified", "suspended", "disabled"
    ]  # fmt: skip
    assert not Event.objects.filter(detail__icontains="violet").exists()


def test_after_the_right_password_an_expired_person_learns_that_the_reset_link_is_the_way(
    alice: Account, now: datetime
) -> None:
    later = now + days(61)
    assert refused(alice, CHOSEN, now=later) == (RESET_NEEDED, None)
    assert refused(alice, "wrong wrong wrong", now=later) == (WRONG, None)
    assert events("account:login:refused")[0].detail["reason"] == "expired"


def test_a_generated_password_lets_in_to_be_changed_and_only_for_two_weeks(alice: Account, now: datetime) -> None:
    clear = issue_password(account=alice, now=now, by=DESK)
    assert refused(alice, CHOSEN, now=now) == (WRONG, None)  # the old one ended
    assert try_login(alice, clear, now=now).must_change
    assert refused(alice, clear, now=now + days(14)) == (RESET_NEEDED, None)


def test_tries_are_counted_for_unknown_names_like_for_known_ones(alice: Account, now: datetime) -> None:
    for name in (alice.username, "4999999", "no such form"):
        answers = [refused(name, "wrong wrong wrong", now=now) for _ in range(6)]
        assert answers == [(WRONG, None)] * 5 + [(THROTTLED, 1800)]
    assert len(events("account:login:throttled")) == 3


def test_a_refused_try_never_gets_as_far_as_the_password(alice: Account, now: datetime) -> None:
    for _ in range(5):
        refused(alice, "wrong wrong wrong", now=now)
    assert refused(alice, CHOSEN, now=now)[0] == THROTTLED
    assert try_login(alice, CHOSEN, now=now + minutes(30)).account == alice


def test_charlie_cannot_lock_alice_out_of_her_known_browser(alice: Account, now: datetime) -> None:
    token = try_login(alice, CHOSEN, now=now).device_token
    for n in range(60):  # Charlie sits in every network, hers too
        refused(alice, "wrong wrong wrong", now=now, network=f"10.0.{n}.0/24" if n % 2 else HOME)
    assert refused(alice, CHOSEN, now=now, network=CAFE)[0] == THROTTLED
    assert try_login(alice, CHOSEN, now=now, device=token).account == alice


def test_bobs_device_is_no_known_device_of_alice(alice: Account, bob: Account, now: datetime) -> None:
    bobs = try_login(bob, CHOSEN, now=now).device_token
    for _ in range(5):
        refused(alice, "wrong wrong wrong", now=now, device=bobs)
    assert refused(alice, CHOSEN, now=now, device=bobs)[0] == THROTTLED


def test_a_known_device_that_guesses_wrong_for_a_day_is_known_no_more(
    alice: Account, bob: Account, now: datetime
) -> None:
    """A stolen cookie is worth fifteen guesses, not five an hour for ever."""
    stolen, bobs = (try_login(account, CHOSEN, now=now).device_token for account in (alice, bob))
    for n in range(15):
        assert refused(alice, "wrong wrong wrong", now=now + n // 5 * minutes(31), device=stolen)[0] == WRONG
    later = now + minutes(120)
    assert [event.subject for event in events("account:device:forgotten")] == [alice.username]
    codes = [refused(alice, "wrong wrong wrong", now=later, device=stolen)[0] for _ in range(6)]
    assert codes == [WRONG] * 5 + [THROTTLED]  # a stranger's budget, of that network
    assert try_login(bob, CHOSEN, now=later, device=bobs).device_token == bobs


def test_a_right_password_lets_a_known_device_begin_anew(alice: Account, now: datetime) -> None:
    token = try_login(alice, CHOSEN, now=now).device_token
    for n in range(10):
        for _ in range(2):
            refused(alice, "wrong wrong wrong", now=now + n * minutes(31), device=token)
        assert try_login(alice, CHOSEN, now=now + n * minutes(31), device=token).device_token == token


@pytest.mark.parametrize("known", [True, False])
def test_when_the_machine_is_too_busy_to_look_no_try_is_counted(
    known: bool, alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = try_login(alice, CHOSEN, now=now).device_token if known else None
    with monkeypatch.context() as busy:
        busy.setattr("extranet.credentials.hashing._places", BoundedSemaphore(0))
        for _ in range(20):
            with pytest.raises(HashingBusy):
                try_login(alice, CHOSEN, now=now, device=token)
    assert try_login(alice, CHOSEN, now=now, device=token).account == alice


def test_a_password_that_the_service_center_issues_ends_all_devices(
    alice: Account, bob: Account, now: datetime
) -> None:
    hers, his = (try_login(account, CHOSEN, now=now).device_token for account in (alice, bob))
    issue_again(account=alice, by=DESK, now=now)
    assert recognise(username=alice.username, token=hers) is None
    assert recognise(username=bob.username, token=his) is not None


def test_a_login_marks_the_browser_once_and_stores_no_token(alice: Account, now: datetime) -> None:
    token = try_login(alice, CHOSEN, now=now).device_token
    assert token is not None
    assert try_login(alice, CHOSEN, now=now + days(1), device=token).device_token == token
    device = KnownDevice.objects.get(account=alice)
    assert device.digest != token
    assert device.last_used_at == now + days(1)


def test_a_right_password_gives_the_tries_back(alice: Account, now: datetime) -> None:
    for n in range(12):
        try_login(alice, CHOSEN, now=now + n * timedelta(seconds=1))


def test_the_service_desk_can_unlock(alice: Account, now: datetime) -> None:
    for _ in range(6):
        refused(alice, "wrong wrong wrong", now=now)
    assert unlock(account=alice, by=DESK, now=now) > 0
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_staff_are_let_in_only_after_the_second_factor(db: None, now: datetime) -> None:
    dora = new_staff(now=now)
    signed = try_login(dora, CHOSEN, now=now)
    assert (signed.needs_second_factor, signed.device_token) == (True, None)
    assert fresh(dora).last_login is None
    assert events("account:login:succeeded") == []
    done = complete(account=dora, device=None, network=HOME, browser="", now=now)
    assert done.device_token is not None
    assert fresh(dora).last_login == now


def test_who_is_disabled_between_the_two_factors_is_not_let_in(db: None, now: datetime) -> None:
    dora = new_staff(now=now)
    account = try_login(dora, CHOSEN, now=now).account
    disable(account=dora, reason="left", by=DESK, now=now)
    with pytest.raises(LoginRefused):
        complete(account=account, device=None, network=HOME, browser="", now=now)
    assert KnownDevice.objects.count() == 0


def test_the_first_login_wipes_a_password_that_was_kept_to_be_shown_again(
    alice: Account, bob: Account, now: datetime
) -> None:
    for account in (alice, bob):
        link = ResetLink.objects.create(account=account, digest=account.username, asked_at=now, expires_at=now)
        ShownPassword.objects.create(link=link, account=account, sealed=b"x", expires_at=now)
    try_login(alice, CHOSEN, now=now)
    assert [row.account for row in ShownPassword.objects.all()] == [bob]


def test_a_hash_of_an_older_cost_is_made_anew_at_login(alice: Account, now: datetime, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["extranet.credentials.hashing.Argon2Hasher"]
    try_login(alice, CHOSEN, now=now)
    assert "m=19456" in fresh(alice).password
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_so_is_one_of_the_other_option_and_one_without_the_pepper(
    alice: Account, now: datetime, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = settings.PASSWORD_HASHERS[::-1]
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"password_pepper": "cGVwcGVy" * 5 + "cGU="})
    try_login(alice, CHOSEN, now=now)
    assert re.match(r"pepper_[0-9a-f]{8}\$pbkdf2_sha256\$", fresh(alice).password)
    assert fresh(alice).password_serial == alice.password_serial  # the same password: nothing else begins anew
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_a_password_of_a_megabyte_is_just_wrong(alice: Account, now: datetime) -> None:
    assert refused(alice, CHOSEN + "x" * 1_000_000, now=now) == (WRONG, None)


def test_a_password_typed_into_the_wrong_field_does_not_come_to_the_trail(alice: Account, now: datetime) -> None:
    assert refused(CHOSEN, alice.username, now=now) == (WRONG, None)
    assert refused("ali\0ce\udcff", CHOSEN + "\udcff", now=now, device="\0") == (WRONG, None)
    assert [event.subject for event in events("account:login:refused")] == [""]  # the second one is a tally
    assert RefusalTally.objects.filter(subject="").count() == 1
