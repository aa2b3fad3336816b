"""A set-up installation over a data folder of its own, and the drivers that run over copies of it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
KIND = "book-of-business"


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXTRANET_", "DJANGO_"))}
    return {
        **kept,
        "EXTRANET_DATA_DIR": str(data),
        "EXTRANET_BASE_URL": "http://portal.test",
        "EXTRANET_EMAIL_URL": "folder:",
        "POLARS_MAX_THREADS": "1",
    }


def extranet(data: Path, *command: str) -> None:
    program = str(Path(sys.executable).with_name("extranet"))
    subprocess.run([program, *command], env=environment(data), check=True, timeout=120)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set-up data folder with a roster, and two weeks of statewide files beside it."""
    top = tmp_path_factory.mktemp("faults")
    size = ("--agents", "12", "--cases", "400", "--weeks", "2", "--seed", "5")
    extranet(top / "data", "synth", str(top / "files"), *size, "--faults")
    extranet(top / "data", "init")
    extranet(top / "data", "roster", "import", str(top / "files" / "roster.csv"))
    return top


def files_of(top: Path) -> list[Path]:
    """The statewide file of each week."""
    return sorted((top / "files").glob(f"{KIND}-*.csv"))


def driven(module: str, *before: str, data: Path, file: Path) -> list[dict[str, Any]]:
    """What that driver tells, one line a step."""
    command = [sys.executable, "-m", f"tests.faults.{module}", *before, str(data), str(file), file.stem[-10:]]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(data), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def matrix(told: list[dict[str, Any]]) -> str:
    """Every step and how it ended, as a table for who must find the one that failed."""
    lines = [f"{'step':>8}  {'at':40}  {'code':4}  then"]
    for one in told:
        first, second = one["first"], one["second"]
        again = (second["status"], second["state"], second["rows"], second["objects"], second["leftovers"])
        lines.append(f"{one['step']:>8}  {first.get('at', '')!s:40}  {first.get('code', '')!s:4}  {again}")
    return "\n".join(lines)


def assert_finished(told: list[dict[str, Any]]) -> None:
    """After the same command again each step ended like the last one, at which nothing went wrong."""
    table, whole = matrix(told), told[-1]["second"]
    expected = {name: whole[name] for name in ("rows", "frames", "objects", "state", "revision")}
    assert (expected["state"], expected["revision"]) == ("released", 1), table
    for one in told:
        second = one["second"]
        assert {name: second[name] for name in expected} == expected, f"{one}\n{table}"
        assert (second["leftovers"], second["faults"], second["spill"]) == ([], [], []), f"{one}\n{table}"
        # all or nothing: there is no moment at which some frames are there, or a week is shown without its frames
        assert second["before"]["frames"] in (0, expected["frames"]), f"{one}\n{table}"
        assert second["before"]["frames"] or not second["before"]["current"], f"{one}\n{table}"
