"""Running tasks of the Tasks API with what django-tasks-db lacks: leases, so that a killed worker's task runs again.

A task may run more than once (its worker may be killed after the last commit): every task must be safe to repeat.
A task that needs the moment declares ``now: datetime = GIVEN``: the worker passes it, the task never looks at a clock.
"""

import inspect
import secrets
import time
import traceback
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F, Q
from django_tasks.base import TaskContext, TaskResultStatus
from django_tasks_db.models import DBTaskResult, get_date_max

from extranet.jobs.leases import elapsed, heartbeat
from extranet.jobs.models import TaskLease

GIVEN = datetime.min.replace(tzinfo=UTC)  # stands for the moment that the worker passes
LEASE = timedelta(minutes=2)
BEAT = timedelta(seconds=30)
ATTEMPTS = 5  # then it is FAILED and stays visible
FIRST_WAIT = timedelta(seconds=30)  # after a failure; doubled each time

log = structlog.get_logger(__name__)
Task = DBTaskResult[Any, Any]


def work_once(*, now: datetime, worker: str = "", limit: int = 100) -> int:
    """Give back what killed workers left, then run ready tasks until none is left; how many were run.

    Tasks that fail wait longer each time; after ATTEMPTS they are FAILED. Not inside a transaction.
    """
    me, began, ran = worker or f"worker-{secrets.token_hex(4)}", time.monotonic(), 0
    give_back_abandoned(now=now)
    while ran < limit and (task := _claim(me, now + elapsed(began))):
        _run(task, me, now + elapsed(began))
        ran += 1
    return ran


def give_back_abandoned(*, now: datetime) -> int:
    """Set tasks READY again whose worker stopped renewing, or FAILED after too many attempts; how many were found."""
    running = list(DBTaskResult.objects.filter(status=TaskResultStatus.RUNNING).values_list("id", flat=True))
    # Only then their leases: what is claimed between the two looks must not seem to have none
    leases = {lease.task_id: lease for lease in TaskLease.objects.filter(task_id__in=running)}
    found = 0
    for task_id in running:
        lease = leases.get(task_id)
        if lease is None or lease.lease_until <= now:
            found += _release(task_id, lease, now)
    return found


def report_progress(*, task_id: str, stage: str, done: int, total: int) -> None:
    """Say how far a task is, for pages and the command line; numbers and a stage's name only."""
    facts = {"stage": stage, "done": done, "total": total}
    TaskLease.objects.filter(task_id=task_id).update(progress=facts)


def _claim(worker: str, now: datetime) -> Task | None:
    """The most urgent ready task, ours by one conditional update that counts its rows."""
    due = DBTaskResult.objects.filter(status=TaskResultStatus.READY).filter(
        Q(run_after=get_date_max()) | Q(run_after__lte=now)
    )
    for task in due[:20]:
        with transaction.atomic(durable=True):
            still = DBTaskResult.objects.filter(id=task.id, status=TaskResultStatus.READY)
            workers = [*task.worker_ids, worker]
            if still.update(status=TaskResultStatus.RUNNING, started_at=now, worker_ids=workers):
                _lease(task, worker, now)
                task.refresh_from_db()
                return task
    return None


def _lease(task: Task, worker: str, now: datetime) -> None:
    again = TaskLease.objects.filter(task_id=task.id)
    if not again.update(worker=worker, lease_until=now + LEASE, attempts=F("attempts") + 1):
        TaskLease.objects.create(task_id=task.id, worker=worker, lease_until=now + LEASE)


def _run(row: Task, worker: str, now: datetime) -> None:
    began = time.monotonic()
    mine = TaskLease.objects.filter(task_id=row.id, worker=worker)
    try:
        with heartbeat(lambda passed: mine.update(lease_until=now + passed + LEASE), every=BEAT):
            value = _call(row, now)
    except Exception as error:
        _fail(row, worker, error, now + elapsed(began))
    else:
        _finish(row, worker, value, now + elapsed(began))


def _call(row: Task, now: datetime) -> Any:
    task = row.task
    result: Any = row.task_result
    extra = {"now": now} if "now" in inspect.signature(task.func).parameters else {}
    context = [TaskContext(task_result=result)] if task.takes_context else []
    return task.call(*context, *result.args, **{**result.kwargs, **extra})


def _finish(row: Task, worker: str, value: Any, now: datetime) -> None:
    with transaction.atomic(durable=True):
        if not _still_mine(row, worker):
            return
        TaskLease.objects.filter(task_id=row.id).delete()
        DBTaskResult.objects.filter(id=row.id).update(
            status=TaskResultStatus.SUCCESSFUL,
            finished_at=now,
            return_value=value,
            exception_class_path="",
            traceback="",
        )
    log.info("task done", task=row.task_path, task_id=str(row.id))


def _fail(row: Task, worker: str, error: Exception, now: datetime) -> None:
    """Keep where it failed, not what the error said: messages of libraries repeat the data they choked on."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    with transaction.atomic(durable=True):
        if not _still_mine(row, worker):
            return
        lease = TaskLease.objects.get(task_id=row.id)
        DBTaskResult.objects.filter(id=row.id).update(exception_class_path=name, traceback=frames)
        _release(row.id, lease, now, wait=FIRST_WAIT * 2 ** (lease.attempts - 1))
    log.error("task failed", task=row.task_path, task_id=str(row.id), error=name, attempt=lease.attempts)


def _still_mine(row: Task, worker: str) -> bool:
    """False if the lease ran out and another worker has the task: what it does counts, ours is forgotten."""
    if TaskLease.objects.filter(task_id=row.id, worker=worker).update(worker=worker):
        return True
    log.warning("task lost", task=row.task_path, task_id=str(row.id))
    return False


def _release(task_id: Any, lease: TaskLease | None, now: datetime, wait: timedelta = timedelta()) -> int:
    """READY again, or FAILED for good; 0 if another worker was faster."""
    attempts = lease.attempts if lease else 0
    with transaction.atomic():
        if lease is not None:
            held = TaskLease.objects.filter(task_id=task_id, worker=lease.worker, lease_until=lease.lease_until)
            if not held.update(worker="", lease_until=now):
                return 0
        running = DBTaskResult.objects.filter(id=task_id, status=TaskResultStatus.RUNNING)
        if attempts >= ATTEMPTS:
            return running.update(status=TaskResultStatus.FAILED, finished_at=now)
        return running.update(status=TaskResultStatus.READY, run_after=now + wait)
