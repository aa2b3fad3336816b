"""kill -9 at each step and each fsync of a publication, then the same command: it ends as if nothing had happened."""

import shutil
from pathlib import Path

import pytest

from tests.faults.conftest import assert_finished, driven, extranet, files_of

pytestmark = pytest.mark.slow


def test_killed_at_every_step_the_same_command_ends_as_if_nothing_had_happened(installation: Path) -> None:
    told = driven("driver", data=installation / "data", file=files_of(installation)[0])
    killed, (whole,) = told[:-1], told[-1:]
    assert whole["first"]["status"] == "released"
    assert len(killed) > 30
    assert all(one["first"] == {"killed": True} for one in killed)
    assert_finished(told)


def test_killed_in_the_second_week_everybody_sees_the_whole_old_one_or_the_whole_new_one(installation: Path) -> None:
    first, second = files_of(installation)
    data = installation / "two-weeks"
    shutil.copytree(installation / "data", data)
    extranet(data, "publish", "book-of-business", str(first), "--as-of", first.stem[-10:], "--release")
    told = driven("driver_weeks", data=data, file=second)
    untouched, killed, whole = told[0], told[1:-1], told[-1]
    old, new = untouched["meanwhile"], whole["after"]
    assert (old["current"], new["current"]) == (first.stem[-10:], second.stem[-10:])
    assert len(old["books"]) == len(new["books"]) == 12
    assert {day for day, *_ in old["books"].values()} == {old["current"]}
    assert {day for day, *_ in new["books"].values()} == {new["current"]}
    assert old["books"] != new["books"]
    assert len(killed) > 30
    for one in killed:
        assert one["first"] == {"killed": True}
        assert one["meanwhile"] in (old, new), f"step {one['step']}: some see the one, some the other"
        assert one["after"] == new, f"step {one['step']}"
    assert [one["meanwhile"] == new for one in killed] == sorted(one["meanwhile"] == new for one in killed)
