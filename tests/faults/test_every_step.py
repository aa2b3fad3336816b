"""kill -9, a full disk, a store or a database that is away, at each step of a publication; then the same command."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DAY = "2026-11-16"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set-up data folder with a roster, and the statewide file beside it."""
    top = tmp_path_factory.mktemp("faults")
    env = environment(top / "data")
    for command in (
        ["synth", str(top / "files"), "--agents", "30", "--cases", "700", "--weeks", "1", "--seed", "5", "--faults"],
        ["init"],
        ["roster", "import", str(top / "files" / "roster.csv")],
    ):
        subprocess.run([str(Path(sys.executable).with_name("extranet")), *command], env=env, check=True, timeout=120)
    return top


def environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXTRANET_", "DJANGO_"))}
    return {
        **kept,
        "EXTRANET_DATA_DIR": str(data),
        "EXTRANET_BASE_URL": "http://portal.test",
        "EXTRANET_EMAIL_URL": "folder:",
        "POLARS_MAX_THREADS": "1",
    }


def driven(module: str, top: Path, *more: str) -> list[dict[str, Any]]:
    """One line a step of that driver."""
    (file,) = (top / "files").glob("book-of-business-*.csv")
    command = [sys.executable, "-m", f"tests.faults.{module}", str(top / "data"), str(file), file.stem[-10:], *more]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(top / "data"), capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def expected_of(told: list[dict[str, Any]]) -> dict[str, Any]:
    """What stands after a run to which nothing happened: the last one."""
    whole = told[-1]
    assert whole["first"]["status"] == "released"
    expected = {name: whole["second"][name] for name in ("rows", "frames", "objects", "state", "revision")}
    assert expected["state"] == "released"
    return expected


def require_as_if_nothing_had_happened(told: list[dict[str, Any]]) -> None:
    expected = expected_of(told)
    for one in told:
        second = one["second"]
        assert {name: second[name] for name in expected} == expected, one
        assert (second["leftovers"], second["faults"], second["spill"]) == ([], [], []), one
        # all or nothing: there is no moment at which some frames are there, or a week is shown without its frames
        assert second["before"]["frames"] in (0, expected["frames"]), one
        assert second["before"]["frames"] or not second["before"]["current"], one


def test_killed_at_every_step_the_same_command_ends_as_if_nothing_had_happened(installation: Path) -> None:
    told = driven("driver", installation, "kill")
    killed = told[:-1]
    assert len(killed) > 30
    assert all(one["first"] == {"killed": True} for one in killed)
    require_as_if_nothing_had_happened(told)


@pytest.mark.parametrize(
    ("fault", "least", "words"),
    [
        ("disk", 20, "the disk is full"),
        ("store", 5, "does not answer"),
        ("database", 30, "the database does not answer"),
    ],
)
def test_whatever_is_away_at_whatever_step_it_is_said_and_the_same_command_finishes(
    fault: str, least: int, words: str, installation: Path
) -> None:
    told = driven("driver", installation, fault)
    failed = [one["first"] for one in told[:-1] if "code" in one["first"]]
    assert len(failed) >= least
    assert {one["code"] for one in failed} == {5}, [one for one in failed if one["code"] != 5]
    assert all(words in " ".join(one["lines"]) for one in failed), [one["lines"] for one in failed]
    require_as_if_nothing_had_happened(told)
