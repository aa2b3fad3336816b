"""The disk full, the store away or the database away at each step of a publication: said in words, with nothing shown
by halves, and over when the same command is given again.
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import assert_finished, driven, files_of, matrix

pytestmark = pytest.mark.slow
FULL = "the disk is full"
NO_DATABASE = "the database does not answer: see `extranet doctor`, then try again"
STEPS = {  # what must be among the steps, so that none of them is watched in vain
    "full": {"spill", "write to spill", "write", "fsync", "link", "mkdir", "_commit", 'INSERT INTO "frames"'},
    "store": {"writer", "write", "_publish", "open", "read", "delete", "sweep"},
    "database": {"_commit", "BEGIN IMMEDIATE", 'INSERT INTO "publications"', 'INSERT INTO "audit_events"'},
}


@pytest.mark.parametrize(
    ("trouble", "words", "at_least"),
    [("full", FULL, 50), ("store", "the store does not answer", 30), ("database", NO_DATABASE, 50)],
)
def test_in_trouble_at_any_step_the_command_says_so_and_again_it_finishes(
    trouble: str, words: str, at_least: int, installation: Path
) -> None:
    told = driven("driver_trouble", trouble, data=installation / "data", file=files_of(installation)[0])
    troubled, whole = told[:-1], told[-1]
    assert (whole["first"]["code"], whole["first"]["at"]) == (0, ""), matrix(told)
    assert len(troubled) >= at_least
    assert {one["first"]["at"] for one in troubled} >= STEPS[trouble]
    for one in troubled:
        assert one["first"]["code"] == 5, f"{one}\n{matrix(told)}"
        assert one["first"]["words"].startswith(words), f"{one}\n{matrix(told)}"
    assert_finished(told)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 12 MB; only an administrator may mount one."""
    place = tmp_path / "disk"
    place.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("no disk can be mounted here: needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_on_a_real_disk_that_is_full_after_more_and_more_bytes_it_is_said_and_again_it_finishes(
    installation: Path, disk: Path
) -> None:
    told = driven("driver_small_disk", str(disk), data=installation / "data", file=files_of(installation)[0])
    assert len(told) > 8
    for one in told[:-1]:
        # on a disk without a single free block the database cannot even be opened, and says no more than that
        words = (FULL, NO_DATABASE) if one["step"] == 0 else (FULL,)
        assert one["first"]["code"] == 5, f"{one}\n{matrix(told)}"
        assert one["first"]["words"].startswith(words), f"{one}\n{matrix(told)}"
    assert_finished(told)
