"""Packs in a folder: on the disk before they are seen, for their owner only, told apart from what a killed run left."""

import fcntl
import os
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from extranet.vault.folder_store import FolderStore
from extranet.vault.objects import NameTaken, StoreAway
from tests.vault.store_contract import StoreContract, another_process_writing, content_of, put


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"file://{tmp_path}/packs"


@pytest.fixture
def environment() -> Mapping[str, str]:
    return {}


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "packs")


class TestFolder(StoreContract):
    pass


def test_a_name_taken_while_we_write_is_not_replaced(store: FolderStore, tmp_path: Path) -> None:
    def write_too_late() -> None:
        with store.writer("week-1.pack") as file:
            file.write(b"ours")
            (tmp_path / "packs" / "week-1.pack").write_bytes(b"theirs")

    with pytest.raises(NameTaken):
        write_too_late()
    assert content_of(store, "week-1.pack") == b"theirs"
    assert os.listdir(tmp_path / "packs") == ["week-1.pack"]


def test_two_cannot_write_the_same_object_at_once(store: FolderStore) -> None:
    with store.writer("week-1.pack") as file:
        file.write(b"first")
        with pytest.raises(NameTaken, match="being written"):
            put(store, "week-1.pack", b"second")
        assert store.leftovers() == []
        assert store.sweep() == []
    assert content_of(store, "week-1.pack") == b"first"


def test_an_object_is_on_the_disk_before_it_is_visible_and_so_is_its_name(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[str, list[str]]] = []
    real = os.fsync

    def watched(handle: int) -> None:
        seen.append(("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file", store.names()))
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    put(store, "week-1.pack", b"whole")
    assert seen == [("file", []), ("folder", ["week-1.pack"])]


def test_a_writer_that_finishes_while_we_wait_for_its_part_is_noticed(
    store: FolderStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def the_other_finishes_first(handle: int, how: int) -> None:
        os.rename(tmp_path / "packs" / ".week-1.pack.part", tmp_path / "packs" / "week-1.pack")

    monkeypatch.setattr(fcntl, "flock", the_other_finishes_first)
    (tmp_path / "packs").mkdir()
    (tmp_path / "packs" / ".week-1.pack.part").write_bytes(b"theirs")
    with pytest.raises(NameTaken, match="another process"):
        put(store, "week-1.pack", b"ours")
    assert content_of(store, "week-1.pack") == b"theirs"


def test_sweeping_removes_parts_and_nothing_else(store: FolderStore, tmp_path: Path) -> None:
    put(store, "week-1.pack", b"whole")
    (tmp_path / "packs" / ".week-2.pack.part").write_bytes(b"half")
    assert store.sweep() == ["week-2.pack"]
    assert os.listdir(tmp_path / "packs") == ["week-1.pack"]


def test_a_run_killed_between_link_and_unlink_has_finished_its_object(store: FolderStore, tmp_path: Path) -> None:
    put(store, "week-1.pack", b"whole")
    os.link(tmp_path / "packs" / "week-1.pack", tmp_path / "packs" / ".week-1.pack.part")
    with pytest.raises(NameTaken):
        put(store, "week-1.pack", b"second")
    assert content_of(store, "week-1.pack") == b"whole"
    assert store.leftovers() == []


def test_folder_and_objects_are_for_their_owner_only(store: FolderStore, tmp_path: Path) -> None:
    put(store, "week-1.pack", b"x")
    assert stat.S_IMODE((tmp_path / "packs").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "packs" / "week-1.pack").stat().st_mode) == 0o600


def test_the_next_writer_of_that_name_sweeps_it(
    store: FolderStore, url: str, environment: Mapping[str, str], tmp_path: Path
) -> None:
    with another_process_writing(url, environment), pytest.raises(NameTaken, match="being written"):
        put(store, "week-1.pack", b"second")
    put(store, "week-1.pack", b"whole")
    assert os.listdir(tmp_path / "packs") == ["week-1.pack"]


def test_who_reads_an_object_reads_on_when_it_is_deleted(store: FolderStore) -> None:
    put(store, "week-1.pack", b"whole")
    with store.open("week-1.pack") as reader:
        store.delete("week-1.pack")
        assert reader.read(0, 5) == b"whole"


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    FolderStore(tmp_path / "packs").require_there()
    for path in (tmp_path / "file", tmp_path / "unmounted" / "packs"):
        with pytest.raises(StoreAway, match="check owner and mount"):
            FolderStore(path).require_there()
