"""TOTP and recovery codes: sealed, each worth one login, throttled."""

from datetime import datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.credentials import second_factor
from extranet.credentials.models import Account, AccountKind, StaffRole

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@pytest.fixture
def ada(now: datetime) -> Account:
    return Account.objects.create(username="staff\\ada", kind=AccountKind.STAFF, role=StaffRole.AUDITOR, created_at=now)


def _enrol(account: Account, now: datetime) -> list[str]:
    return second_factor.activate(account=account, secret=SECRET, step=0, now=now, by=Actor.system("test"))


def _prove(account: Account, code: str, now: datetime) -> None:
    second_factor.prove(account=account, code=code, network="192.0.2.0/24", now=now)


def test_the_code_of_now_is_taken_once(ada: Account, now: datetime) -> None:
    _enrol(ada, now)
    code = second_factor.code_at(secret=SECRET, now=now)
    _prove(ada, code, now)
    with pytest.raises(second_factor.SecondFactorRefused):
        _prove(ada, code, now)
    assert list(Event.objects.values_list("action", flat=True).order_by("id")) == [
        Action.SECOND_FACTOR_ENROLLED,
        Action.SECOND_FACTOR_SUCCEEDED,
        Action.SECOND_FACTOR_REFUSED,
    ]


@pytest.mark.parametrize(("seconds", "taken"), [(-30, True), (30, True), (-91, False), (91, False)])
def test_a_clock_may_be_half_a_minute_off_and_no_more(ada: Account, now: datetime, seconds: int, taken: bool) -> None:
    _enrol(ada, now)
    code = second_factor.code_at(secret=SECRET, now=now + timedelta(seconds=seconds))
    assert (second_factor.fits(secret=SECRET, code=code, now=now) is not None) is taken


def test_an_older_code_is_not_taken_after_a_newer_one(ada: Account, now: datetime) -> None:
    _enrol(ada, now)
    _prove(ada, second_factor.code_at(secret=SECRET, now=now + timedelta(seconds=30)), now)
    with pytest.raises(second_factor.SecondFactorRefused):
        _prove(ada, second_factor.code_at(secret=SECRET, now=now), now)


def test_the_proving_code_of_enrolment_is_spent_with_it(ada: Account, now: datetime) -> None:
    code = second_factor.code_at(secret=SECRET, now=now)
    step = second_factor.fits(secret=SECRET, code=code, now=now)
    assert step is not None
    second_factor.activate(account=ada, secret=SECRET, step=step, now=now, by=Actor.system("test"))
    with pytest.raises(second_factor.SecondFactorRefused):
        _prove(ada, code, now)


def test_a_recovery_code_works_once(ada: Account, now: datetime) -> None:
    codes = _enrol(ada, now)
    assert len(set(codes)) == 10
    _prove(ada, codes[3], now)
    with pytest.raises(second_factor.SecondFactorRefused):
        _prove(ada, codes[3], now)
    _prove(ada, codes[4], now)


def test_the_sixth_try_waits_even_with_the_right_code(ada: Account, now: datetime) -> None:
    _enrol(ada, now)
    for _ in range(5):
        with pytest.raises(second_factor.SecondFactorRefused):
            _prove(ada, "000000", now)
    with pytest.raises(second_factor.SecondFactorRefused) as refused:
        _prove(ada, second_factor.code_at(secret=SECRET, now=now), now)
    assert refused.value.retry_after == 30 * 60
    later = now + timedelta(minutes=31)
    _prove(ada, second_factor.code_at(secret=SECRET, now=later), later)


def test_an_account_without_second_factor_proves_nothing(ada: Account, now: datetime) -> None:
    with pytest.raises(second_factor.SecondFactorRefused):
        _prove(ada, "000000", now)


def test_neither_secret_nor_recovery_seed_stands_in_the_database(ada: Account, now: datetime) -> None:
    codes = _enrol(ada, now)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert SECRET not in stored
    assert not [code for code in codes if code in stored]
    assert second_factor.secret_of(ada) == SECRET


def test_the_proposal_belongs_to_its_link() -> None:
    first = second_factor.propose(username="staff\\ada", token="one", holder="hers")
    assert first == second_factor.propose(username="staff\\ada", token="one", holder="hers")
    assert first.secret != second_factor.propose(username="staff\\ada", token="two", holder="hers").secret
    assert first.secret != second_factor.propose(username="staff\\ada", token="one", holder="a scanner's").secret
    assert first.address.startswith("otpauth://totp/")
    assert "\\" not in first.address
