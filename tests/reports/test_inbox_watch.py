"""The watched folder: whole files are taken once, published by the worker, and nothing stays in clear."""

import hashlib
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.jobs.leases import named_lock
from extranet.jobs.worker import work_once
from extranet.reports import inbox_files, inbox_watch, room
from extranet.reports.inbox_watch import Looked, watch
from extranet.reports.models import Publication, StagedUpload
from tests.reports.exchange import ALICE, BOB, CONDITIONAL, book_row, csv_text

PLANTED = "Plantedname"
TEXT = csv_text([book_row(ALICE, 1, last_name=PLANTED), book_row(BOB, 2)]).encode()
NAME = "book-of-business-2026-11-16.csv"

pytestmark = pytest.mark.django_db


class PowerCut(BaseException):
    """The machine stops here; nothing of ours runs any more."""


@pytest.fixture
def inbox(data_folder: Path) -> Path:
    folder = data_folder / "inbox"
    folder.mkdir()
    return folder


def drop(inbox: Path, name: str = NAME, data: bytes = TEXT, *, line: str = "") -> None:
    """As a sender does: the file, then its sum."""
    (inbox / name).write_bytes(data)
    add_sum(inbox, name, data, line=line)


def add_sum(inbox: Path, name: str = NAME, data: bytes = TEXT, *, line: str = "") -> None:
    (inbox / f"{name}.sha256").write_text(line or f"{hashlib.sha256(data).hexdigest()}  {name}\n")


def result(inbox: Path, name: str = NAME) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((inbox / f"{name}.result.json").read_text())
    return found


def in_clear(data_folder: Path) -> list[Path]:
    files = [path for path in data_folder.rglob("*") if path.is_file()]
    return [path for path in files if PLANTED.encode() in path.read_bytes()]


def test_a_whole_file_is_taken_published_and_told(
    alice: Agent, bob: Agent, inbox: Path, data_folder: Path, now: datetime
) -> None:
    drop(inbox)
    assert watch(now=now) == Looked(taken=1, refused=0, told=0)
    assert in_clear(data_folder) == []
    work_once(now=now)
    row = Publication.objects.get()
    assert (row.state, row.received_by, row.delivered) == ("sealed", "inbox", 2)
    assert watch(now=now) == Looked(taken=0, refused=0, told=1)
    told = result(inbox)
    assert (told["status"], told["exit_code"], told["publication"]) == ("published", 0, str(row.id))
    assert told["counts"] == {"rows_in": 2, "delivered": 2, "unassigned": 0, "quarantined": 0, "agents": 2}
    assert PLANTED not in json.dumps(told)
    assert sorted(path.name for path in inbox.rglob("*")) == [f"{NAME}.result.json", "taken"]
    assert watch(now=now) == Looked(0, 0, 0)


def test_a_file_without_a_sum_or_newer_than_it_is_still_growing(inbox: Path, now: datetime) -> None:
    (inbox / NAME).write_bytes(TEXT[:100])
    assert watch(now=now) == Looked(0, 0, 0)
    add_sum(inbox)
    later = (inbox / f"{NAME}.sha256").stat().st_mtime + 1
    os.utime(inbox / NAME, (later, later))
    assert watch(now=now) == Looked(0, 0, 0)
    drop(inbox)
    assert watch(now=now).taken == 1


def test_a_sum_without_its_file_waits(inbox: Path, now: datetime) -> None:
    add_sum(inbox)
    assert watch(now=now) == Looked(0, 0, 0)
    assert [path.name for path in inbox.iterdir()] == [f"{NAME}.sha256"]


def test_a_file_that_is_not_what_its_sum_says_is_refused_and_gone(
    inbox: Path, data_folder: Path, now: datetime
) -> None:
    drop(inbox)
    (inbox / NAME).write_bytes(TEXT[:-20])
    os.utime(inbox / NAME, (0, 0))
    assert watch(now=now) == Looked(taken=0, refused=1, told=0)
    told = result(inbox)
    assert (told["status"], told["exit_code"]) == ("refused", 3)
    assert "send both again" in told["lines"][0]
    assert in_clear(data_folder) == []
    assert list((data_folder / "staging").iterdir()) == []
    assert not StagedUpload.objects.exists()
    assert Event.objects.filter(action=Action.PUBLICATION_REFUSED, actor="inbox", subject=NAME).count() == 1


