"""The user name follows the license; everything else stays."""

from datetime import datetime

import pytest

from extranet.agents.models import Agent
from extranet.agents.rename import rename
from extranet.credentials.login import LoginRefused
from extranet.credentials.models import Account
from extranet.credentials.rename import follow_license
from tests.credentials.people import CHOSEN, DESK, fresh, new_agent, try_login

pytestmark = pytest.mark.django_db


def test_alice_logs_in_under_her_new_number_with_her_old_password(alice: Account, now: datetime) -> None:
    agent = rename(old="4000001", new="4111111", by=DESK, now=now)
    renamed = follow_license(agent=agent, by=DESK, now=now)
    assert renamed is not None
    assert renamed.pk == alice.pk
    assert try_login("4111111", CHOSEN, now=now).account == alice
    with pytest.raises(LoginRefused):
        try_login("4000001", CHOSEN, now=now)
    assert fresh(alice).password_serial == alice.password_serial


def test_an_agent_without_account_needs_none(db: None, now: datetime) -> None:
    assert follow_license(agent=new_agent("4000009"), by=DESK, now=now) is None
    assert Agent.objects.count() == 1
