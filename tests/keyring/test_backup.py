"""Backups of keys: what the database lost comes back, what was destroyed never does."""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import transaction
from pytest_django import Settings

from extranet.keyring import backup, ring
from extranet.keyring.backup import NoBackupFolder, Restored, RestoreRefused, restore, write_backup
from extranet.keyring.backup_file import BackupDamaged
from extranet.keyring.masters import WrongMaster, master
from extranet.keyring.models import AgentKey, SystemKey
from extranet.keyring.ring import KeyDestroyed
from extranet.keyring.rotate import rotate
from extranet.timetable import due
from extranet.vault.durable import replace_durably
from tests.keyring.conftest import ALICE, BOB, CHARLIE, Opened, make_all, open_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def folder(data_folder: Path) -> Path:
    return data_folder / "key-backups"


@pytest.fixture
def before(now: datetime) -> Opened:
    return make_all(now)


def lose_the_database() -> None:
    AgentKey.objects.all().delete()
    SystemKey.objects.all().delete()


def put_back(file: Path) -> Restored:
    return restore(file=file, record=lambda _: None)


def test_a_lost_table_comes_back_whole(folder: Path, before: Opened, now: datetime) -> None:
    file = write_backup(folder=folder, now=now)
    lose_the_database()
    assert put_back(file) == Restored(agents=3, systems=2, destroyed=0)
    assert open_all() == before
    assert put_back(file) == Restored(0, 0, 0)


def test_the_file_is_of_the_day_for_its_owner_only_and_holds_no_open_key(
    folder: Path, before: Opened, now: datetime
) -> None:
    file = write_backup(folder=folder, now=now)
    assert file.name == "keys-2026-11-16.jsonl"
    assert (file.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0]["format"] == "agent-extranet keys 1"
    assert [set(line) - {"version", "master", "created"} for line in lines[1:]] == [
        *[{"purpose", "wrapped"}] * 2,
        *[{"agent", "wrapped"}] * 3,
        {"signature"},
    ]
    assert not any(key in file.read_bytes() for key in before.values())


def test_a_copy_from_before_brings_no_destroyed_key_back_even_into_a_lost_database(
    folder: Path, before: Opened, now: datetime, tmp_path: Path
) -> None:
    copy = write_backup(folder=tmp_path / "elsewhere", now=now)
    ring.shred_agent(CHARLIE, now=now)
    write_backup(folder=folder, now=now + timedelta(days=1))
    lose_the_database()
    assert put_back(copy) == Restored(agents=2, systems=2, destroyed=1)
    with pytest.raises(KeyDestroyed):
        ring.agent_key_version(CHARLIE, 1)
    assert ring.agent_key(CHARLIE, now=now).version == 2


@pytest.mark.parametrize("made_since", [False, True])
def test_on_the_day_of_the_loss_the_backup_of_the_morning_stays(
    folder: Path, before: Opened, now: datetime, made_since: bool
) -> None:
    """The timetable and a rotation write backups by themselves, also over a table that is empty or begun anew."""
    morning = write_backup(folder=folder, now=now)
    lose_the_database()
    if made_since:
        ring.agent_key(UUID(int=99), now=now)
    later = write_backup(folder=folder, now=now + timedelta(hours=2))
    assert (morning.name, later.name) == ("keys-2026-11-16.jsonl", "keys-2026-11-16-190000.jsonl")
    AgentKey.objects.all().delete()
    assert put_back(morning) == Restored(agents=3, systems=2, destroyed=0)
    assert open_all() == before
    ring.shred_agent(CHARLIE, now=now)
    assert backup.forget_destroyed(folder=folder) == []
    assert backup.remove_old(folder=folder, now=now + timedelta(days=40), kept=timedelta(days=35)) == 2


def test_the_newest_of_a_day_takes_the_place_of_the_earlier(folder: Path, before: Opened, now: datetime) -> None:
    write_backup(folder=folder, now=now)
    first = (folder / "keys-2026-11-16.jsonl").read_bytes()
    ring.shred_agent(CHARLIE, now=now)
    write_backup(folder=folder, now=now)
    assert [file.name for file in folder.iterdir()] == ["keys-2026-11-16.jsonl"]
    assert (folder / "keys-2026-11-16.jsonl").read_bytes() != first


def test_who_was_shredded_is_forgotten_by_every_backup(folder: Path, before: Opened, now: datetime) -> None:
    files = [write_backup(folder=folder, now=now + timedelta(days=day)) for day in range(3)]
    ring.shred_agent(BOB, now=now)
    assert backup.forget_destroyed(folder=folder) == []
    for file in files:
        lose_the_database()
        assert put_back(file) == Restored(agents=2, systems=2, destroyed=1)
        with pytest.raises(KeyDestroyed):
            ring.agent_key_version(BOB, 1)
        assert ring.agent_key_version(ALICE, 1).key == before[ALICE]
    assert ring.agent_key(BOB, now=now).version == 2, "the number of the destroyed key is never given away"


def test_an_older_copy_from_elsewhere_brings_no_destroyed_key_back(
    folder: Path, before: Opened, now: datetime, tmp_path: Path
) -> None:
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(write_backup(folder=folder, now=now).read_bytes())
    ring.shred_agent(BOB, now=now)
    AgentKey.objects.filter(agent_id=ALICE).delete()
    assert put_back(copy) == Restored(agents=1, systems=0, destroyed=0)
    with pytest.raises(KeyDestroyed):
        ring.agent_key_version(BOB, 1)


