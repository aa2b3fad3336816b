import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from extranet.jobs import worker
from extranet.jobs.leases import heartbeat
from extranet.jobs.models import TaskLease
from extranet.jobs.worker import ATTEMPTS, LEASE, give_back_abandoned, report_progress, work_once
from tests.jobs import tasks

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> None:
    tasks.DONE.clear()
    tasks.KILLED.clear()


def statuses() -> list[str]:
    return sorted(DBTaskResult.objects.values_list("status", flat=True))


def test_ready_tasks_are_run_once_and_urgent_ones_first(now: datetime) -> None:
    tasks.note.enqueue("b")
    tasks.urgent.enqueue("a")
    assert work_once(now=now) == 2
    assert work_once(now=now) == 0
    assert tasks.DONE == ["a", "b"]
    assert statuses() == ["SUCCESSFUL", "SUCCESSFUL"]
    assert not TaskLease.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_task_enqueued_in_a_transaction_that_rolls_back_never_runs(now: datetime) -> None:
    def act() -> None:
        tasks.note.enqueue("a")
        raise KeyError

    with pytest.raises(KeyError), transaction.atomic():
        act()
    assert work_once(now=now) == 0


def test_a_task_is_given_the_moment(now: datetime) -> None:
    tasks.moment.enqueue()
    work_once(now=now)
    assert DBTaskResult.objects.get().return_value == now.isoformat()


def test_a_task_for_later_waits(now: datetime) -> None:
    tasks.note.using(run_after=now + timedelta(hours=1)).enqueue("a")
    assert work_once(now=now) == 0
    assert work_once(now=now + timedelta(hours=1)) == 1


def test_a_killed_workers_task_runs_again_when_its_lease_ran_out(now: datetime) -> None:
    tasks.killed_once.enqueue("a")
    with pytest.raises(tasks.Killed):
        work_once(now=now)
    assert statuses() == ["RUNNING"]
    assert work_once(now=now + LEASE - timedelta(seconds=1)) == 0, "its worker may still be alive"
    assert work_once(now=now + LEASE) == 1
    assert tasks.DONE == ["a", "a"]
    assert statuses() == ["SUCCESSFUL"]


def test_a_task_that_kills_every_worker_is_given_up_and_stays_visible(now: datetime) -> None:
    tasks.always_killed.enqueue()
    for attempt in range(ATTEMPTS):
        with pytest.raises(tasks.Killed):
            work_once(now=now + attempt * LEASE)
    assert work_once(now=now + ATTEMPTS * LEASE) == 0
    assert statuses() == ["FAILED"]
    assert TaskLease.objects.get().attempts == ATTEMPTS


def test_a_failing_task_waits_longer_each_time_and_fails_in_the_end(now: datetime) -> None:
    tasks.broken.enqueue("a")
    moment, tries = now, 0
    waits = []
    while statuses() != ["FAILED"]:
        tries += work_once(now=moment)
        after = DBTaskResult.objects.get().run_after
        waits.append((after - moment).total_seconds())
        moment = max(moment, after)
    assert (tries, tasks.DONE) == (ATTEMPTS, ["a"] * ATTEMPTS)
    assert waits[:4] == [30, 60, 120, 240]


def test_a_failure_keeps_where_it_happened_and_nothing_of_the_data(now: datetime) -> None:
    tasks.broken.enqueue("123-45-6789")
    work_once(now=now)
    row = DBTaskResult.objects.get()
    assert row.exception_class_path == "builtins.ValueError"
    assert "tasks.py" in row.traceback
    assert "6789" not in row.traceback


def test_a_broken_task_does_not_hold_up_the_others(now: datetime) -> None:
    tasks.broken.enqueue("a")
    tasks.note.enqueue("b")
    work_once(now=now)
    assert "b" in tasks.DONE


def test_a_worker_whose_lease_was_taken_over_changes_nothing(now: datetime) -> None:
    tasks.note.enqueue("a")
    row = worker._claim("slow", now)
    assert row is not None
    assert give_back_abandoned(now=now + LEASE) == 1
    again = worker._claim("fast", now + LEASE)
    assert again is not None
    worker._finish(row, "slow", "late", now + LEASE)
    assert statuses() == ["RUNNING"]
    worker._finish(again, "fast", "right", now + LEASE)
    assert DBTaskResult.objects.get().return_value == "right"


def test_a_long_task_renews_its_lease() -> None:
    beats: list[timedelta] = []
    beat = threading.Event()

    def renew(passed: timedelta) -> None:
        beats.append(passed)
        beat.set()

    with heartbeat(renew, every=timedelta(milliseconds=1)):
        assert beat.wait(5)
    count = len(beats)
    assert count >= 1
    assert not beat.wait(0.005) or len(beats) == count, "it ends with the block"


def test_progress_is_told_while_it_runs(now: datetime) -> None:
    tasks.note.enqueue("a")
    row = worker._claim("w", now)
    assert row is not None
    report_progress(task_id=str(row.id), stage="seal", done=3, total=9)
    assert TaskLease.objects.get().progress == {"stage": "seal", "done": 3, "total": 9}


def test_a_task_that_is_claimed_while_somebody_looks_for_abandoned_ones_is_not_given_back(now: datetime) -> None:
    tasks.note.enqueue("a")
    looks: list[str] = []

    def after_the_first(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found = execute(sql, params, many, context)
        looks.append(sql)
        if len(looks) == 1:
            assert worker._claim("other", now)
        return found

    with connection.execute_wrapper(after_the_first):
        assert give_back_abandoned(now=now) == 0
    assert DBTaskResult.objects.get().status == TaskResultStatus.RUNNING


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_run_each_task_once(now: datetime) -> None:
    for number in range(12):
        tasks.note.enqueue(str(number))

    def work() -> None:
        work_once(now=now)
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(tasks.DONE, key=int) == [str(number) for number in range(12)]
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {TaskResultStatus.SUCCESSFUL}
