"""Two who ask for a key at the same moment get the same one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier
from uuid import UUID

import pytest
from django.db import connection

from extranet.keyring import ring
from extranet.keyring.models import AgentKey, Purpose, SystemKey
from extranet.keyring.ring import KeyHandle

pytestmark = pytest.mark.django_db(transaction=True)

ALICE = UUID(int=0xA)


def all_at_once(ask: Callable[[], KeyHandle], people: int = 4) -> list[KeyHandle]:
    start = Barrier(people)

    def one(_: int) -> KeyHandle:
        start.wait(10)
        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(people) as pool:
        return list(pool.map(one, range(people)))


def test_an_agents_first_key_is_one_key(now: datetime) -> None:
    handles = all_at_once(lambda: ring.agent_key(ALICE, now=now))
    assert len({handle.key for handle in handles}) == 1
    assert AgentKey.objects.count() == 1


def test_a_systems_first_key_is_one_key(now: datetime) -> None:
    handles = all_at_once(lambda: ring.system_key(Purpose.OUTBOX, now=now))
    assert len({handle.key for handle in handles}) == 1
    assert SystemKey.objects.count() == 1
