"""Master and signing key: where they come from, what refuses them, how key files are made."""

import base64
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from extranet.vault.keys import (
    KeyRefused,
    MasterKey,
    load_signing,
    make_key_file,
    unwrap_data_key,
    verify,
    wrap_data_key,
)
from extranet.vault.master import load_master
from extranet.vault.sealing import Unopenable

KEY = bytes(range(32))
TEXT = base64.b64encode(KEY).decode()


def test_the_value_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "master"
    make_key_file(file)
    assert load_master(TEXT, file) == MasterKey.of(KEY)
    assert load_master("", file) == MasterKey.of(base64.b64decode(file.read_text()))
    assert load_master(f" {TEXT}\n", file) == MasterKey.of(KEY)


def test_the_id_tells_keys_apart_and_the_key_shows_nowhere() -> None:
    one, other = MasterKey.of(KEY), MasterKey.of(b"o" * 32)
    assert one.id != other.id
    assert one.id == MasterKey.of(KEY).id
    assert repr(one) == f"MasterKey(id='{one.id}')"


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("not base64!", r"EXTRANET_MASTER_KEY is not base64"),
        (TEXT[:-5], r"EXTRANET_MASTER_KEY is not base64"),
        (base64.b64encode(b"short").decode(), r"EXTRANET_MASTER_KEY has 5 bytes and needs 32"),
    ],
)
def test_a_malformed_key_is_refused_without_being_repeated(value: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match=complaint) as refused:
        load_master(value, tmp_path / "master")
    assert value not in str(refused.value)


def test_a_missing_key_says_where_it_was_looked_for_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match=rf"{tmp_path}/signing does not exist; run `extranet init`"):
        load_signing("", tmp_path / "signing")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"AAAA\n"])
def test_a_damaged_key_file_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "master").write_bytes(content)
    with pytest.raises(KeyRefused, match=f"{tmp_path}/master"):
        load_master("", tmp_path / "master")


def test_a_key_file_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="cannot be read"):
        load_master("", tmp_path)


def test_a_key_file_is_for_its_owner_only_and_made_once(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master"
    assert make_key_file(file)
    before = file.read_bytes()
    assert not make_key_file(file)
    assert file.read_bytes() == before
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert os.listdir(file.parent) == ["master"]


def test_of_many_who_make_the_file_at_once_one_wins_and_nothing_is_left_over(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "master"
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: make_key_file(file), range(16)))
    assert made.count(True) == 1
    assert os.listdir(file.parent) == ["master"]
    assert len(base64.b64decode(file.read_text())) == 32


def test_a_full_disk_leaves_no_empty_key_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        make_key_file(tmp_path / "master")
    assert os.listdir(tmp_path) == []
    monkeypatch.undo()
    assert make_key_file(tmp_path / "master")


def test_a_signature_holds_for_its_data_and_its_key_alone(tmp_path: Path) -> None:
    signing = load_signing(TEXT, tmp_path / "none")
    stranger = load_signing(base64.b64encode(b"s" * 32).decode(), tmp_path / "none")
    signature = signing.sign(b"manifest")
    assert verify(signing.public_bytes, signature, b"manifest")
    assert not verify(signing.public_bytes, signature, b"manifest2")
    assert not verify(stranger.public_bytes, signature, b"manifest")
    assert not verify(signing.public_bytes, signature[:-1], b"manifest")
    assert not verify(b"no key", signature, b"manifest")


def test_a_wrapped_key_opens_under_its_master_key_and_aad_alone() -> None:
    master, stranger = MasterKey.of(KEY), MasterKey.of(b"s" * 32)
    wrapped = master.wrap(b"a" * 32, b"alice 1")
    assert master.unwrap(wrapped, b"alice 1") == b"a" * 32
    for holder, aad in ((stranger, b"alice 1"), (master, b"charlie 1"), (master, b"alice 2")):
        with pytest.raises(Unopenable):
            holder.unwrap(wrapped, aad)


def test_a_data_key_opens_under_its_owners_key_alone_and_is_no_frame() -> None:
    wrapped = wrap_data_key(b"a" * 32, b"d" * 32, b"place")
    assert unwrap_data_key(b"a" * 32, wrapped, b"place") == b"d" * 32
    for owner_key, aad in ((b"c" * 32, b"place"), (b"a" * 32, b"elsewhere")):
        with pytest.raises(Unopenable):
            unwrap_data_key(owner_key, wrapped, aad)
    with pytest.raises(Unopenable):
        MasterKey.of(b"a" * 32).unwrap(wrapped, b"place")
