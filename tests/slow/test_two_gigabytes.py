"""A statewide CSV of two gigabytes is published, or refused for what stands in its last line, in bounded memory."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.conftest import ROOT, environment, extranet

pytestmark = pytest.mark.slow
ALLOWED = 0.75 * 1024**3


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set-up installation with 300 agents."""
    top = tmp_path_factory.mktemp("two-gigabytes")
    extranet(top / "data", "synth", str(top / "files"), "--agents", "300", "--cases", "300", "--seed", "5")
    extranet(top / "data", "init")
    extranet(top / "data", "roster", "import", str(top / "files" / "roster.csv"))
    return top / "data"


def published(data: Path, ending: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.slow.driver_two_gigabytes", ending],
        cwd=ROOT,
        env={**environment(data), "POLARS_MAX_THREADS": str(os.cpu_count() or 1)},
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["size"] > 1_990_000_000
    assert told["peak"] <= ALLOWED, f"{told['peak'] / 1024**2:.0f} MB"
    return told


def test_a_quote_that_is_not_closed_at_the_end_of_two_gigabytes_refuses_all_of_it(data: Path) -> None:
    told = published(data, "unclosed")
    assert told["code"] == 3
    (line,) = told["lines"]
    assert line.startswith(f"line {told['expected_rows'] + 2}: a quoted cell begins here and is never closed")
    assert not list((data / "packs").glob("*"))
    assert not list((data / "spill").glob("*"))


def test_two_gigabytes_are_published_to_the_last_row(data: Path) -> None:
    told = published(data, "whole")
    rows = told["expected_rows"]
    assert (told["code"], told["rows"]) == (0, [rows, rows, 0, 0])
