"""Boxes: everybody with the public key closes them, the private key alone opens them, in their place only."""

import pytest

from extranet.vault.boxes import BoxKey, close_box
from extranet.vault.sealing import Unopenable

SECRET, PLACE = bytes(range(32)), b"the frame of Alice"


def test_what_anybody_closed_the_holder_opens() -> None:
    alice = BoxKey()
    assert alice.open(close_box(alice.public_bytes, SECRET, PLACE), PLACE) == SECRET


def test_two_boxes_of_one_secret_have_nothing_in_common() -> None:
    alice = BoxKey()
    first, second = (close_box(alice.public_bytes, SECRET, PLACE) for _ in range(2))
    assert first[:32] != second[:32]
    assert first[32:] != second[32:]
    assert SECRET not in first


def test_nobody_else_opens_a_box() -> None:
    box = close_box(BoxKey().public_bytes, SECRET, PLACE)
    with pytest.raises(Unopenable):
        BoxKey().open(box, PLACE)


@pytest.mark.parametrize(("kept", "added"), [(79, b""), (20, b""), (0, b""), (80, b"x")])
def test_an_altered_box_does_not_open(kept: int, added: bytes) -> None:
    alice = BoxKey()
    box = close_box(alice.public_bytes, SECRET, PLACE)[:kept] + added
    with pytest.raises(Unopenable):
        alice.open(box, PLACE)


def test_a_box_opens_in_its_place_only() -> None:
    alice = BoxKey()
    with pytest.raises(Unopenable):
        alice.open(close_box(alice.public_bytes, SECRET, PLACE), b"the frame of Bob")


def test_a_key_does_not_show_itself() -> None:
    assert "X25519" not in repr(BoxKey())
