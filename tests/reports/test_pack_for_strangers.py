"""A stranger with the master key's file, the rows of the tables of keys and a pack reads an agent's lines.

The reading part follows docs/reference/pack-format.md alone, with Google's tink for AES-GCM: nothing of this program.
"""

import base64
import csv
import hashlib
import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import tink
import zstandard
from django.db import connection
from pytest_django import Settings
from tink import aead, cleartext_keyset_handle
from tink.proto import aes_gcm_pb2

from extranet.agents.models import Agent
from extranet.reports.models import Publication
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, LAST_MONDAY, MONDAY, book_row

aead.register()


def opened(key: bytes, first: bytes, sealed: bytes, place: bytes) -> bytes:
    """AES-256-GCM as tink does it: a raw keyset takes nonce, ciphertext and tag in one piece."""
    proto = aes_gcm_pb2.AesGcmKey(version=0, key_value=key).SerializeToString()
    data = {
        "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey",
        "value": base64.b64encode(proto).decode(),
        "keyMaterialType": "SYMMETRIC",
    }
    one = {"keyData": data, "status": "ENABLED", "keyId": 1, "outputPrefixType": "RAW"}
    reader = tink.JsonKeysetReader(json.dumps({"primaryKeyId": 1, "key": [one]}))
    primitive = cleartext_keyset_handle.read(reader).primitive(aead.Aead)
    assert sealed[:1] == first
    text: bytes = primitive.decrypt(sealed[1:], first + place)
    return text


def text(value: str) -> bytes:
    return struct.pack(">H", len(value.encode())) + value.encode()


class Stranger:
    """Holds what is on the disk and in two tables, and a page of documentation."""

    def __init__(self, master_file: Path, tables: Mapping[str, list[tuple[Any, ...]]], pack: bytes) -> None:
        self.master = base64.b64decode(master_file.read_text())
        self.pack = pack
        self.agent_keys = {(UUID(str(agent)), version): bytes(wrapped) for agent, version, wrapped in tables["agents"]}
        self.system_keys = {(purpose, version): bytes(wrapped) for purpose, version, wrapped in tables["system"]}
        offset, length, sha256, magic = struct.unpack(">QQ32s8s", pack[-56:])
        trailer = pack[offset : offset + length]
        assert (pack[:8], magic, hashlib.sha256(trailer).digest()) == (b"AGXTPACK", b"AGXTDONE", sha256)
        size = struct.unpack(">I", trailer[:4])[0]
        self.about = json.loads(trailer[4 : 4 + size])
        self.entries = list(struct.iter_unpack(">16sHIQQQ61s32s", trailer[4 + size :]))

    def frame(self, owner: UUID, name: str) -> bytes:
        number = self.about["frames"].index(name)
        (entry,) = (one for one in self.entries if one[0] == owner.bytes and one[1] == number)
        _, _, version, start, length, _, wrapped, digest = entry
        sealed = self.pack[start : start + length]
        assert hashlib.sha256(sealed).digest() == digest
        publication = UUID(self.about["publication"])
        place = b"agent-extranet frame 1\0" + publication.bytes + owner.bytes + text(self.about["kind"]) + text(name)
        data_key = opened(self.owner_key(owner, name, version), b"\x02", wrapped, b"data key\0" + place)
        return zstandard.decompress(opened(data_key, b"\x01", sealed, place))

    def owner_key(self, owner: UUID, name: str, version: int) -> bytes:
        if name in ("lines", "changes"):
            place = b"agent-extranet agent key 1\0" + owner.bytes + struct.pack(">I", version)
            return opened(self.master, b"\x02", self.agent_keys[owner, version], place)
        purpose = {"header": "publications", "contents": "publications"}.get(name, name)
        place = b"agent-extranet system key 1\0" + text(purpose) + struct.pack(">I", version)
        return opened(self.master, b"\x02", self.system_keys[purpose, version], place)

    def rows(self, owner: UUID) -> list[dict[str, str]]:
        """The agent's lines with the names of their columns, constants included."""
        header = json.loads(self.frame(UUID(self.about["publication"]), "header"))
        found = []
        for stable, volatile in zip(*blocks(self.frame(owner, "lines")), strict=True):
            cells = dict(zip(header["stable"], stable, strict=True)) | dict(
                zip(header["volatile"], volatile, strict=True)
            )
            found.append(cells | header["constants"])
        return found


def blocks(frame: bytes) -> tuple[list[list[str]], list[list[str]]]:
    head, _, body = frame.partition(b"\n")
    rows, length = (int(part) for part in head.split(b" "))
    both = (body[:length], body[length:])
    first, second = (list(csv.reader(part.decode().splitlines(keepends=True))) for part in both)
    assert len(first) == rows
    return first, second


@pytest.fixture
def stranger(settings: Settings, alice: Agent, bob: Agent, publish_rows: Publish, data_folder: Path) -> Stranger:
    """Two weeks are published; what is copied away then is the second week's pack, the tables, one key file."""
    for week, premium in ((LAST_MONDAY, "336.24"), (MONDAY, "340.00")):
        extra = {"extract_date": week.isoformat(), "member_premium": premium}
        publish_rows([book_row(ALICE, 1, **extra), book_row(BOB, 2, **extra), book_row(ALICE, 3, **extra)], as_of=week)
    key_file = data_folder / "copied"
    key_file.write_text(settings.EXTRANET.master_key)
    with connection.cursor() as cursor:
        cursor.execute("SELECT agent_id, version, wrapped FROM agent_keys")
        agents = cursor.fetchall()
        cursor.execute("SELECT purpose, version, wrapped FROM system_keys")
        tables = {"agents": agents, "system": cursor.fetchall()}
    pack = data_folder / "packs" / Publication.objects.get(as_of=MONDAY).pack
    return Stranger(key_file, tables, pack.read_bytes())


def test_a_stranger_reads_an_agents_lines_from_the_documentation_alone(stranger: Stranger, alice: Agent) -> None:
    rows = stranger.rows(alice.id)
    expected = [book_row(ALICE, number, member_premium="340.00") for number in (1, 3)]
    assert sorted(row["case_number"] for row in rows) == [row["case_number"] for row in expected]
    by_case = {row["case_number"]: row for row in rows}
    assert all(by_case[row["case_number"]] == row for row in expected)


def test_a_stranger_reads_what_changed_and_who_has_what(stranger: Stranger, alice: Agent, bob: Agent) -> None:
    changes = [json.loads(line) for line in stranger.frame(alice.id, "changes").splitlines()]
    assert (changes[0]["before"], changes[0]["after"]) == (LAST_MONDAY.isoformat(), MONDAY.isoformat())
    assert {line["state"] for line in changes[1:]} == {"changed"}
    contents, nothing = blocks(stranger.frame(UUID(stranger.about["publication"]), "contents"))
    lines = {owner: (kind, licenses, rows) for owner, frame, kind, licenses, rows, *_ in contents if frame == "lines"}
    assert lines == {str(alice.id): ("Y", ALICE, "2"), str(bob.id): ("Y", BOB, "1")}
    assert nothing == []


def test_the_neighbours_key_opens_nothing_for_a_stranger_either(stranger: Stranger, alice: Agent, bob: Agent) -> None:
    stranger.agent_keys[alice.id, 1] = stranger.agent_keys[bob.id, 1]
    with pytest.raises(tink.TinkError):
        stranger.rows(alice.id)
