"""Room for a file is kept by the file system from its first byte, shrinks as the file comes, and goes with it."""

import errno
import os
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from extranet.reports.room import NoRoom, keep_room, leave_room, require_room

Usage = namedtuple("Usage", "total used free")
GIGABYTE = 1024**3


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four gigabytes are free at first; what is kept under ``tmp_path`` is no longer."""

    def usage(_: Path) -> Usage:
        kept = sum(file.stat().st_size for file in tmp_path.rglob("room"))
        return Usage(0, 0, 4 * GIGABYTE - kept)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    monkeypatch.setattr(os, "posix_fallocate", lambda handle, _, size: os.truncate(handle, size))
    return tmp_path


def test_two_files_at_once_cannot_have_the_same_room(disk: Path) -> None:
    keep_room(disk / "alices", 2 * GIGABYTE)
    with pytest.raises(NoRoom):
        keep_room(disk / "bobs", 2 * GIGABYTE)
    keep_room(disk / "bobs", GIGABYTE)


def test_what_has_come_needs_no_room_any_more(disk: Path) -> None:
    keep_room(disk / "alices", 2 * GIGABYTE)
    leave_room(disk / "alices", GIGABYTE)
    require_room(disk / "bobs", 2 * GIGABYTE)
    leave_room(disk / "alices", 0)
    assert list((disk / "alices").iterdir()) == []
    leave_room(disk / "alices", 0)  # again: nothing


def test_room_that_another_took_in_the_same_moment_is_given_back(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def both(handle: int, _: int, size: int) -> None:
        os.truncate(handle, size)
        if not (disk / "bobs").exists():
            (disk / "bobs").mkdir()
            (disk / "bobs" / "room").write_bytes(b"")
            os.truncate(disk / "bobs" / "room", 2 * GIGABYTE)

    monkeypatch.setattr(os, "posix_fallocate", both)
    with pytest.raises(NoRoom):
        keep_room(disk / "alices", 2 * GIGABYTE)
    assert not (disk / "alices" / "room").exists()


def test_a_disk_that_ends_in_the_middle_is_no_room(disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(NoRoom):
        keep_room(disk / "alices", GIGABYTE)
    assert list((disk / "alices").iterdir()) == []


def test_the_file_system_really_keeps_it(tmp_path: Path) -> None:
    keep_room(tmp_path, 8 * 1024**2)
    assert (tmp_path / "room").stat().st_blocks * 512 >= 8 * 1024**2
    leave_room(tmp_path, 1024**2)
    assert (tmp_path / "room").stat().st_blocks * 512 < 2 * 1024**2


def test_what_is_on_its_way_is_not_stopped_by_a_disk_that_filled_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no room was kept, or all of it is used, nothing is looked at and nothing is made."""
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, 0))
    leave_room(tmp_path / "given-up", GIGABYTE)
    leave_room(tmp_path / "given-up", 0)
    assert list(tmp_path.iterdir()) == []
