"""The store against OpenStack Swift: the same promises as in a folder, kept by another maker's conditional requests."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import pytest

from extranet.vault.objects import NameTaken, Store, StoreRefused
from extranet.vault.stores import open_store
from tests.s3 import S3Server
from tests.swift import swift_server, why_not
from tests.vault.store_contract import LARGE, ObjectStoreContract, another_process_writing, content_of, put

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")]


@pytest.fixture(scope="module")
def running() -> Iterator[S3Server]:
    with swift_server() as server:
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
    return f"s3://{server.bucket}/extranet/packs"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)


class TestSwift(ObjectStoreContract):
    @pytest.mark.parametrize(("writers", "size"), [(3, 1000), (3, LARGE)])
    def test_of_many_writers_at_once_one_succeeds(self, store: Store, writers: int, size: int) -> None:
        """Swift looks at the condition when a request begins: of writers at the same moment, the last stands, whole.

        Ours never are at the same moment: whoever publishes has the turn (docs/decisions/0008-packs-in-s3.md).
        """
        with ThreadPoolExecutor(writers) as pool:
            list(pool.map(lambda number: attempt(store, bytes([number]) * size), range(writers)))
        content = content_of(store, "week-1.pack")
        assert content in [bytes([number]) * size for number in range(writers)]
        assert (store.names(), store.leftovers()) == (["week-1.pack"], [])


def attempt(store: Store, content: bytes) -> None:
    with suppress(NameTaken):
        put(store, "week-1.pack", content)


def test_what_a_killed_run_of_another_machine_left_is_swept_after_a_day(
    store: Store, url: str, environment: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with another_process_writing(url, environment):
        pass
    monkeypatch.setattr("socket.gethostname", lambda: "another-machine")
    assert (store.leftovers(), store.sweep()) == ([], [])
    monkeypatch.setattr("extranet.vault.object_parts.ELSEWHERE_GONE_AFTER", timedelta(minutes=-1))
    assert store.sweep() == ["week-1.pack"]
    assert (store.leftovers(), store.names()) == ([], [])


def test_a_key_that_the_store_does_not_know_is_told(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "guessed")
    store = open_store(url)
    for size in (1, LARGE):
        with pytest.raises(StoreRefused, match="refuses our key"):
            put(store, "week-1.pack", bytes(size))
    with pytest.raises(StoreRefused, match="refuses our key"):
        store.names()
