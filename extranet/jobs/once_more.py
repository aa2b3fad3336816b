"""Another chance for tasks that failed for good, where the cause may have gone: a store or a disk that is back."""

from datetime import datetime

from django.db import transaction
from django_tasks.base import TaskResultStatus
from django_tasks_db.models import DBTaskResult

from extranet.jobs.models import TaskLease


def once_more(*, task_path: str, now: datetime) -> int:
    """Set the FAILED tasks of that function READY again, with all their attempts; how many."""
    again = 0
    failed = DBTaskResult.objects.filter(task_path=task_path, status=TaskResultStatus.FAILED)
    for task_id in failed.values_list("id", flat=True):
        with transaction.atomic():
            if failed.filter(id=task_id).update(status=TaskResultStatus.READY, finished_at=None, run_after=now):
                TaskLease.objects.filter(task_id=task_id).update(attempts=0)
                again += 1
    return again
