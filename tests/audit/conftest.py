"""A trail with people in it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import transaction

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record

ALICE = Actor("agent", "CC_1H12345", "192.0.2.0/24")

Happen = Callable[..., None]


@pytest.fixture
def happen(now: datetime) -> Happen:
    """Record so many events, one second and one transaction each."""

    def events(count: int, *, start: int = 0) -> None:
        for second in range(start, start + count):
            with transaction.atomic():
                moment = now + timedelta(seconds=second)
                record(
                    action=Action.BOOK_VIEWED,
                    now=moment,
                    actor=ALICE,
                    subject=f"week {second}",
                    detail={"rows": second},
                )

    return events
