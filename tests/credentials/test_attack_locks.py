"""Locks that strangers or thieves could leave behind: a reset and the service center open all of them (AC-7)."""

from datetime import datetime

import pytest

from extranet.credentials import throttle
from extranet.credentials.disable import unlock
from extranet.credentials.models import Account
from extranet.credentials.second_factor import SecondFactorRefused, activate, code_at, prove
from tests.credentials.people import CAFE, DESK, HOME, new_staff
from tests.credentials.reset_walks import asked, claim

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def dora(now: datetime) -> Account:
    account = new_staff("dora", now=now)
    activate(account=account, secret=SECRET, step=0, now=now, by=DESK)
    return account


def spend_codes(account: Account, *, now: datetime) -> None:
    """What a thief of the password can do: the codes that he has not got, until he is stopped."""
    for _ in range(5):
        with pytest.raises(SecondFactorRefused):
            prove(account=account, code="000000", network=CAFE, now=now)


def is_kept_out(account: Account, *, now: datetime) -> bool:
    try:
        prove(account=account, code=code_at(secret=SECRET, now=now), network=HOME, now=now)
    except SecondFactorRefused as refused:
        return refused.retry_after is not None
    return False


def test_the_service_center_sees_and_opens_a_lock_of_the_second_factor(dora: Account, now: datetime) -> None:
    spend_codes(dora, now=now)
    assert [scope for scope, _ in throttle.blocked(owner=dora.username, now=now)] == ["second-factor"]
    assert is_kept_out(dora, now=now)
    unlock(account=dora, by=DESK, now=now)
    assert not is_kept_out(dora, now=now)


def test_a_new_second_factor_begins_without_the_lock_of_the_old_one(dora: Account, now: datetime) -> None:
    spend_codes(dora, now=now)
    activate(account=dora, secret=SECRET, step=0, now=now, by=DESK)
    assert not is_kept_out(dora, now=now)


def test_a_reset_gives_no_more_codes_to_guess(dora: Account, now: datetime) -> None:
    """Whoever reads the mailbox could buy five tries a reset; the second factor is there to withstand exactly him."""
    spend_codes(dora, now=now)
    token, _ = asked(dora, now=now)
    claim(token, now=now)
    assert is_kept_out(dora, now=now)
