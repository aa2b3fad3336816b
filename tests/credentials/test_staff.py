"""Staff come in by a one-use link: password and second factor in one go."""

from datetime import datetime, timedelta

import pytest

from extranet.audit.record import Actor
from extranet.credentials import api_tokens, second_factor, sessions, staff
from extranet.credentials.hashing import check
from extranet.credentials.models import Account, StaffRole
from extranet.mail.models import OutboxMail

pytestmark = pytest.mark.django_db
HOME = "192.0.2.0/24"
HERS = "a" * 32
PASSWORD = "quiet otter paints seven boats"


def _invite(now: datetime, email: str = "ada@exchange.example") -> staff.Invited:
    return staff.add_staff(
        name="Ada", role="auditor", display_name="Ada Example", email=email, by=Actor.shell(), now=now
    )


def _token(invited: staff.Invited) -> str:
    return invited.link.rstrip("/").rsplit("/", 1)[1]


def _code(invited: staff.Invited, now: datetime) -> str:
    secret = second_factor.propose(username=invited.account.username, token=_token(invited), holder=HERS).secret
    return second_factor.code_at(secret=secret, now=now)


def _enrol(invited: staff.Invited, now: datetime, password: str = PASSWORD, code: str | None = None) -> list[str]:
    code = code if code is not None else _code(invited, now)
    here = {"network": HOME, "browser": "Firefox"}
    return staff.enrol(token=_token(invited), holder=HERS, password=password, code=code, **here, now=now)


def test_the_link_sets_password_and_second_factor_once(now: datetime) -> None:
    invited = _invite(now)
    assert len(_enrol(invited, now)) == 10
    ada = Account.objects.get(username="staff\\ada")
    assert check(PASSWORD, ada.password).right
    assert not ada.temporary
    assert second_factor.is_enrolled(account=ada)
    with pytest.raises(staff.EnrolmentOver):
        _enrol(invited, now)


def test_the_link_is_mailed_and_its_body_sealed(now: datetime) -> None:
    invited = _invite(now)
    mail = OutboxMail.objects.get(kind="staff_enrolment")
    assert mail.to_address == "ada@exchange.example"
    assert mail.secret
    assert _token(invited).encode() not in bytes(mail.sealed_body or b"")


def test_without_an_address_no_mail_is_posted(now: datetime) -> None:
    _invite(now, email="")
    assert not OutboxMail.objects.exists()


def test_the_link_lives_a_day(now: datetime) -> None:
    invited = _invite(now)
    assert staff.look(token=_token(invited), now=now + timedelta(hours=23, minutes=59)) == invited.account
    with pytest.raises(staff.EnrolmentOver):
        staff.look(token=_token(invited), now=now + timedelta(hours=24))


def test_a_new_link_ends_the_older_one(now: datetime) -> None:
    first = _invite(now)
    second = staff.invite(account=first.account, by=Actor.shell(), now=now)
    with pytest.raises(staff.EnrolmentOver):
        _enrol(first, now)
    assert _enrol(second, now)


def test_a_wrong_code_and_a_short_password_are_both_named_and_spend_nothing(now: datetime) -> None:
    invited = _invite(now)
    with pytest.raises(staff.EnrolmentRefused) as refused:
        _enrol(invited, now, password="short", code="000000")
    assert refused.value.code
    assert "too_short" in refused.value.password
    assert _enrol(invited, now)


def test_a_disabled_person_cannot_enrol(now: datetime) -> None:
    invited = _invite(now)
    Account.objects.update(disabled_at=now)
    with pytest.raises(staff.EnrolmentOver):
        _enrol(invited, now)


@pytest.mark.parametrize(("name", "role"), [("Ada", "king"), ("1ada", "auditor"), ("a da", "auditor"), ("", "auditor")])
def test_what_is_no_name_or_role_is_refused(now: datetime, name: str, role: str) -> None:
    with pytest.raises(staff.StaffRefused):
        staff.add_staff(name=name, role=role, display_name="", email="", by=Actor.shell(), now=now)
    assert not Account.objects.exists()


def test_the_same_name_twice_is_refused(now: datetime) -> None:
    _invite(now)
    with pytest.raises(staff.StaffRefused, match="exists already"):
        _invite(now)


def test_a_new_enrolment_ends_the_tokens_of_whoever_held_the_account(now: datetime) -> None:
    first = _invite(now)
    _enrol(first, now)
    Account.objects.update(role=StaffRole.PUBLISHER)
    api_tokens.make(account=first.account, name="job", by=Actor.shell(), now=now)
    again = staff.invite(account=first.account, by=Actor.shell(), now=now)
    assert api_tokens.living(first.account, now=now).exists()
    _enrol(again, now + timedelta(minutes=1))
    assert not api_tokens.living(first.account, now=now).exists()


def test_a_new_link_ends_the_sessions_of_whoever_held_the_account_and_tells_the_address(now: datetime) -> None:
    first = _invite(now)
    _enrol(first, now)
    sessions.begin(
        account=first.account, session_key="k" * 32, network=HOME, browser="Firefox", now=now, second_factor=True
    )
    _enrol(staff.invite(account=first.account, by=Actor.shell(), now=now), now + timedelta(minutes=1))
    assert isinstance(sessions.check(session_key="k" * 32, now=now), sessions.Ended)
    assert OutboxMail.objects.filter(kind="password_changed", to_address="ada@exchange.example").count() == 2
