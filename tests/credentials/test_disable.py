"""Access ends at once, all of it, and comes back only as far as the gate lets it (AC-2(13))."""

from datetime import datetime

import pytest

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials import devices, sessions
from extranet.credentials.disable import disable, enable, end_access_of
from extranet.credentials.models import Account, EnrolmentLink, KnownDevice, ResetLink, ShownPassword
from tests.credentials.people import CHOSEN, DESK, HOME, days, events, fresh, minutes, new_staff, try_login

pytestmark = pytest.mark.django_db


def equip(account: Account, now: datetime) -> None:
    sessions.begin(account=account, session_key=account.username, network=HOME, browser="", now=now)
    devices.mark_known(account=account, browser="", now=now)
    link = ResetLink.objects.create(
        account=account, digest=account.username, asked_at=now, expires_at=now + minutes(60)
    )
    ShownPassword.objects.create(link=link, account=account, sealed=b"x", expires_at=now + minutes(10))


def held(account: Account, now: datetime) -> tuple[bool, int, int, int]:
    return (
        not isinstance(sessions.check(session_key=account.username, now=now), sessions.Ended),
        KnownDevice.objects.filter(account=account, revoked_at=None).count(),
        ResetLink.objects.filter(account=account, state="open").count(),
        ShownPassword.objects.filter(account=account).count(),
    )


def test_one_act_ends_session_link_device_and_shown_password(alice: Account, bob: Account, now: datetime) -> None:
    for account in (alice, bob):
        equip(account, now)
    assert disable(account=alice, reason="stolen laptop", by=DESK, now=now)
    assert held(alice, now) == (False, 0, 0, 0)
    assert held(bob, now) == (True, 1, 1, 1)
    event = events("account:disabled:done")[0]
    assert (event.actor, event.subject, event.detail) == (DESK.name, alice.username, {"reason": "stolen laptop"})


def test_disabling_twice_is_once(alice: Account, now: datetime) -> None:
    assert disable(account=alice, reason="first", by=DESK, now=now)
    assert not disable(account=fresh(alice), reason="second", by=DESK, now=now + days(1))
    assert (fresh(alice).disabled_at, fresh(alice).disabled_reason) == (now, "first")


def test_enabling_lets_the_person_log_in_again_but_brings_no_session_back(alice: Account, now: datetime) -> None:
    equip(alice, now)
    disable(account=alice, reason="left", by=DESK, now=now)
    assert enable(account=alice, by=DESK, now=now)
    assert not enable(account=alice, by=DESK, now=now)
    assert held(alice, now)[0] is False
    assert try_login(alice, CHOSEN, now=now).account == alice


def test_an_open_enrolment_ends_too(db: None, now: datetime) -> None:
    dora = new_staff(now=now)
    EnrolmentLink.objects.create(account=dora, digest="x", expires_at=now + days(1))
    disable(account=dora, reason="left", by=DESK, now=now)
    assert EnrolmentLink.objects.get().expires_at == now


def test_a_roster_ends_what_suspended_agents_hold_and_nothing_of_certified_ones(
    alice: Account, bob: Account, now: datetime
) -> None:
    for account in (alice, bob):
        equip(account, now)
    Agent.objects.filter(account=alice).update(status=CertificationStatus.SUSPENDED)
    assert end_access_of(agents=list(Agent.objects.all()), by=DESK, now=now) == 1
    assert held(alice, now) == (False, 0, 0, 0)
    assert held(bob, now) == (True, 1, 1, 1)
    assert fresh(alice).disabled_at is None  # certified again means let in again


def test_one_device_can_be_forgotten_by_its_owner_only(alice: Account, bob: Account, now: datetime) -> None:
    token = devices.mark_known(account=alice, browser="", now=now)
    device = devices.recognise(username=alice.username, token=token)
    assert device is not None
    assert not devices.revoke(account=bob, device_id=str(device.pk), now=now)
    assert devices.recognise(username=bob.username, token=token) is None
    assert devices.revoke(account=alice, device_id=str(device.pk), now=now)
    assert devices.recognise(username=alice.username, token=token) is None
