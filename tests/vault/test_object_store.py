"""Packs in S3, against a server that speaks its API; against OpenStack Swift in tests/slow/test_swift.py."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from extranet.vault import object_store, unfinished_uploads
from extranet.vault.object_parts import Part, abandoned, part_key, part_of
from extranet.vault.objects import NameTaken, Store, StoreAway, StoreRefused
from extranet.vault.stores import open_store
from tests.s3 import S3Server, free_port, moto_server
from tests.vault.front import Front, Matches, front_of
from tests.vault.store_contract import HALF, LARGE, ObjectStoreContract, content_of, put


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with moto_server() as server:
        yield server


@pytest.fixture
def server(running: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """With a bucket of this test's own."""
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    return running.with_bucket(f"packs-{uuid4().hex[:8]}")


@pytest.fixture
def environment(server: S3Server) -> Mapping[str, str]:
    return server.environment


@pytest.fixture
def url(server: S3Server) -> str:
    return f"s3://{server.bucket}/extranet/packs/"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)


@pytest.fixture
def front(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Front]:
    with front_of(server.address) as front:
        monkeypatch.setenv("AWS_ENDPOINT_URL", front.address)
        yield front


class TestS3(ObjectStoreContract):
    pass


def uploads(method: str, path: str) -> bool:
    return method == "PUT" and ".parts" not in path


def completes(method: str, path: str) -> bool:
    return method == "POST" and "uploadId=" in path and ".parts" not in path


def test_a_store_may_have_the_bucket_for_itself(server: S3Server) -> None:
    store = open_store(f"s3://{server.bucket}")
    put(store, "week-1.pack", bytes(LARGE))
    assert content_of(store, "week-1.pack") == bytes(LARGE)
    assert (store.names(), store.leftovers(), server.listing()) == (["week-1.pack"], [], ["week-1.pack"])


def test_two_stores_of_one_bucket_know_nothing_of_each_other(server: S3Server) -> None:
    one, other = (open_store(f"s3://{server.bucket}/{name}") for name in ("one", "one-more"))
    put(one, "week-1.pack", b"x")
    with other.writer("week-2.pack") as target:
        target.write(bytes(HALF))
        assert (one.names(), other.names()) == (["week-1.pack"], [])
        assert (one.sweep(), open_store(f"s3://{server.bucket}").names()) == ([], [])
    assert other.names() == ["week-2.pack"]


def test_reading_a_frame_is_one_request_and_its_size_another_where_asked_first(front: Front, url: str) -> None:
    store = open_store(url)
    put(store, "week-1.pack", b"0123456789")
    front.asked.clear()
    with store.open("week-1.pack") as reader:
        assert (reader.read(2, 3), reader.size(), reader.read(10, 1)) == (b"234", 10, b"")
    assert [line.split()[0] for line in front.asked] == ["GET"]


def test_a_large_object_goes_out_while_it_is_written(front: Front, url: str) -> None:
    with open_store(url).writer("week-1.pack") as target:
        target.write(bytes(2 * HALF))
        assert any("partNumber=1" in line for line in front.asked)


def test_a_small_object_is_one_request(front: Front, url: str) -> None:
    put(open_store(url), "week-1.pack", b"x")
    assert [line.split()[0] for line in front.asked] == ["PUT"]


@pytest.mark.parametrize("size", [10, LARGE])
def test_a_request_that_is_lost_is_sent_again(front: Front, url: str, size: int) -> None:
    store = open_store(url)
    front.lost += [lambda method, _: method == "PUT", lambda method, _: method == "POST", completes]
    put(store, "week-1.pack", bytes(size))
    front.lost += [lambda method, _: method == "GET"]
    assert content_of(store, "week-1.pack") == bytes(size)


@pytest.mark.parametrize(("size", "lost"), [(10, uploads), (LARGE, completes)])
def test_where_the_answer_is_lost_our_own_object_is_no_stranger(
    front: Front, url: str, size: int, lost: Matches
) -> None:
    """The first try made the object; to the second the name is taken."""
    store = open_store(url)
    front.unanswered += [lost]
    put(store, "week-1.pack", b"x" * size)
    assert front.unanswered == []
    assert content_of(store, "week-1.pack") == b"x" * size
    assert store.leftovers() == []


