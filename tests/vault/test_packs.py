"""A pack gives back what went in, and is refused when anything about it was cut, altered or extended."""

import hashlib
import io
import struct
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from extranet.vault.packs import PackDamaged, PackSummary, PackWriter, check_frames, read_frame, read_trailer

WEEK, ALICE, BOB, CHARLIE = UUID(int=1), UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
WRAPPED = b"w" * 61
START, FOOTER, RECORD = 12, 56, 139


class Bytes:
    """A reader over bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


def begin() -> tuple[io.BytesIO, PackWriter]:
    file = io.BytesIO()
    writer = PackWriter(file, kind="book-of-business", publication=WEEK)
    add(writer, WEEK, "header", b"sealed header")
    return file, writer


def add(writer: PackWriter, owner: UUID, frame: str, sealed: bytes) -> None:
    writer.add(owner, frame, rows=len(sealed), sealed=sealed, wrapped_key=WRAPPED, key_version=2)


def a_pack() -> tuple[bytes, PackSummary]:
    file, writer = begin()
    add(writer, ALICE, "lines", b"sealed lines of Alice")
    add(writer, ALICE, "changes", b"")
    add(writer, BOB, "lines", b"sealed lines of Bob")
    summary = writer.finish({"as_of": "2026-11-16", "layout": "1"})
    return file.getvalue(), summary


PACK, SUMMARY = a_pack()


def refooted(body: bytes, trailer: bytes) -> bytes:
    """A pack of these parts whose footer is right: damage that no digest of the footer can find."""
    footer = struct.pack(">QQ32s8s", len(body), len(trailer), hashlib.sha256(trailer).digest(), b"AGXTDONE")
    return body + trailer + footer


def parts() -> tuple[bytes, bytes]:
    """Start and frames, and trailer, of PACK."""
    offset, length, _, _ = struct.unpack(">QQ32s8s", PACK[-FOOTER:])
    return PACK[:offset], PACK[offset : offset + length]


def swapped(trailer: bytes) -> bytes:
    """The record of Bob's lines before those of Alice's frames."""
    return trailer[: -3 * RECORD] + trailer[-RECORD:] + trailer[-3 * RECORD : -RECORD]


def test_a_pack_gives_back_what_went_in() -> None:
    reader = Bytes(PACK)
    trailer = read_trailer(reader)
    assert (trailer.kind, trailer.publication) == ("book-of-business", WEEK)
    assert trailer.meta == {"as_of": "2026-11-16", "layout": "1"}
    assert [(entry.owner, entry.frame) for entry in trailer.entries] == [
        (WEEK, "header"),
        (ALICE, "lines"),
        (ALICE, "changes"),
        (BOB, "lines"),
    ]
    alices = trailer.entry(ALICE, "lines")
    assert alices is not None
    assert read_frame(reader, alices) == b"sealed lines of Alice"
    assert (alices.rows, alices.key_version, alices.wrapped_key) == (21, 2, WRAPPED)
    assert read_frame(reader, trailer.header) == b"sealed header"
    assert check_frames(reader, trailer) == 4


def test_charlie_has_no_frame_and_gets_none() -> None:
    trailer = read_trailer(Bytes(PACK))
    assert trailer.entry(CHARLIE, "lines") is None
    assert trailer.entry(BOB, "changes") is None


def test_the_summary_is_what_lies_in_the_store() -> None:
    assert (SUMMARY.sha256, SUMMARY.length, SUMMARY.frames) == (hashlib.sha256(PACK).hexdigest(), len(PACK), 4)


def test_a_pack_cut_anywhere_is_refused() -> None:
    for length in range(len(PACK)):
        with pytest.raises(PackDamaged):
            read_trailer(Bytes(PACK[:length]))


def test_a_pack_cut_while_it_is_read_says_what_is_missing() -> None:
    reader = Bytes(PACK)
    alices = read_trailer(reader).entry(ALICE, "lines")
    assert alices is not None
    reader.data = PACK[: alices.offset + 3]
    with pytest.raises(PackDamaged, match="3 of 21 bytes are there"):
        read_frame(reader, alices)


@pytest.mark.parametrize("more", [b"\0", PACK[-FOOTER:], PACK])
def test_an_extended_pack_is_refused(more: bytes) -> None:
    with pytest.raises(PackDamaged):
        read_trailer(Bytes(PACK + more))


def test_no_byte_of_a_pack_can_be_altered_unseen() -> None:
    for place in range(len(PACK)):
        reader = Bytes(PACK[:place] + bytes([PACK[place] ^ 1]) + PACK[place + 1 :])
        with pytest.raises(PackDamaged):
            check_frames(reader, read_trailer(reader))


def test_damage_is_named() -> None:
    body, trailer = parts()
    wrong = body.replace(b"of Bob", b"of Bop")
    reader = Bytes(wrong + PACK[len(body) :])
    with pytest.raises(PackDamaged, match=f"'lines' of {BOB} at 46 was altered"):
        check_frames(reader, read_trailer(reader))
    with pytest.raises(PackDamaged, match="format 2; this program reads format 1"):
        read_trailer(Bytes(PACK[:9] + b"\x02" + PACK[10:]))
    with pytest.raises(PackDamaged, match="too short"):
        read_trailer(Bytes(b""))
    with pytest.raises(PackDamaged, match="the trailer was altered"):
        read_trailer(Bytes(body + trailer.replace(b"as_of", b"as_or") + PACK[-FOOTER:]))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda body, trailer: (body + b"hidden", trailer), "the frames end at"),
        (lambda body, trailer: (body, trailer[:-RECORD]), "the frames end at"),
        (lambda body, trailer: (body, trailer[:-1]), "cannot be read"),
        (lambda body, trailer: (body, trailer[: -4 * RECORD]), "does not begin with its header"),
        (
            lambda body, trailer: (body, trailer[: -4 * RECORD] + trailer[-3 * RECORD :]),
            "does not begin with its header",
        ),
        (lambda body, trailer: (body, swapped(trailer)), "'lines' of .* at 46 should begin at 25"),
        (lambda body, trailer: (body, trailer + trailer[-RECORD:]), "two frames of one name"),
        (lambda body, trailer: (body, trailer[:-RECORD].replace(b"b", b"c")), "cannot be read"),
        (lambda body, trailer: (body, b"\xff\xff\xff\xff" + trailer[4:]), "cannot be read"),
        (lambda body, trailer: (body, b""), "cannot be read"),
        (lambda body, trailer: (body, b"\0\0\0\2[]"), "cannot be read"),
        (lambda body, trailer: (body, trailer.replace(b',"changes"', b" " * 10)), "cannot be read"),
        (
            lambda body, trailer: (
                body,
                trailer.replace(b'{"as_of":"2026-11-16","layout":"1"}', b'["as_of","2026-11-16","layout","1"]'),
            ),
            "cannot be read",
        ),
    ],
)
def test_an_index_that_contradicts_the_pack_is_refused_even_with_right_digests(change: object, complaint: str) -> None:
    body, trailer = change(*parts())  # type: ignore[operator]
    with pytest.raises(PackDamaged, match=complaint):
        read_trailer(Bytes(refooted(body, trailer)))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_rubbish_with_a_right_footer_is_refused_as_damage(body: bytes, trailer: bytes) -> None:
    with pytest.raises(PackDamaged):
        read_trailer(Bytes(refooted(PACK[:START] + body, trailer)))


def test_the_first_frame_is_the_header() -> None:
    writer = PackWriter(io.BytesIO(), kind="k", publication=WEEK)
    with pytest.raises(ValueError, match="header"):
        add(writer, ALICE, "lines", b"x")
    with pytest.raises(ValueError, match="at least its header"):
        writer.finish({})


def test_an_owner_has_one_frame_of_a_name() -> None:
    _, writer = begin()
    add(writer, ALICE, "lines", b"x")
    with pytest.raises(ValueError, match="already"):
        add(writer, ALICE, "lines", b"y")


def test_a_key_that_is_not_wrapped_is_refused() -> None:
    _, writer = begin()
    with pytest.raises(ValueError, match="61 bytes, not 32"):
        writer.add(ALICE, "lines", rows=1, sealed=b"x", wrapped_key=b"k" * 32, key_version=1)
