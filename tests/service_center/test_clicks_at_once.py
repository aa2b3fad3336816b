"""A double click sends the same form twice at the same moment: whatever the desk does is done once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from django.db import connection

from extranet.agents.models import Agent, EmailChange
from extranet.credentials.models import Account, EnrolmentLink, ResetLink
from extranet.credentials.staff import InvitedAlready, add_staff, invite_again
from extranet.mail.models import OutboxMail
from extranet.service_center import acts
from extranet.service_center.acts import DoneAlready
from extranet.service_center.intake import take_call
from extranet.service_center.models import SupportRequest
from tests.service_center.conftest import ADA

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(act: Callable[[], object], clicks: int = 4) -> list[object]:
    start = Barrier(clicks)

    def click(_: int) -> object:
        try:
            start.wait(30)
            return act()
        except (DoneAlready, InvitedAlready) as already:
            return already
        finally:
            connection.close()

    with ThreadPoolExecutor(clicks) as pool:
        return list(pool.map(click, range(clicks)))


def test_one_reset_is_started_and_one_code_is_told(account: Account, checked: Agent, now: datetime) -> None:
    answers = at_once(lambda: acts.start_reset(agent=checked, by=ADA, now=now))
    assert len([answer for answer in answers if isinstance(answer, str)]) == 1
    assert ResetLink.objects.count() == OutboxMail.objects.filter(kind="reset_started_by_staff").count() == 1


def test_a_minute_later_another_one_can_be_started(account: Account, checked: Agent, now: datetime) -> None:
    codes = [acts.start_reset(agent=checked, by=ADA, now=now + timedelta(minutes=minutes)) for minutes in (0, 1)]
    assert len(set(codes)) == 2


def test_one_password_is_issued(account: Account, checked: Agent, now: datetime) -> None:
    at_once(lambda: acts.issue_again(agent=checked, by=ADA, now=now))
    assert Account.objects.get(pk=account.pk).password_serial == account.password_serial + 1
    assert OutboxMail.objects.filter(kind="password").count() == 1


def test_one_change_of_address_is_begun(checked: Agent, now: datetime) -> None:
    at_once(lambda: acts.change_email(agent=checked, new_email="new@example.org", by=ADA, now=now))
    assert EmailChange.objects.count() == 1
    assert OutboxMail.objects.count() == 2


def test_one_call_is_noted(alice: Agent, now: datetime) -> None:
    at_once(lambda: take_call(license=alice.license, text="Cannot log in.", by=ADA, now=now))
    assert SupportRequest.objects.count() == 1


def test_one_enrolment_link_is_made_and_lives(db: None, now: datetime) -> None:
    made = add_staff(name="nina", role="auditor", display_name="Nina", email="", by=ADA, now=now)
    later = now + timedelta(hours=1)
    at_once(lambda: invite_again(account=made.account, by=ADA, now=later))
    assert EnrolmentLink.objects.count() == 2
    assert EnrolmentLink.objects.filter(expires_at__gt=later).count() == 1
