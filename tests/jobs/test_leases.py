import threading
from datetime import datetime, timedelta

import pytest
from django.db import connection

from extranet.jobs.leases import Busy, named_lock

pytestmark = pytest.mark.django_db


def test_a_name_is_held_by_one_at_a_time(now: datetime) -> None:
    with named_lock("publish", holder="os:alice", now=now, seconds=60):
        with pytest.raises(Busy, match="publish is held by os:alice until 17:01:00 UTC"):
            named_lock("publish", holder="os:charlie", now=now, seconds=60).__enter__()
        with named_lock("roster", holder="os:charlie", now=now, seconds=60):
            pass


def test_one_holder_twice_is_busy_too(now: datetime) -> None:
    with named_lock("publish", holder="os:alice", now=now, seconds=60), pytest.raises(Busy):
        named_lock("publish", holder="os:alice", now=now, seconds=60).__enter__()


def test_it_is_free_after_the_block_also_after_an_error(now: datetime) -> None:
    with pytest.raises(KeyError), named_lock("publish", holder="os:alice", now=now, seconds=60):
        raise KeyError
    with named_lock("publish", holder="os:bob", now=now, seconds=60):
        pass


def test_a_killed_holders_lock_is_free_when_its_seconds_are_over(now: datetime) -> None:
    lost = named_lock("publish", holder="os:alice", now=now, seconds=60)
    held = lost.__enter__()
    later = now + timedelta(seconds=60)
    with named_lock("publish", holder="os:bob", now=later, seconds=60):
        assert not held.renew(now=later, seconds=60), "who lost it learns so"
    lost.__exit__(None, None, None)


def test_a_late_release_does_not_free_the_next_holder(now: datetime) -> None:
    lost = named_lock("publish", holder="os:alice", now=now, seconds=60)
    lost.__enter__()
    later = now + timedelta(seconds=60)
    with named_lock("publish", holder="os:bob", now=later, seconds=60):
        lost.__exit__(None, None, None)
        with pytest.raises(Busy):
            named_lock("publish", holder="os:charlie", now=later, seconds=60).__enter__()


def test_renewing_holds_it_longer(now: datetime) -> None:
    with named_lock("publish", holder="os:alice", now=now, seconds=60) as held:
        assert held.renew(now=now + timedelta(seconds=50), seconds=60)
        with pytest.raises(Busy):
            named_lock("publish", holder="os:bob", now=now + timedelta(seconds=90), seconds=60).__enter__()


@pytest.mark.django_db(transaction=True)
def test_of_many_at_once_one_wins(now: datetime) -> None:
    barrier, won = threading.Barrier(4), []
    done = threading.Barrier(4)

    def reach() -> None:
        barrier.wait(10)
        try:
            with named_lock("publish", holder="x", now=now, seconds=60) as held:
                won.append(held)
                done.wait(10)
        except Busy:
            done.wait(10)
        connection.close()

    threads = [threading.Thread(target=reach) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