def test_where_no_second_try_is_left_the_copy_is_known_by_its_bytes(
    front: Front, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 0})
    store = open_store(url)
    front.unanswered += [completes]
    put(store, "week-1.pack", b"x" * LARGE)
    assert content_of(store, "week-1.pack") == b"x" * LARGE


def test_bytes_of_somebody_else_are_not_ours_because_an_answer_was_lost(
    front: Front, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 0})
    store = open_store(url)

    def write_while_another_comes() -> None:
        with store.writer("week-1.pack") as target:
            target.write(b"x" * LARGE)
            put(store, "week-1.pack", b"y" * LARGE)
            front.lost += [completes]

    with pytest.raises(StoreAway):
        write_while_another_comes()
    assert content_of(store, "week-1.pack") == b"y" * LARGE


def test_nothing_large_is_sent_for_a_name_that_is_taken(front: Front, url: str) -> None:
    store = open_store(url)
    put(store, "week-1.pack", b"x")
    front.asked.clear()
    with pytest.raises(NameTaken):
        put(store, "week-1.pack", bytes(LARGE))
    assert [line.split()[0] for line in front.asked] == ["HEAD"]


def test_where_a_part_cannot_be_removed_it_is_named_and_swept_later(
    front: Front, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 0})
    store = open_store(url)
    front.lost += [lambda method, path: method == "DELETE" and ".parts" in path]
    put(store, "week-1.pack", bytes(LARGE))
    assert (store.names(), store.leftovers()) == (["week-1.pack"], ["week-1.pack"])
    assert store.sweep() == ["week-1.pack"]
    assert content_of(store, "week-1.pack") == bytes(LARGE)


def test_a_store_that_is_away_is_told_as_such_by_every_act(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "_PATIENT", {"max_retries": 1})
    monkeypatch.setattr(unfinished_uploads, "TRIES", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    store = open_store(f"s3://{server.bucket}/away")
    acts: list[Callable[[], object]] = [
        store.require_there,
        store.names,
        store.leftovers,
        store.sweep,
        lambda: store.delete("week-1.pack"),
        lambda: store.open("week-1.pack").read(0, 1),
        lambda: store.open("week-1.pack").size(),
        lambda: put(store, "week-1.pack", b"x"),
        lambda: put(store, "week-1.pack", bytes(LARGE)),
    ]
    for act in acts:
        with pytest.raises(StoreAway, match="does not answer"):
            act()


def test_a_bucket_that_is_not_there_is_told(server: S3Server) -> None:
    store = open_store("s3://no-such-bucket/x")
    for act in (
        store.require_there,
        store.names,
        lambda: put(store, "a.pack", b"x"),
        lambda: put(store, "a.pack", bytes(LARGE)),
    ):
        with pytest.raises(StoreRefused, match="no bucket"):
            act()


def test_more_than_a_store_can_copy_is_refused(url: str, server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extranet.vault.object_upload.MOST", LARGE)
    with pytest.raises(StoreRefused, match="at most"):
        put(open_store(url), "week-1.pack", bytes(LARGE + 1))
    assert server.listing() == []


NOW = datetime(2026, 11, 16, 8, 0, tzinfo=UTC)
ELSEWHERE = "another-machine_17_4711"


def a_part(mark: str, hours: int, *, name: str = "week-1.pack", upload: str = "") -> Part:
    return Part(name, mark, f".parts/{name}/{mark}_ab", NOW - timedelta(hours=hours), upload)


def test_what_another_machine_writes_is_left_alone_for_a_day() -> None:
    young, old = a_part(ELSEWHERE, 23, upload="1"), a_part(ELSEWHERE, 25, upload="2", name="week-2.pack")
    assert abandoned([young, old], NOW) == [old]


def test_a_copy_belongs_to_who_has_a_living_part_of_that_name() -> None:
    copy = Part("week-1.pack", "", "week-1.pack", NOW, "3")
    assert abandoned([copy, a_part(ELSEWHERE, 1)], NOW) == []
    assert abandoned([copy], NOW) == [copy]


def test_a_part_of_this_process_that_nobody_writes_any_more_is_abandoned() -> None:
    with part_key("", "week-1.pack") as key:
        part = part_of("", key, NOW)
        assert abandoned([part], NOW) == []
    assert abandoned([part], NOW) == [part]
