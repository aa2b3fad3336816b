"""docs/explanation/job-aid.md names each statement of the job aid, the files that keep it and tests that exist."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "explanation" / "job-aid.md").read_text(encoding="utf-8").splitlines()
    if re.match(r"\| J\d", line)
]


def named(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_every_statement_is_there_once_and_in_order() -> None:
    assert [row[0] for row in ROWS] == [f"J{number}" for number in range(1, 31)]


def test_every_file_is_there() -> None:
    files = [name for row in ROWS for name in named(row[2])]
    assert len(files) >= len(ROWS)
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_every_test_is_there() -> None:
    tests = [name.split("::") for row in ROWS for name in named(row[3])]
    assert all(named(row[3]) for row in ROWS)
    assert [name for file, name in tests if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")] == []