def test_what_is_destroyed_while_a_backup_is_written_is_not_in_it(
    folder: Path, before: Opened, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace = replace_durably

    def shred_first(path: Path, parts: Iterable[bytes]) -> None:
        lines = list(parts)
        ring.shred_agent(BOB, now=now)
        replace(path, lines)

    monkeypatch.setattr(backup, "replace_durably", shred_first)
    file = write_backup(folder=folder, now=now)
    bobs = [line for line in file.read_text().splitlines() if str(BOB) in line]
    assert ["wrapped" in line for line in bobs] == [False]


def test_a_destroyed_key_of_the_backup_destroys_none_in_the_database(
    folder: Path, before: Opened, now: datetime
) -> None:
    living = AgentKey.objects.get(agent_id=BOB)
    ring.shred_agent(BOB, now=now)
    file = write_backup(folder=folder, now=now)
    living.save()
    put_back(file)
    assert open_all() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw[:-10],
        lambda raw: raw.replace(b'"version":1', b'"version":9', 1),
        lambda raw: b"\n".join(raw.splitlines()[:2] + raw.splitlines()[-1:]) + b"\n",
        lambda raw: b"",
        lambda raw: b"\xff\xfe\0",
        lambda raw: b"[]\n[]\n",
        lambda raw: b'{"signature":"AAAA"}\n',
        lambda raw: raw + b"\n",
    ],
    ids=["cut", "changed", "lines taken out", "empty", "no text", "other json", "no lines", "a line more"],
)
def test_what_was_not_signed_so_puts_nothing_back(
    folder: Path, before: Opened, now: datetime, spoil: Callable[[bytes], bytes]
) -> None:
    file = write_backup(folder=folder, now=now)
    file.write_bytes(spoil(file.read_bytes()))
    lose_the_database()
    with pytest.raises(BackupDamaged, match=r"keys-2026-11-16\.jsonl"):
        put_back(file)
    assert not AgentKey.objects.exists()


def test_a_backup_of_another_installation_is_refused(
    folder: Path, before: Opened, now: datetime, settings: Settings
) -> None:
    file = write_backup(folder=folder, now=now)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"signing_key": "A" * 43 + "="})
    with pytest.raises(BackupDamaged, match="another installation"):
        put_back(file)


def test_without_the_master_key_of_its_time_nothing_is_put_back(
    folder: Path, before: Opened, now: datetime, settings: Settings
) -> None:
    file = write_backup(folder=folder, now=now)
    lose_the_database()
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"master_key": "A" * 43 + "="})
    with pytest.raises(WrongMaster):
        put_back(file)
    assert not AgentKey.objects.exists()


def test_another_key_under_the_same_number_stops_it(folder: Path, before: Opened, now: datetime) -> None:
    file = write_backup(folder=folder, now=now)
    lose_the_database()
    new = ring.agent_key(CHARLIE, now=now)
    with pytest.raises(RestoreRefused, match=f"agent {CHARLIE} key 1"), transaction.atomic():
        put_back(file)
    assert AgentKey.objects.count() == 1
    assert ring.agent_key(CHARLIE, now=now) == new


def test_a_backup_of_before_a_rotation_restores_keys_that_open(master_file: Path, folder: Path, now: datetime) -> None:
    before, old = make_all(now), master().id
    file = write_backup(folder=folder, now=now)
    rotate(now=now, record=lambda _: None)
    assert put_back(file) == Restored(0, 0, 0), "the same keys, wrapped by another master key"
    lose_the_database()
    put_back(file)
    assert set(AgentKey.objects.values_list("master_id", flat=True)) == {old}
    assert open_all() == before


def test_a_damaged_backup_is_named_when_keys_are_destroyed(folder: Path, before: Opened, now: datetime) -> None:
    file = write_backup(folder=folder, now=now)
    file.write_bytes(file.read_bytes()[:-9])
    ring.shred_agent(BOB, now=now)
    (fault,) = backup.forget_destroyed(folder=folder)
    assert "remove it" in fault
    assert str(file) in fault


def test_the_timetable_writes_one_a_day_and_removes_old_ones(folder: Path, before: Opened, now: datetime) -> None:
    for day in (0, 1, 30, 36):
        due(now=now + timedelta(days=day))
    assert sorted(file.name[5:15] for file in folder.iterdir()) == ["2026-11-17", "2026-12-16", "2026-12-22"]


def test_other_files_of_the_folder_stay(folder: Path, before: Opened, now: datetime) -> None:
    write_backup(folder=folder, now=now)
    for name in ("notes.txt", "keys-2020-01-01.jsonl.bak", "keys-old.jsonl"):
        (folder / name).write_text("mine")
    assert backup.remove_old(folder=folder, now=now, kept=timedelta(days=35)) == 0
    assert backup.forget_destroyed(folder=folder) == []
    assert len(list(folder.iterdir())) == 4


def test_a_folder_that_cannot_be_made_is_named(before: Opened, now: datetime, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(NoBackupFolder, match=f"{tmp_path}/file/backups"):
        write_backup(folder=tmp_path / "file" / "backups", now=now)
