"""Which store an address means."""

from pathlib import Path

import pytest

from extranet.vault.stores import StoreRefused, open_store


def test_a_store_is_named_by_the_address_of_a_folder(tmp_path: Path) -> None:
    with open_store(f"file://{tmp_path}/my packs").writer("a.pack") as file:
        file.write(b"x")
    assert (tmp_path / "my packs" / "a.pack").read_bytes() == b"x"


@pytest.mark.parametrize("url", ["https://bucket/prefix", "s3://", "file://relative", "/var/packs", ""])
def test_other_addresses_are_refused_with_what_is_supported(url: str) -> None:
    with pytest.raises(StoreRefused, match=r"file:///absolute/path.*s3://bucket/prefix"):
        open_store(url)


@pytest.mark.parametrize("url", ["s3://B", "s3://my_bucket/x", "s3://packs/../x", "s3://packs/a//b", "s3://packs/a?b"])
def test_an_address_that_s3_could_not_serve_is_refused(url: str) -> None:
    with pytest.raises(StoreRefused, match="no name of a bucket, or no plain prefix"):
        open_store(url)


def test_keys_are_sent_in_clear_only_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.delenv("AWS_ALLOW_HTTP", raising=False)
    with pytest.raises(StoreRefused, match="AWS_ALLOW_HTTP"):
        open_store("s3://packs")
