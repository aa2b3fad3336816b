"""Accounts that most tests of credentials need, and how to let a test choose another policy."""

from collections.abc import Callable
from datetime import datetime

import pytest
from pytest_django import Settings

from extranet.credentials.models import Account
from tests.credentials.people import new_account


@pytest.fixture
def alice(db: None, now: datetime) -> Account:
    """Certified, with a password chosen at ``now``."""
    return new_account("4000001", now=now)


@pytest.fixture
def bob(db: None, now: datetime) -> Account:
    """Alice's neighbour: nothing that happens to her may happen to him."""
    return new_account("4000002", now=now, first_name="Bob")


@pytest.fixture
def under_policy(settings: Settings) -> Callable[[str], None]:
    """Put another named policy in force."""

    def choose(name: str) -> None:
        settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": name})

    return choose
