"""The agreement is accepted once a version, by the person (J28)."""

from datetime import datetime

import pytest

from extranet.audit.record import Actor
from extranet.credentials.agreement import AgreementOutdated, accept, version_in_force
from extranet.credentials.gate import Channel, may_enter
from extranet.credentials.models import Account
from tests.credentials.people import days, events, fresh

pytestmark = pytest.mark.django_db


def test_alice_agrees_once_and_bob_did_not(alice: Account, bob: Account, now: datetime) -> None:
    by = Actor("agent", alice.username)
    accept(account=alice, version=version_in_force(), now=now, by=by)
    accept(account=alice, version=version_in_force(), now=now + days(1), by=by)
    assert fresh(alice).agreement_accepted_at == now
    assert len(events("account:agreement:accepted", alice.username)) == 1
    assert not may_enter(fresh(alice), channel=Channel.PORTAL, now=now).needs_agreement
    assert may_enter(fresh(bob), channel=Channel.PORTAL, now=now).needs_agreement


def test_an_older_text_counts_for_nothing(alice: Account, now: datetime) -> None:
    with pytest.raises(AgreementOutdated):
        accept(account=alice, version="0", now=now, by=Actor("agent", alice.username))
    Account.objects.filter(pk=alice.pk).update(agreement_version="0")
    assert may_enter(fresh(alice), channel=Channel.PORTAL, now=now).needs_agreement
