"""One agent whom no mail can name must not cost all others their Monday (J4)."""

from datetime import datetime

import pytest

from extranet.credentials.models import Account
from extranet.credentials.onboarding import Onboarded, onboard
from tests.credentials.people import mails, new_agent

pytestmark = pytest.mark.django_db


def test_a_name_that_no_mail_can_carry_stops_nobody_else(now: datetime) -> None:
    new_agent("4000001", first_name="Ali\u0085ce")
    bob = new_agent("4000002", first_name="Bob")
    assert onboard(now=now) == Onboarded(created=1, unreachable=1)
    assert [account.agent for account in Account.objects.all()] == [bob]
    assert len(mails()) == 3
