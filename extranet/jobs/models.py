"""What the timetable ran, and the leases of running work."""

from django.db import models


class TimetableRun(models.Model):
    """One entry of the timetable at one due moment: unique, so that it runs once however many workers look."""

    name = models.CharField(max_length=60)
    due_at = models.DateTimeField()
    started_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=1)
    outcome = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "jobs_timetable_runs"
        constraints = [models.UniqueConstraint(fields=["name", "due_at"], name="jobs_run_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.due_at.isoformat()}"


class TaskLease(models.Model):
    """Who works on a task and until when: a task whose lease ran out is given to another worker."""

    task_id = models.UUIDField(primary_key=True)
    worker = models.CharField(max_length=80)
    lease_until = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=1)
    progress = models.JSONField(default=dict)  # stage, done, total

    class Meta:
        db_table = "jobs_task_leases"

    def __str__(self) -> str:
        return f"{self.task_id} by {self.worker}"


class NamedLock(models.Model):
    """A lease by name, for acts that must run one at a time (one publication at a time)."""

    name = models.CharField(max_length=60, primary_key=True)
    holder = models.CharField(max_length=80, blank=True)
    lease_until = models.DateTimeField()

    class Meta:
        db_table = "jobs_locks"

    def __str__(self) -> str:
        return f"{self.name} held by {self.holder} until {self.lease_until}"
