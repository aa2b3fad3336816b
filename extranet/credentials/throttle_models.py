"""The row behind a budget of tries (throttle.py). It names no account: what it counts is a digest."""

from django.db import models


class Throttle(models.Model):
    """A counter of tries in a window, by scope and digest of what it counts; moved by one atomic UPDATE."""

    scope = models.CharField(max_length=30)  # login-account-network, login-device, login-all, reset-mail …
    key = models.CharField(max_length=64)  # digest, so that no list of names or networks stands here
    window_started_at = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "throttles"
        constraints = [models.UniqueConstraint(fields=["scope", "key"], name="throttle_once")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.count}"
