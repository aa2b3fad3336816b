"""Alice with a password of her own, and a policy of which one number is another one."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from extranet.credentials.models import Account
from extranet.policy import Policy
from tests.credentials.people import new_account
from tests.policies import put_in_force

Under = Callable[..., Policy]


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    return new_account("4000001", now=now)


@pytest.fixture
def under(monkeypatch: pytest.MonkeyPatch) -> Under:
    """Put the job aid's policy in force, with these numbers instead of its own."""

    def choose(**numbers: Any) -> Policy:
        return put_in_force(monkeypatch, **numbers)

    return choose
