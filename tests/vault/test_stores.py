"""An object of a store appears whole or not at all, whatever happens to its writer."""

import fcntl
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from extranet.vault.stores import FolderStore, NameTaken, ObjectMissing, StoreRefused, open_store

WRITES_AND_WAITS = """
import sys
from pathlib import Path
from extranet.vault.stores import FolderStore
with FolderStore(Path(sys.argv[1])).writer("week-1.pack") as file:
    file.write(b"half of it")
    file.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "packs")


def put(store: FolderStore, name: str, content: bytes) -> None:
    with store.writer(name) as file:
        file.write(content)


def content_of(store: FolderStore, name: str) -> bytes:
    with store.open(name) as reader:
        return reader.read(0, reader.size())


def test_an_object_is_read_by_ranges(store: FolderStore) -> None:
    put(store, "week-1.pack", b"0123456789")
    with store.open("week-1.pack") as reader:
        assert reader.size() == 10
        assert reader.read(2, 3) == b"234"
        assert reader.read(8, 5) == b"89"
        assert reader.read(11, 1) == b""
    assert store.names() == ["week-1.pack"]


def test_nothing_is_visible_before_the_end(store: FolderStore) -> None:
    with store.writer("week-1.pack") as file:
        file.write(b"half of it")
        assert store.names() == []
        with pytest.raises(ObjectMissing):
            store.open("week-1.pack")
    assert content_of(store, "week-1.pack") == b"half of it"


def test_an_error_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    def write_half() -> None:
        with store.writer("week-1.pack") as file:
            file.write(b"half of it")
            raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        write_half()
    assert os.listdir(tmp_path / "packs") == []
    put(store, "week-1.pack", b"second try")
    assert content_of(store, "week-1.pack") == b"second try"


def test_an_object_is_created_once_and_never_changed(store: FolderStore, tmp_path: Path) -> None:
    put(store, "week-1.pack", b"first")
    with pytest.raises(NameTaken, match="exists already"):
        put(store, "week-1.pack", b"second")
    assert content_of(store, "week-1.pack") == b"first"
    assert os.listdir(tmp_path / "packs") == ["week-1.pack"]


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


def test_of_many_writers_one_wins_with_all_its_bytes(store: FolderStore, tmp_path: Path) -> None:
    def attempt(number: int) -> bool:
        try:
            put(store, "week-1.pack", bytes([number]) * 5000)
        except NameTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(attempt, range(24)))
    assert won.count(True) == 1
    assert content_of(store, "week-1.pack") == bytes([won.index(True)]) * 5000
    assert os.listdir(tmp_path / "packs") == ["week-1.pack"]


def test_what_a_killed_run_left_is_told_swept_and_no_obstacle(store: FolderStore, tmp_path: Path) -> None:
    folder = tmp_path / "packs"
    with subprocess.Popen(
        [sys.executable, "-S", "-c", WRITES_AND_WAITS, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        assert store.leftovers() == []  # it lives
        with pytest.raises(NameTaken):
            put(store, "week-1.pack", b"second")
        writer.kill()
    assert store.names() == []
    assert store.leftovers() == ["week-1.pack"]
    put(store, "week-1.pack", b"whole")
    assert content_of(store, "week-1.pack") == b"whole"
    assert store.leftovers() == []


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


def test_a_deleted_object_is_gone_and_may_be_deleted_again(store: FolderStore) -> None:
    store.delete("week-1.pack")
    put(store, "week-1.pack", b"whole")
    with store.open("week-1.pack") as reader:
        store.delete("week-1.pack")
        assert reader.read(0, 5) == b"whole"  # who reads it already, reads on
    store.delete("week-1.pack")
    assert store.names() == []


@pytest.mark.parametrize(
    "name", ["", ".", "..", ".hidden", "../etc", "a/b", "A", "a b", "a\0", "a\n", "ñ", "a" * 201, "~"]
)
def test_a_name_that_is_not_ours_is_refused_everywhere(store: FolderStore, name: str) -> None:
    with pytest.raises(StoreRefused, match="not a name"):
        put(store, name, b"x")
    with pytest.raises(StoreRefused, match="not a name"):
        store.open(name)
    with pytest.raises(StoreRefused, match="not a name"):
        store.delete(name)


def test_folder_and_objects_are_for_their_owner_only(store: FolderStore, tmp_path: Path) -> None:
    put(store, "week-1.pack", b"x")
    assert stat.S_IMODE((tmp_path / "packs").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "packs" / "week-1.pack").stat().st_mode) == 0o600


def test_a_store_that_was_never_written_is_empty(store: FolderStore) -> None:
    assert (store.names(), store.leftovers(), store.sweep()) == ([], [], [])
    with pytest.raises(ObjectMissing):
        store.open("week-1.pack")


def test_a_store_is_named_by_the_address_of_a_folder(tmp_path: Path) -> None:
    with open_store(f"file://{tmp_path}/my packs").writer("a.pack") as file:
        file.write(b"x")
    assert (tmp_path / "my packs" / "a.pack").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["s3://bucket/prefix", "file://relative", "/var/packs", ""])
def test_other_addresses_are_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(StoreRefused, match="file:///absolute/path"):
        open_store(url)
