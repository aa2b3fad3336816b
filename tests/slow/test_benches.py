"""The benches run: each of them prints its tables on a small exchange. What they measure is nobody's promise here."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.conftest import ROOT

pytestmark = pytest.mark.slow


def printed(module: str, folder: Path, *arguments: str) -> str:
    small = {
        "PYTHONPATH": str(ROOT),
        "BENCH_ROWS": "4000",
        "BENCH_ROUNDS": "1",
        "BENCH_REQUESTS": "20",
        "BENCH_AGENTS": "5",
    }
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=folder,  # where no BENCH_DIR is named, it lies below
        env={**os.environ, **small},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


@pytest.mark.parametrize(
    ("module", "arguments", "row"),
    [
        ("bench.changes", ("--agents", "60", "--rows", "3000"), "compare, nothing changed"),
        ("bench.book", (), "book page : bare unseal"),
        ("bench.publication", (), "the comparison alone"),
        (
            "bench.throttle",
            ("--guesses", "3000", "--served", "400", "--agents", "150", "--genuine", "30"),
            "genuine: reset",
        ),
        ("bench.login", (), "whole login, known browser"),
        ("bench.mail", (), "outbox: delivery of what was posted"),
        ("bench.timing", ("--cheap",), "login, wrong password"),
    ],
)
def test_a_bench_prints_its_table(module: str, arguments: tuple[str, ...], row: str, tmp_path: Path) -> None:
    if module == "bench.publication":
        pytest.importorskip("pyarrow", reason="the extra `bench` is not installed (make bench)")
    table = printed(module, tmp_path, *arguments)
    assert any(line.startswith(f"| {row}") for line in table.splitlines()), table