def test_a_refused_content_is_told_line_by_line(alice: Agent, inbox: Path, data_folder: Path, now: datetime) -> None:
    drop(inbox, data=TEXT.replace(b"Case Number", b"Kase Number"))
    watch(now=now)
    work_once(now=now)
    watch(now=now)
    told = result(inbox)
    assert (told["status"], told["exit_code"]) == ("refused", 3)
    assert any("line 1" in line for line in told["lines"])
    assert in_clear(data_folder) == []


def test_a_held_file_is_told_with_its_publication(alice: Agent, inbox: Path, now: datetime) -> None:
    drop(inbox, data=TEXT + b"a,b\n")
    watch(now=now)
    work_once(now=now)
    watch(now=now)
    assert (result(inbox)["status"], result(inbox)["exit_code"], result(inbox)["state"]) == ("held", 7, "held")


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("book-2026-11-16.csv", "", "call it"),
        ("payroll-2026-11-16.csv", "", "call it"),
        ("book-of-business-2026-11-16.exe", "", "call it"),
        ("book-of-business-2026-02-30.csv", "", "is no day"),
        (NAME, "not a sum", "sha256sum"),
        (NAME, f"{'0' * 64}  other.csv\n", "sha256sum"),
        (NAME, f"{'0' * 64}  ../{NAME}\n", "sha256sum"),
        (NAME, f"{'0' * 64}  {NAME}\n" * 100, "sha256sum"),
    ],
)
def test_what_cannot_be_taken_stays_and_is_told_once(
    name: str, line: str, said: str, inbox: Path, now: datetime
) -> None:
    drop(inbox, name, line=line)
    assert watch(now=now).taken == 0
    told = result(inbox, name)
    assert (told["status"], told["exit_code"]) == ("refused", 2)
    assert said in told["lines"][0]
    assert (inbox / name).read_bytes() == TEXT
    (inbox / f"{name}.result.json").write_text("seen")
    watch(now=now)
    assert (inbox / f"{name}.result.json").read_text() == "seen"


def test_a_corrected_sum_is_taken(inbox: Path, now: datetime) -> None:
    drop(inbox, line="wrong")
    watch(now=now)
    add_sum(inbox)
    assert watch(now=now).taken == 1
    assert not (inbox / f"{NAME}.result.json").exists()


def test_parquet_and_workbooks_are_names_too(inbox: Path, now: datetime) -> None:
    for ending in ("parquet", "xlsx"):
        drop(inbox, f"{CONDITIONAL}-2026-11-16.{ending}")
    assert watch(now=now).taken == 2


@pytest.mark.parametrize("data", [b"", TEXT])
def test_an_empty_file_and_one_of_tomorrow_are_refused(data: bytes, inbox: Path, now: datetime) -> None:
    name = NAME if not data else NAME.replace("16", "17")
    drop(inbox, name, data)
    assert watch(now=now) == Looked(taken=0, refused=1, told=0)
    assert result(inbox, name)["status"] == "refused"


def test_links_pipes_and_folders_are_never_followed(inbox: Path, tmp_path: Path, now: datetime) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(TEXT)
    (inbox / NAME).symlink_to(secret)
    add_sum(inbox)
    os.mkfifo(inbox / "book-of-business-2026-11-09.csv")
    add_sum(inbox, "book-of-business-2026-11-09.csv")
    (inbox / "book-of-business-2026-11-02.csv").mkdir()
    add_sum(inbox, "book-of-business-2026-11-02.csv")
    (inbox / "conditional-eligibility-2026-11-16.csv").write_bytes(TEXT)
    (inbox / "conditional-eligibility-2026-11-16.csv.sha256").symlink_to(secret)
    os.utime(inbox / "book-of-business-2026-11-09.csv", (0, 0))
    os.utime(inbox / "book-of-business-2026-11-02.csv", (0, 0))
    os.utime(inbox / NAME, (0, 0), follow_symlinks=False)
    assert watch(now=now) == Looked(0, 0, 0)
    assert secret.read_bytes() == TEXT
    assert not StagedUpload.objects.exists()


