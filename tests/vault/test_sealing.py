"""What is sealed opens with the right key in the right place, and in no other way."""

from uuid import UUID

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from extranet.vault.sealing import (
    COMPRESSED,
    OVERHEAD,
    Unopenable,
    _seal,
    frame_aad,
    new_key,
    open_bytes,
    open_frame,
    seal_bytes,
    seal_frame,
)

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
WEEK_1, WEEK_2 = UUID(int=1), UUID(int=2)
ALICE, CHARLIE = UUID(int=0xA), UUID(int=0xC)
PLACE = frame_aad("book-of-business", WEEK_1, ALICE, "lines")
NAMES = st.text("a\0\1ñ", max_size=4)  # few signs, so that chance tries the seams between the parts
LINES = b"1001,Alice's case,0E12345\n" * 1000


@given(st.binary(max_size=300), st.binary(max_size=40))
def test_what_was_sealed_opens_again(plaintext: bytes, aad: bytes) -> None:
    assert open_bytes(seal_bytes(plaintext, KEY, aad), KEY, aad) == plaintext
    assert open_frame(seal_frame(plaintext, KEY, aad), KEY, aad) == plaintext


def test_a_frame_is_small_and_shows_nothing() -> None:
    sealed = seal_frame(LINES, KEY, PLACE)
    assert len(sealed) < len(LINES) / 50
    assert b"0E12345" not in sealed
    assert b"0E12345" not in seal_bytes(LINES, KEY, PLACE)


def test_the_same_text_never_looks_the_same_twice() -> None:
    assert len({seal_bytes(b"yes", KEY, b"") for _ in range(50)}) == 50


@pytest.mark.parametrize(
    "elsewhere",
    [
        frame_aad("book-of-business", WEEK_1, CHARLIE, "lines"),
        frame_aad("book-of-business", WEEK_2, ALICE, "lines"),
        frame_aad("conditional-eligibility", WEEK_1, ALICE, "lines"),
        frame_aad("book-of-business", WEEK_1, ALICE, "changes"),
    ],
)
def test_a_frame_opens_in_no_other_place(elsewhere: bytes) -> None:
    with pytest.raises(Unopenable):
        open_frame(seal_frame(LINES, KEY, PLACE), KEY, elsewhere)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(Unopenable):
        open_frame(seal_frame(LINES, KEY, PLACE), OTHER_KEY, PLACE)


def test_no_bit_can_be_changed_and_no_byte_cut_or_added() -> None:
    sealed = seal_bytes(b"0E12345", KEY, PLACE)
    altered = [sealed[:n] + bytes([sealed[n] ^ 1]) + sealed[n + 1 :] for n in range(len(sealed))]
    cut = [sealed[:n] for n in range(len(sealed))]
    for wrong in [*altered, *cut, sealed + b"\0"]:
        with pytest.raises(Unopenable):
            open_bytes(wrong, KEY, PLACE)


def test_a_frame_cannot_be_passed_off_as_plain_bytes_nor_the_other_way() -> None:
    frame, plain = seal_frame(LINES, KEY, PLACE), seal_bytes(LINES, KEY, PLACE)
    for wrong in (frame, b"\x02" + frame[1:]):
        with pytest.raises(Unopenable):
            open_bytes(wrong, KEY, PLACE)
    for wrong in (plain, b"\x01" + plain[1:]):
        with pytest.raises(Unopenable):
            open_frame(wrong, KEY, PLACE)


def test_a_frame_that_would_be_too_large_is_refused_before_it_is_unpacked() -> None:
    sealed = seal_frame(LINES, KEY, PLACE)
    assert open_frame(sealed, KEY, PLACE, max_size=len(LINES)) == LINES
    with pytest.raises(Unopenable, match="larger than allowed"):
        open_frame(sealed, KEY, PLACE, max_size=len(LINES) - 1)


def test_a_frame_that_hides_its_size_is_refused() -> None:
    hiding = zstandard.ZstdCompressor(write_content_size=False).compress(LINES)
    with pytest.raises(Unopenable, match="does not say its size"):
        open_frame(_seal(COMPRESSED, hiding, KEY, PLACE), KEY, PLACE)


@pytest.mark.parametrize("inside", [b"not zstd at all", zstandard.compress(LINES)[:-5], zstandard.compress(b"x") * 2])
def test_a_frame_with_rubbish_inside_is_refused(inside: bytes) -> None:
    with pytest.raises(Unopenable):
        open_frame(_seal(COMPRESSED, inside, KEY, PLACE), KEY, PLACE)


def test_a_short_key_is_refused_instead_of_sealing_weakly() -> None:
    with pytest.raises(ValueError, match="32 bytes, not 16"):
        seal_bytes(b"x", b"k" * 16, b"")


def test_the_overhead_is_known() -> None:
    assert len(seal_bytes(b"", KEY, b"")) == OVERHEAD
    assert len(new_key()) == 32
    assert new_key() != new_key()


@given(st.tuples(NAMES, NAMES), st.tuples(NAMES, NAMES))
def test_two_places_never_have_the_same_aad(one: tuple[str, str], other: tuple[str, str]) -> None:
    same = frame_aad(one[0], WEEK_1, ALICE, one[1]) == frame_aad(other[0], WEEK_1, ALICE, other[1])
    assert same == (one == other)
