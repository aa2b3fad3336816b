"""Retention and verification of packs."""

import hashlib
import struct
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from extranet.agents.models import Agent
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.keyring.ring import shred_agent
from extranet.reports.files_verify import verify_files
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.recall import recall
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.retention import expire_publications
from extranet.reports.shelf import weeks
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, BOOK, DORA, MONDAY, book_row

ROWS = [book_row(ALICE, 1), book_row(BOB, 2), book_row(DORA, 3)]


def publish_week(publish_rows: Publish, day: date) -> Publication:
    row = publish_rows([{**row, "extract_date": day.isoformat()} for row in ROWS], as_of=day).publication
    assert row is not None
    return row


def test_weeks_beyond_those_kept_are_deleted(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    published = [publish_week(publish_rows, MONDAY - timedelta(weeks=back)) for back in reversed(range(9))]
    oldest = published[0]
    assert expire_publications(now=now) == 1
    oldest.refresh_from_db()
    assert (oldest.state, oldest.pack, oldest.frames.count()) == (PublicationState.EXPIRED, "", 0)
    assert oldest.manifest["rows"]["in"] == 3
    assert len(store().names()) == 16
    assert len(weeks(agent=alice, kind=BOOK, now=now)) == 8
    assert expire_publications(now=now) == 0
    assert Event.objects.filter(action=Action.PUBLICATION_EXPIRED).count() == 1


def test_fewer_weeks_than_are_kept_lose_nothing(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    for back in range(8):
        publish_week(publish_rows, MONDAY - timedelta(weeks=back))
    assert expire_publications(now=now) == 0


def test_a_recalled_week_before_the_first_is_kept_while_weeks_are_few(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    recall(publication_id=publish_week(publish_rows, MONDAY - timedelta(weeks=1)).id, by=publisher, now=now)
    publish_week(publish_rows, MONDAY)
    assert expire_publications(now=now) == 0


def test_killed_before_the_pack_was_deleted_the_next_run_deletes_it(
    alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    row = publish_week(publish_rows, MONDAY)
    Publication.objects.update(state=PublicationState.EXPIRED)
    expire_publications(now=now)
    row.refresh_from_db()
    assert (row.pack, store().names()) == ("", [])


def test_sound_files_are_verified_to_the_last_frame(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_week(publish_rows, MONDAY)
    result = verify_files()
    result.require_sound()
    assert (result.packs, result.frames, result.faults) == (1, 5, [])


def test_a_shredded_agent_is_no_fault(alice: Agent, bob: Agent, publish_rows: Publish, now: datetime) -> None:
    publish_week(publish_rows, MONDAY)
    shred_agent(alice.id, now=now)
    result = verify_files()
    assert (result.frames, result.shredded, result.faults) == (4, 1, [])


@pytest.mark.parametrize("where", [20, -100, -400])
def test_a_changed_byte_is_found(where: int, alice: Agent, publish_rows: Publish, data_folder: Path) -> None:
    row = publish_week(publish_rows, MONDAY)
    file = data_folder / "packs" / row.pack
    data = bytearray(file.read_bytes())
    data[where] ^= 1
    file.chmod(0o600)
    file.write_bytes(data)
    with pytest.raises(IntegrityBroken) as caught:
        verify_files().require_sound()
    assert caught.value.exit_code == 4


def test_a_pack_altered_with_its_digests_made_to_fit_is_found(
    alice: Agent, publish_rows: Publish, data_folder: Path
) -> None:
    row = publish_week(publish_rows, MONDAY)
    file = data_folder / "packs" / row.pack
    data = file.read_bytes().replace(b'"as_of":"2026-11-16"', b'"as_of":"2026-11-17"')
    offset, length, _, magic = struct.unpack(">QQ32s8s", data[-56:])
    digest = hashlib.sha256(data[offset : offset + length]).digest()
    file.chmod(0o600)
    file.write_bytes(data[:-56] + struct.pack(">QQ32s8s", offset, length, digest, magic))
    assert verify_files().faults == [f"{row.pack}: the pack is not the one that was sealed"]


def test_a_lost_pack_and_a_stray_one_are_found(alice: Agent, publish_rows: Publish, data_folder: Path) -> None:
    row = publish_week(publish_rows, MONDAY)
    (data_folder / "packs" / row.pack).rename(data_folder / "packs" / "stray.pack")
    faults = verify_files().faults
    assert any("is not in" in fault for fault in faults)
    assert "stray.pack: no publication knows it" in faults


def test_a_changed_manifest_and_a_changed_index_are_found(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    row = publish_week(publish_rows, MONDAY)
    Publication.objects.update(manifest={**row.manifest, "cases": 9})
    Frame.objects.filter(agent=bob).delete()
    faults = verify_files().faults
    assert f"{row.pack}: the manifest is not signed by this exchange" in faults
    assert f"{row.pack}: the index in the database is not that of the pack" in faults
