"""Programs that run together: started again, ended together, and the worker's duties that do not stop each other."""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

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
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"  # dead, and nobody asked after it


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


def test_what_a_killed_child_had_started_does_not_outlive_it(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    code = (
        "import subprocess, sys, time\n"
        "pid = subprocess.Popen(['sleep', '60']).pid\n"
        "open(sys.argv[1], 'w').write(f'{pid}\\n')\n"
        "time.sleep(60)\n"
    )
    house = Children({"web": [sys.executable, "-S", "-c", code, str(noted)]})
    grandchildren: list[int] = []

    def tick() -> None:
        if noted.exists() and (text := noted.read_text()).endswith("\n"):
            grandchildren.append(int(text))
            noted.unlink()
            if len(grandchildren) == 1:
                os.kill(pids(house)["web"], signal.SIGKILL)
            else:
                house.stop()

    house.run(tick=tick)
    deadline = time.monotonic() + 5
    while not all(is_gone(pid) for pid in grandchildren) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert [is_gone(pid) for pid in grandchildren] == [True, True]


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
