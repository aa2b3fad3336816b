"""A certificate goes with its person: the next agent of the mailbox can read what we write."""

from datetime import datetime

import pytest
from django.db import transaction

from extranet.agents import change_email
from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials.models import Account
from extranet.credentials.own_address import end_old_mailbox
from extranet.credentials.own_certificate import forget_of_nobody
from extranet.mail.models import MailCertificate
from extranet.mail.secured import certificates
from tests.credentials.people import DESK, days, events, new_account, new_staff
from tests.mail.certificates import holder

pytestmark = pytest.mark.django_db
OLD, NEW = "Alice@agents.test", "alice@new.test"


@pytest.fixture
def alice(now: datetime) -> Account:
    """She uploaded a certificate."""
    account = new_account("4000001", now=now, email=OLD)
    with transaction.atomic():
        certificates.keep(holder("alice", OLD).certificate, address=OLD, by=account.username, now=now)
    return account


def move(account: Account, new_email: str, now: datetime) -> None:
    assert account.agent is not None
    change_email.ask(agent=account.agent, new_email=new_email, source="roster", by=DESK, now=now)
    assert change_email.complete_due(now=now + days(3), also=end_old_mailbox) == 1


def status(account: Account, status: CertificationStatus) -> None:
    Agent.objects.filter(account=account).update(status=status)


def is_kept() -> bool:
    return MailCertificate.objects.exists()


def test_it_is_removed_when_the_address_changes_and_the_trail_says_so(alice: Account, now: datetime) -> None:
    move(alice, NEW, now)
    assert not is_kept()
    (event,) = events("mail:certificate:removed", alice.username)
    assert event.detail["fingerprint"]


def test_a_mailbox_that_another_account_reads_keeps_it(alice: Account, now: datetime) -> None:
    new_account("4000002", now=now, first_name="Bob", email=OLD.lower())
    move(alice, NEW, now)
    status(alice, CertificationStatus.DECERTIFIED)
    forget_of_nobody(by=DESK, now=now)
    assert is_kept()


def test_the_change_of_one_leaves_the_certificates_of_others(alice: Account, now: datetime) -> None:
    bob = new_account("4000002", now=now, first_name="Bob", email="bob@agents.test")
    status(alice, CertificationStatus.DECERTIFIED)
    move(bob, NEW, now)
    assert is_kept()


@pytest.mark.parametrize("standing", CertificationStatus)
def test_it_is_removed_when_the_certification_ends_for_good(
    alice: Account, now: datetime, standing: CertificationStatus
) -> None:
    status(alice, standing)
    new_staff(now=now)
    ended = standing is CertificationStatus.DECERTIFIED
    assert forget_of_nobody(by=DESK, now=now) == ended
    assert is_kept() is not ended