def test_a_file_exchanged_for_a_link_at_the_door_is_refused(
    inbox: Path, tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(TEXT)
    drop(inbox)
    claim = inbox_files.claim

    def exchanged(dropped: inbox_files.Dropped) -> bool:
        (inbox / NAME).unlink()
        (inbox / NAME).symlink_to(secret)
        return claim(dropped)

    monkeypatch.setattr(inbox_watch, "claim", exchanged)
    assert watch(now=now) == Looked(taken=0, refused=1, told=0)
    assert secret.read_bytes() == TEXT
    assert list((inbox / "taken").iterdir()) == []


def test_a_file_that_cannot_be_read_is_refused_and_those_behind_it_are_taken(
    inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    behind = "conditional-eligibility-2026-11-16.csv"
    drop(inbox)
    drop(inbox, behind)
    real = os.open

    def locked(path: Any, *arguments: Any, **named: Any) -> int:
        if NAME in str(path) and "taken" in str(path) and not arguments[0] & (os.O_WRONLY | os.O_RDWR):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **named)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", locked)
        assert watch(now=now) == Looked(taken=1, refused=1, told=0)
    assert "check its owner and mode" in str(result(inbox)["lines"])
    assert StagedUpload.objects.get().name == behind


STEPS = [
    "reports.inbox_files.sync_folder",
    "reports.inbox_watch.open_claimed",
    "reports.staged_file.seal_bytes",
    "reports.once.publish_later",
    "reports.inbox_watch.forget",
]


@pytest.mark.parametrize("step", STEPS)
def test_killed_at_any_step_the_next_look_takes_it_once(
    step: str,
    alice: Agent,
    bob: Agent,
    inbox: Path,
    data_folder: Path,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop(inbox)

    def cut(*args: object, **kwargs: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(f"extranet.{step}", cut)
        with pytest.raises(PowerCut):
            watch(now=now)
    later = now + timedelta(minutes=5)
    watch(now=later)
    work_once(now=later)
    watch(now=later)
    assert Publication.objects.count() == 1
    assert StagedUpload.objects.count() == 1
    assert result(inbox)["status"] == "published"
    assert in_clear(data_folder) == []
    assert list((inbox / "taken").iterdir()) == []


def test_a_checksum_file_that_a_kill_left_goes_with_its_file(
    inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox)
    unlink = Path.unlink

    def cut(self: Path, missing_ok: bool = False) -> None:
        if self.parent == inbox:
            raise PowerCut
        unlink(self, missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", cut)
        with pytest.raises(PowerCut):
            watch(now=now)
    assert (inbox / f"{NAME}.sha256").exists()
    assert watch(now=now + timedelta(minutes=5)).taken == 1
    assert not (inbox / f"{NAME}.sha256").exists()


def test_a_result_that_a_kill_left_half_written_is_removed(
    alice: Agent, inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox)
    watch(now=now)
    work_once(now=now)

    def cut(*args: object, **kwargs: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr("os.replace", cut)
        patched.setattr(Path, "unlink", cut)
        with pytest.raises(PowerCut):
            watch(now=now)
    assert len([path for path in inbox.iterdir() if path.name.startswith(".")]) == 1
    assert watch(now=now + timedelta(minutes=5)).told == 1
    assert sorted(path.name for path in inbox.iterdir()) == [f"{NAME}.result.json", "taken"]


def test_only_one_worker_looks_at_a_time(inbox: Path, now: datetime) -> None:
    drop(inbox)
    with named_lock("inbox", holder="another worker", now=now, seconds=60):
        assert watch(now=now) == Looked(0, 0, 0)
        assert (inbox / NAME).exists()
    assert watch(now=now).taken == 1


def test_the_same_file_dropped_again_is_published_already(alice: Agent, inbox: Path, now: datetime) -> None:
    for _ in range(2):
        drop(inbox)
        watch(now=now)
        work_once(now=now)
        watch(now=now)
    assert Publication.objects.count() == 1
    assert result(inbox)["exit_code"] == 0
    assert "published already" in " ".join(result(inbox)["lines"])


def test_a_full_disk_leaves_the_file_to_be_taken_later(
    inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop(inbox)
    with monkeypatch.context() as patched:
        patched.setattr(room, "FREE_AFTERWARDS", 2**62)
        with pytest.raises(room.NoRoom):
            watch(now=now)
    assert watch(now=now).taken == 1


def test_what_nobody_takes_is_named(inbox: Path, now: datetime) -> None:
    (inbox / "notes.txt").write_text("lies in clear")
    drop(inbox)
    moment = (now - timedelta(hours=2)).timestamp()
    os.utime(inbox / "notes.txt", (moment, moment))
    assert inbox_files.lying(before=now - timedelta(hours=1)) == [inbox / "notes.txt"]


def test_without_the_folder_nothing_happens(now: datetime) -> None:
    assert watch(now=now) == Looked(0, 0, 0)
    assert inbox_files.lying(before=now) == []
