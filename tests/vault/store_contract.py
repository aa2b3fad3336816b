"""What every store must keep, told once: test files give it a ``store`` and its ``url``."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from extranet.vault.objects import NameTaken, ObjectMissing, Store, StoreRefused
from tests.s3 import S3Server

LARGE = 9 * 1024 * 1024  # two parts of an upload
HALF = 2 * LARGE  # of which one part has gone out certainly
WRITES_AND_WAITS = f"""
import sys
from extranet.vault.stores import open_store
with open_store(sys.argv[1]).writer("week-1.pack") as target:
    target.write(b"half of it")
    target.write(bytes({HALF}))
    print("written", flush=True)
    sys.stdin.read()
"""


def put(store: Store, name: str, content: bytes) -> None:
    with store.writer(name) as target:
        target.write(content)


def content_of(store: Store, name: str) -> bytes:
    with store.open(name) as reader:
        return reader.read(0, reader.size())


@contextmanager
def another_process_writing(url: str, environment: Mapping[str, str]) -> Iterator[None]:
    """Within the block it lives, with half of an object written; then it is killed."""
    env = {**environment, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *sys.path])}
    with subprocess.Popen(
        [sys.executable, "-c", WRITES_AND_WAITS, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env
    ) as writer:
        try:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"written\n"
            yield
        finally:
            writer.kill()


class StoreContract:
    """For a folder as for S3."""

    def test_an_object_is_read_by_ranges(self, store: Store) -> None:
        put(store, "week-1.pack", b"0123456789")
        with store.open("week-1.pack") as reader:
            assert reader.read(2, 3) == b"234"
            assert reader.read(8, 5) == b"89"
            assert reader.read(11, 1) == b""
            assert reader.read(3, 0) == b""
            assert reader.size() == 10
        with store.open("week-1.pack") as reader:
            assert reader.read(10, 1) == b""
            assert reader.size() == 10
        assert store.names() == ["week-1.pack"]

    def test_an_object_may_be_empty(self, store: Store) -> None:
        put(store, "week-1.pack", b"")
        with store.open("week-1.pack") as reader:
            assert reader.read(0, 10) == b""
            assert reader.size() == 0

    @pytest.mark.parametrize("size", [10, LARGE])
    def test_nothing_is_visible_before_the_end(self, store: Store, size: int) -> None:
        with store.writer("week-1.pack") as target:
            target.write(bytes(size))
            assert store.names() == []
            with pytest.raises(ObjectMissing):
                content_of(store, "week-1.pack")
        assert content_of(store, "week-1.pack") == bytes(size)
        assert (store.names(), store.leftovers()) == (["week-1.pack"], [])

    @pytest.mark.parametrize("size", [10, LARGE])
    def test_an_error_leaves_nothing(self, store: Store, size: int) -> None:
        def write_half() -> None:
            with store.writer("week-1.pack") as target:
                target.write(bytes(size))
                raise RuntimeError("refused")

        with pytest.raises(RuntimeError, match="refused"):
            write_half()
        assert (store.names(), store.leftovers()) == ([], [])
        put(store, "week-1.pack", b"second try")
        assert content_of(store, "week-1.pack") == b"second try"

    @pytest.mark.parametrize("size", [10, LARGE])
    def test_an_object_is_created_once_and_never_changed(self, store: Store, size: int) -> None:
        put(store, "week-1.pack", b"first")
        with pytest.raises(NameTaken):
            put(store, "week-1.pack", bytes(size))
        assert content_of(store, "week-1.pack") == b"first"
        assert store.leftovers() == []

    @pytest.mark.parametrize("size", [10, LARGE])
    def test_an_object_that_comes_while_we_write_is_not_replaced(self, store: Store, size: int) -> None:
        """Whoever is first keeps the name: the other is refused when it begins, or when it ends."""
        finished = []

        def write(content: bytes, meanwhile: bytes) -> None:
            with store.writer("week-1.pack") as target:
                target.write(content)
                if meanwhile:
                    with suppress(NameTaken):
                        write(meanwhile, b"")
            finished.append(content)

        with suppress(NameTaken):
            write(b"a" * size, b"b" * size)
        assert len(finished) == 1
        assert content_of(store, "week-1.pack") == finished[0]
        assert store.leftovers() == []

    @pytest.mark.parametrize(("writers", "size"), [(8, 1000), (3, LARGE)])
    def test_of_many_writers_at_once_one_succeeds(self, store: Store, writers: int, size: int) -> None:
        def write(number: int) -> int | None:
            try:
                put(store, "week-1.pack", bytes([number]) * size)
            except NameTaken:
                return None
            return number

        with ThreadPoolExecutor(writers) as pool:
            winners = [number for number in pool.map(write, range(writers)) if number is not None]
        assert len(winners) == 1, winners
        assert content_of(store, "week-1.pack") == bytes(winners) * size
        assert (store.names(), store.leftovers()) == (["week-1.pack"], [])

    def test_a_reader_serves_several_threads(self, store: Store) -> None:
        content = bytes(range(256)) * 64
        put(store, "week-1.pack", content)
        with store.open("week-1.pack") as reader, ThreadPoolExecutor(4) as pool:
            pieces = pool.map(lambda at: reader.read(at, 1024), range(0, len(content), 1024))
            assert b"".join(pieces) == content

    def test_what_a_killed_run_left_is_told_swept_and_no_obstacle(
        self, store: Store, url: str, environment: Mapping[str, str]
    ) -> None:
        with another_process_writing(url, environment):
            assert (store.names(), store.leftovers()) == ([], [])  # it lives
            assert store.sweep() == []
        assert store.names() == []
        assert store.leftovers() == ["week-1.pack"]
        assert store.sweep() == ["week-1.pack"]
        assert (store.leftovers(), store.sweep()) == ([], [])
        put(store, "week-1.pack", b"whole")
        assert content_of(store, "week-1.pack") == b"whole"

    def test_a_killed_run_is_no_obstacle_where_nobody_swept(
        self, store: Store, url: str, environment: Mapping[str, str]
    ) -> None:
        with another_process_writing(url, environment):
            pass
        put(store, "week-1.pack", b"whole")
        assert content_of(store, "week-1.pack") == b"whole"
        store.sweep()
        assert content_of(store, "week-1.pack") == b"whole"

    def test_a_deleted_object_is_gone_and_may_be_deleted_again(self, store: Store) -> None:
        store.delete("week-1.pack")
        put(store, "week-1.pack", b"whole")
        put(store, "week-2.pack", b"whole")
        store.delete("week-1.pack")
        store.delete("week-1.pack")
        assert store.names() == ["week-2.pack"]
        with pytest.raises(ObjectMissing):
            content_of(store, "week-1.pack")

    @pytest.mark.parametrize(
        "name", ["", ".", "..", ".hidden", "../etc", "a/b", "A", "a b", "a\0", "a\n", "ñ", "a" * 201, "~"]
    )
    def test_a_name_that_is_not_ours_is_refused_everywhere(self, store: Store, name: str) -> None:
        with pytest.raises(StoreRefused, match="not a name"):
            put(store, name, b"x")
        with pytest.raises(StoreRefused, match="not a name"):
            store.open(name)
        with pytest.raises(StoreRefused, match="not a name"):
            store.delete(name)

    def test_a_store_that_was_never_written_is_empty(self, store: Store) -> None:
        store.require_there()
        assert (store.names(), store.leftovers(), store.sweep()) == ([], [], [])
        with pytest.raises(ObjectMissing):
            content_of(store, "week-1.pack")


class ObjectStoreContract(StoreContract):
    """Beyond that, for every server that speaks S3."""

    def test_nothing_else_is_left_in_the_bucket(self, store: Store, server: S3Server) -> None:
        put(store, "small.pack", b"x")
        put(store, "large.pack", bytes(LARGE))
        assert [key.rpartition("/")[2] for key in server.listing()] == ["large.pack", "small.pack"]

    def test_a_reader_never_mixes_two_objects_of_one_name(self, store: Store) -> None:
        put(store, "week-1.pack", b"the first")
        with store.open("week-1.pack") as reader:
            assert reader.read(0, 3) == b"the"
            store.delete("week-1.pack")
            put(store, "week-1.pack", b"a second.")
            with pytest.raises(ObjectMissing, match="no longer"):
                reader.read(3, 6)
