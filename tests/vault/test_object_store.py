"""Packs in S3, against a server that speaks its API; against OpenStack Swift in tests/slow/test_swift.py."""

from collections.abc import Iterator, Mapping
from uuid import uuid4

import pytest

from extranet.vault.objects import Store
from extranet.vault.stores import open_store
from tests.s3 import S3Server, moto_server
from tests.vault.store_contract import ObjectStoreContract


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


@pytest.fixture(params=["", "/extranet/packs/"])
def url(server: S3Server, request: pytest.FixtureRequest) -> str:
    return f"s3://{server.bucket}{request.param}"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url)


class TestS3(ObjectStoreContract):
    pass
