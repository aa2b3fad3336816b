"""A master key that never leaves its token, with SoftHSM2: everything as with a key in a file, and clear refusals."""

import importlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from extranet.keyring import ring
from extranet.keyring.masters import WrongMaster, master
from extranet.keyring.rotate import rotate
from extranet.vault.keys import KeyRefused
from extranet.vault.pkcs11 import TokenAway, TokenKey, token_key
from extranet.vault.sealing import Unopenable
from tests.keyring.conftest import hanging, make_all, make_master_file, open_all

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")


class Token:
    """A token with the keys ``one`` and ``two``, one that is too short and one that may leave it."""

    def __init__(self, folder: Path, pkcs11: Any) -> None:
        self.folder = folder
        for name, pin in (("pin", "1234"), ("wrong-pin", "9999")):
            (folder / name).write_text(pin + "\n")
        init = ["softhsm2-util", "--init-token", "--free", "--label", "extranet", "--pin", "1234", "--so-pin", "5678"]
        subprocess.run(init, check=True, capture_output=True)
        loose = {pkcs11.Attribute.EXTRACTABLE: True, pkcs11.Attribute.SENSITIVE: False}
        with pkcs11.lib(str(MODULE)).get_token(token_label="extranet").open(user_pin="1234", rw=True) as session:
            for label, bits, template in (
                ("one", 256, {}),
                ("two", 256, {}),
                ("short", 128, {}),
                ("loose", 256, loose),
            ):
                session.generate_key(pkcs11.KeyType.AES, bits, label=label, store=True, template=template)

    def address(self, object: str, *, pin: str = "pin", token: str = "extranet", module: object = MODULE) -> str:
        return f"pkcs11:token={token};object={object}?module-path={module}&pin-source={self.folder / pin}"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    """One token for all tests: the library reads where its tokens are once a process."""
    try:
        pkcs11 = importlib.import_module("pkcs11")
    except ImportError:
        pytest.skip("python-pkcs11 is not installed: requirements/pkcs11.txt")
    if shutil.which("softhsm2-util") is None or not MODULE.exists():
        pytest.skip("SoftHSM is not installed: apt-get install softhsm2")
    folder = tmp_path_factory.mktemp("token")
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "conf")
    yield Token(folder, pkcs11)
    token_key.cache_clear()
    del os.environ["SOFTHSM2_CONF"]


def held(token: Token, object: str = "one") -> TokenKey:
    return token_key(token.address(object), "the master key")


def test_the_wrong_pin_is_refused_before_anybody_has_logged_in(token: Token) -> None:
    with pytest.raises(KeyRefused, match="refuses the PIN") as refused:
        token_key(token.address("one", pin="wrong-pin"), "the master key")
    assert "9999" not in str(refused.value)


def test_a_wrapped_key_opens_under_its_key_and_place_alone(token: Token) -> None:
    one, two = held(token), held(token, "two")
    wrapped = one.wrap(b"a" * 32, b"alice 1")
    assert (len(wrapped), wrapped[:1], one.id != two.id) == (61, b"\x02", True)
    assert one.unwrap(wrapped, b"alice 1") == b"a" * 32
    altered = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for key, blob, place in ((two, wrapped, b"alice 1"), (one, wrapped, b"bob 1"), (one, altered, b"alice 1")):
        with pytest.raises(Unopenable):
            key.unwrap(blob, place)
    with pytest.raises(Unopenable):
        one.unwrap(wrapped[:40], b"alice 1")
    assert one.unwrap(wrapped, b"alice 1") == b"a" * 32


def test_the_id_is_the_keys_own(token: Token) -> None:
    first = held(token).id
    token_key.cache_clear()
    assert held(token).id == first


def test_a_lost_session_is_opened_again(token: Token) -> None:
    one = held(token)
    wrapped = one.wrap(b"a" * 32, b"alice 1")
    one._key.session.close()
    assert one.unwrap(wrapped, b"alice 1") == b"a" * 32
    one._key.session.close()
    assert one.unwrap(one.wrap(b"b" * 32, b""), b"") == b"b" * 32


def test_a_forked_process_opens_as_well(token: Token) -> None:
    one = held(token)
    wrapped = one.wrap(b"a" * 32, b"alice 1")
    child = os.fork()
    if child == 0:
        try:
            os._exit(0 if one.unwrap(wrapped, b"alice 1") == b"a" * 32 else 1)
        finally:
            os._exit(2)
    assert os.waitpid(child, 0)[1] == 0
    assert one.unwrap(wrapped, b"alice 1") == b"a" * 32


@pytest.mark.parametrize(
    ("object", "changed", "complaint"),
    [
        ("short", {}, "no AES key of 256 bits"),
        ("loose", {}, "may leave its token"),
        ("gone", {}, "not exactly one key"),
        ("one", {"pin": "no-file"}, "no-file cannot be read"),
        ("one", {"module": "/no/such.so"}, r"/no/such\.so does not exist"),
    ],
)
def test_what_cannot_serve_is_refused_in_a_clear_line(
    token: Token, object: str, changed: dict[str, str], complaint: str
) -> None:
    with pytest.raises(KeyRefused, match=complaint):
        token_key(token.address(object, **changed), "the master key")


def test_a_token_that_is_not_there_asks_to_try_again(token: Token) -> None:
    with pytest.raises(TokenAway, match="plugged in"):
        token_key(token.address("one", token="elsewhere"), "the master key")


def test_from_a_file_into_the_token_and_on_to_its_second_key(
    token: Token, settings: Settings, data_folder: Path, now: datetime
) -> None:
    file = make_master_file(settings, data_folder)
    before = make_all(now)
    in_token = {"master_key": token.address("one"), "other_master_keys_file": file}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=in_token)
    assert open_all() == before
    assert rotate(now=now, record=lambda _: None).agents == 3
    second = {"master_key": token.address("two"), "other_master_keys_file": None}
    settings.EXTRANET = settings.EXTRANET.model_copy(update=second)
    with pytest.raises(WrongMaster):
        ring.check_master()
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"other_master_keys": token.address("one")})
    assert rotate(now=now, record=lambda _: None).systems == 2
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"other_master_keys": ""})
    assert (open_all(), hanging()) == (before, {master().id})
    ring.check_master()
