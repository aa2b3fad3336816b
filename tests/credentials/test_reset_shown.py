"""The new password, shown again for ten minutes in the browser that claimed it (J24), and that browser made known."""

import uuid
from datetime import datetime

import pytest

from extranet.credentials import reset
from extranet.credentials.device_enrolment import take_over
from extranet.credentials.devices import recognise, revoke_all
from extranet.credentials.disable import disable
from extranet.credentials.models import Account, KnownDevice, ShownPassword
from tests.credentials.people import DESK, HOME, events, minutes, try_login
from tests.credentials.reset_walks import STRANGERS, asked, claim

pytestmark = pytest.mark.django_db


def claimed_by(account: Account, now: datetime) -> reset.Claimed:
    token, _ = asked(account, now=now)
    return claim(token, now=now)


def show(claimed: reset.Claimed, *, now: datetime, shown_token: str | None = None) -> reset.Shown:
    token = claimed.shown_token if shown_token is None else shown_token
    return reset.show_again(link_id=claimed.link_id, shown_token=token, network=HOME, now=now)


def test_a_reload_shows_it_again_and_each_look_is_recorded(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    for number in (1, 2):
        assert show(claimed, now=now + minutes(number)).password == claimed.password
        assert len(events("account:reset:shown-again", alice.username)) == number


@pytest.mark.parametrize("shown_token", ["", STRANGERS, "hers, but cut"])
def test_a_strangers_browser_sees_nothing(alice: Account, now: datetime, shown_token: str) -> None:
    claimed = claimed_by(alice, now)
    with pytest.raises(reset.NotShown):
        show(claimed, now=now, shown_token=shown_token)
    assert not events("account:reset:shown-again")


def test_bobs_browser_does_not_open_alices_row(alice: Account, bob: Account, now: datetime) -> None:
    hers, his = claimed_by(alice, now), claimed_by(bob, now)
    with pytest.raises(reset.NotShown):
        show(hers, now=now, shown_token=his.shown_token)
    with pytest.raises(reset.NotShown):
        reset.show_again(link_id=uuid.uuid4(), shown_token=hers.shown_token, network=HOME, now=now)


def test_after_ten_minutes_it_is_over_and_purged(alice: Account, bob: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    later = claimed_by(bob, now + minutes(5))
    assert show(claimed, now=now + minutes(9.9)).password
    with pytest.raises(reset.NotShown):
        show(claimed, now=now + minutes(10))
    assert reset.purge_shown(now=now + minutes(10)) == 1
    assert reset.purge_shown(now=now + minutes(10)) == 0
    assert show(later, now=now + minutes(10)).username == bob.username


def test_the_first_login_forgets_it(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    try_login(alice, claimed.password, now=now)
    with pytest.raises(reset.NotShown):
        show(claimed, now=now)


def test_a_disabled_accounts_password_is_not_shown(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    disable(account=alice, reason="left", by=DESK, now=now)
    with pytest.raises(reset.NotShown):
        show(claimed, now=now)


def test_the_row_holds_neither_password_nor_key(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    row = ShownPassword.objects.get()
    for secret in (claimed.password, claimed.device_token, claimed.shown_token):
        assert secret.encode() not in bytes(row.sealed)


# The reset host hands the portal a one-use token


def test_the_portal_takes_the_device_over_once(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    token = take_over(token=claimed.device_token, now=now + minutes(1))
    assert token is not None
    assert recognise(username=alice.username, token=token)
    assert recognise(username=alice.username, token=claimed.device_token) is None
    assert take_over(token=claimed.device_token, now=now + minutes(1)) is None
    assert take_over(token=token, now=now + minutes(1)) is None
    assert KnownDevice.objects.count() == 1


def test_a_token_that_is_old_revoked_or_made_up_is_not_taken(alice: Account, bob: Account, now: datetime) -> None:
    old, gone = claimed_by(alice, now), claimed_by(bob, now)
    revoke_all(account=bob, now=now)
    assert take_over(token=old.device_token, now=now + minutes(10)) is None
    assert take_over(token=gone.device_token, now=now) is None
    assert take_over(token=STRANGERS, now=now) is None


def test_a_token_that_was_used_as_a_device_is_not_taken(alice: Account, now: datetime) -> None:
    claimed = claimed_by(alice, now)
    try_login(alice, claimed.password, now=now + minutes(1), device=claimed.device_token)
    assert take_over(token=claimed.device_token, now=now + minutes(2)) is None
