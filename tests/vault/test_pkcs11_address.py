"""The address of a token is read without the token: what is wrong is named, and no piece of a PIN ever is."""

from pathlib import Path

import pytest

from extranet.vault.keys import KeyRefused
from extranet.vault.pkcs11 import read_address

PATH = "pkcs11:token=extranet;object=master?module-path=/usr/lib/token.so"


def test_a_whole_address_is_read_and_does_not_show_its_pin() -> None:
    address = read_address(f"{PATH}&pin-value=12%2634", "the master key")
    assert (address.token, address.object, address.module) == ("extranet", "master", "/usr/lib/token.so")
    assert address.pin == "12&34"
    assert "12" not in repr(address)


def test_the_pin_of_a_file_is_its_text_without_the_end_of_the_line(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("98765\n")
    assert read_address(f"{PATH}&pin-source=file:{tmp_path}/pin", "the master key").pin == "98765"


@pytest.mark.parametrize(
    "address",
    [
        f"{PATH}&pin-value=98&765",  # an unescaped sign in the PIN: its second half looks like a part of its own
        f"{PATH}&pin-value=98&76=5",
        f"{PATH}&pin-value=98765&pin-value=98765",
        f"{PATH}&pin-value=98765&pin-source=/etc/pin",
        "pkcs11:token=extranet;object=master;98=765?module-path=/usr/lib/token.so&pin-value=98765",
        "pkcs11:token=extranet?module-path=/usr/lib/token.so&pin-value=98765",
        "pkcs11:token=extranet;object=master?pin-value=98765",
        "pkcs11:token=extranet;object=master;type=cert?module-path=/usr/lib/token.so&pin-value=98765",
    ],
)
def test_a_wrong_address_is_refused_by_its_place_and_without_a_piece_of_the_pin(address: str) -> None:
    with pytest.raises(KeyRefused, match="the master key: ") as refused:
        read_address(address, "the master key")
    assert not any(piece in str(refused.value) for piece in ("98", "765"))


def test_a_pin_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyRefused, match="no-file cannot be read"):
        read_address(f"{PATH}&pin-source={tmp_path}/no-file", "the master key")
