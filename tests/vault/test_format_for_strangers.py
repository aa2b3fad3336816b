"""docs/reference/pack-format.md is enough to open a pack: nothing of the vault is used for reading here."""

import hashlib
import io
import json
import struct
from uuid import UUID

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from extranet.vault.keys import MasterKey, wrap_data_key
from extranet.vault.packs import PackWriter
from extranet.vault.sealing import frame_aad, seal_frame

PUBLICATION = UUID("00000000-0000-4000-8000-00000000000a")
ALICE = UUID("00000000-0000-4000-8000-0000000000a1")
KIND = "book-of-business"
MASTER, ALICES_KEY, SYSTEM_KEY = bytes(range(32)), b"a" * 32, b"s" * 32
LINES = "1001,Ana Núñez,0E12345\n".encode() * 300


def a_pack() -> bytes:
    file = io.BytesIO()
    writer = PackWriter(file, kind=KIND, publication=PUBLICATION)
    for owner, frame, owner_key, text in (
        (PUBLICATION, "header", SYSTEM_KEY, b"case_number,name,license\n"),
        (ALICE, "lines", ALICES_KEY, LINES),
    ):
        data_key, aad = hashlib.sha256(frame.encode()).digest(), frame_aad(KIND, PUBLICATION, owner, frame)
        writer.add(
            owner,
            frame,
            rows=text.count(b"\n"),
            sealed=seal_frame(text, data_key, aad),
            wrapped_key=wrap_data_key(owner_key, data_key, aad),
            key_version=3,
        )
    writer.finish({"as_of": "2026-11-16"})
    return file.getvalue()


def text(value: str) -> bytes:
    return struct.pack(">H", len(value.encode())) + value.encode()


def place_of(publication: UUID, owner: UUID, kind: str, frame: str) -> bytes:
    return b"agent-extranet frame 1\0" + publication.bytes + owner.bytes + text(kind) + text(frame)


def opened(sealed: bytes, key: bytes, first: bytes, place: bytes) -> bytes:
    assert sealed[:1] == first
    return AESGCM(key).decrypt(sealed[1:13], sealed[13:], first + place)


def test_a_stranger_opens_a_frame_with_any_aes_gcm() -> None:
    place = place_of(PUBLICATION, ALICE, KIND, "lines")
    sealed = seal_frame(LINES, ALICES_KEY, frame_aad(KIND, PUBLICATION, ALICE, "lines"))
    assert zstandard.decompress(opened(sealed, ALICES_KEY, b"\x01", place)) == LINES


def test_a_stranger_reads_a_pack_from_its_end() -> None:
    pack = a_pack()
    assert struct.unpack(">8sHH", pack[:12]) == (b"AGXTPACK", 1, 0)
    offset, length, sha256, magic = struct.unpack(">QQ32s8s", pack[-56:])
    trailer = pack[offset : offset + length]
    assert magic == b"AGXTDONE"
    assert hashlib.sha256(trailer).digest() == sha256
    size = struct.unpack(">I", trailer[:4])[0]
    about = json.loads(trailer[4 : 4 + size])
    assert about == {
        "kind": KIND,
        "publication": str(PUBLICATION),
        "frames": ["header", "lines"],
        "meta": {"as_of": "2026-11-16"},
    }
    texts = {}
    for owner, name, version, start, long, rows, wrapped, digest in struct.iter_unpack(
        ">16sHIQQQ61s32s", trailer[4 + size :]
    ):
        frame, sealed = about["frames"][name], pack[start : start + long]
        place = place_of(UUID(about["publication"]), UUID(bytes=owner), about["kind"], frame)
        owner_key = ALICES_KEY if UUID(bytes=owner) == ALICE else SYSTEM_KEY
        data_key = opened(wrapped, owner_key, b"\x02", b"data key\0" + place)
        texts[frame] = zstandard.decompress(opened(sealed, data_key, b"\x01", place))
        assert (hashlib.sha256(sealed).digest(), texts[frame].count(b"\n"), version) == (digest, rows, 3)
    assert texts == {"header": b"case_number,name,license\n", "lines": LINES}


def test_a_stranger_unwraps_the_key_of_an_agent() -> None:
    place = b"agent-extranet agent key 1\0" + ALICE.bytes + struct.pack(">I", 1)
    wrapped = MasterKey.of(MASTER).wrap(ALICES_KEY, place)
    assert len(wrapped) == 61
    assert opened(wrapped, MASTER, b"\x02", place) == ALICES_KEY
