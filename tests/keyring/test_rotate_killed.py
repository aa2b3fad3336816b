"""A rotation that is killed before any step: every key opens, and the same command again ends it."""

import os
import shutil
import signal
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from extranet.keyring import rotate as rotation
from extranet.keyring.masters import master
from extranet.keyring.models import AgentKey, SystemKey
from extranet.vault.keys import make_key_file
from tests.keyring.conftest import hanging, make_all, open_all

pytestmark = pytest.mark.django_db(transaction=True)

STEPS = ("fsync", "link", "replace", "unlink")  # all by which files are changed


class Countdown:
    """Kills this process before the step of that number."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, *_: object) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def before(self, act: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self()
            return act(*args, **kwargs)

        return counted

    def statement(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith(("UPDATE", "COMMIT")):
            self()
        return execute(sql, *rest)


def rotate_in_a_child(step: int, now: datetime) -> bool:
    """Whether it was killed before that step."""
    connection.close()
    child = os.fork()
    if child == 0:
        try:
            countdown = Countdown(step)
            for name in STEPS:
                setattr(os, name, countdown.before(getattr(os, name)))
            with connection.execute_wrapper(countdown.statement):
                rotation.rotate(now=now, record=countdown)
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def test_killed_before_any_step_every_key_opens_and_the_next_run_ends_it(
    master_file: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 2)
    step = killed = 1
    while killed:
        for row in (*AgentKey.objects.all(), *SystemKey.objects.all()):
            row.delete()
        shutil.rmtree(master_file.parent)
        make_key_file(master_file)
        before, old = make_all(now), master().id
        killed = rotate_in_a_child(step, now)
        assert open_all() == before, f"killed before step {step}"
        assert hanging() <= {old, master().id}
        ended = master().id != old and not master_file.with_name("master.next").exists()
        if not ended:
            done = rotation.rotate(now=now, record=lambda _: None)
            assert done.made, f"killed before step {step}, the next run began nothing and ended nothing"
        names = {file.name for file in master_file.parent.iterdir()}
        assert names == {"master", f"master.{old}"}, f"killed before step {step}"
        assert (open_all(), hanging()) == (before, {master().id})
        step += 1
    assert step > 20
