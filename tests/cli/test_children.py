"""Programs that run together: started again, ended together, and the worker's duties that do not stop each other."""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.cli import children as module
from extranet.cli.children import Children
from extranet.cli.working import AFTER_FAILURE, Duty

SLEEPS = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
]


def pids(house: Children) -> dict[str, int]:
    return {child.name: child.process.pid for child in house.children if child.process is not None}


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_dead_child_is_started_again_and_the_other_lives_on() -> None:
    house = Children({"web": SLEEPS, "worker": SLEEPS})
    seen: list[dict[str, int]] = []

    def tick() -> None:
        now = pids(house)
        if len(now) == 2 and not seen:
            seen.append(now)
            os.kill(now["web"], signal.SIGKILL)
        elif seen and len(now) == 2 and now["web"] != seen[0]["web"]:
            seen.append(now)
            house.stop()

    house.run(tick=tick)
    assert seen[1]["worker"] == seen[0]["worker"]
    assert all(is_gone(pid) for pid in {*seen[0].values(), *seen[1].values()})


def test_a_child_that_keeps_dying_is_started_less_and_less_often() -> None:
    house = Children({"web": [sys.executable, "-S", "-c", "raise SystemExit(1)"]})
    child = house.children[0]
    waits = []
    for _ in range(3):
        child.start()
        assert child.process is not None
        child.process.wait()
        assert child.died()
        waits.append(child.start_at - time.monotonic())
    assert waits[0] < waits[1] < waits[2]


def test_sigterm_ends_all_children_even_a_deaf_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE", 0.3)
    house = Children({"web": SLEEPS, "worker": DEAF})
    seen: dict[str, int] = {}

    def tick() -> None:
        seen.update(pids(house))
        if len(seen) == 2 and not house.stopping.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    began = time.monotonic()
    house.run(tick=tick)
    assert time.monotonic() - began < 5
    assert all(is_gone(pid) for pid in seen.values())


def test_a_failing_duty_is_left_alone_for_a_while_and_the_next_is_done(now: datetime) -> None:
    done: list[str] = []

    def duty(name: str, fails: bool) -> Callable[[datetime], None]:
        def act(_now: datetime) -> None:
            done.append(name)
            if fails:
                raise RuntimeError("the database is away")

        return act

    rounds = [Duty("mail", 0, duty("mail", fails=True)), Duty("seal", 0, duty("seal", fails=False))]
    for _ in range(2):
        for one in rounds:
            one.do()
    assert done == ["mail", "seal", "seal"]
    assert rounds[0].next_at > time.monotonic() + AFTER_FAILURE / 2
