"""Uploads are sealed while they arrive, and published by the worker."""

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.jobs.worker import work_once
from extranet.reports import staging
from extranet.reports.models import Current, Publication, StagedUpload
from extranet.reports.refusals import IntegrityBroken, PublicationHeld, PublicationRefused, UsageRefused
from extranet.reports.staging import open_staged, publish_later, publish_now, receive_chunks, sweep_staging, try_again
from tests.reports.accounts import new_publisher
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, book_row, csv_text

TEXT = csv_text([book_row(ALICE, 1, last_name="Plantedname"), book_row(BOB, 2)]).encode()


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", 100)


def received(data: bytes, by: Actor, now: datetime) -> StagedUpload:
    pieces = (data[start : start + 70] for start in range(0, len(data), 70))
    return receive_chunks(chunks=pieces, kind=BOOK, as_of=MONDAY, name="../../book.csv", by=by, now=now)


def test_an_upload_comes_back_byte_by_byte_and_lies_nowhere_in_clear(
    db: None, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    upload = received(TEXT, publisher, now)
    assert open_staged(upload).read() == TEXT
    assert (upload.size, upload.chunks) == (len(TEXT), -(-len(TEXT) // 100))
    files = [file for file in data_folder.rglob("*") if file.is_file()]
    assert len(files) == upload.chunks
    assert b"Plantedname" not in b"".join(file.read_bytes() for file in files)
    assert all(file.parent.name == str(upload.id) for file in files)


def test_a_connection_cut_in_the_middle_leaves_nothing(
    db: None, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    def cut() -> Iterator[bytes]:
        yield TEXT[:500]
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        receive_chunks(chunks=cut(), kind=BOOK, as_of=MONDAY, name="x", by=publisher, now=now)
    assert not StagedUpload.objects.exists()
    assert list((data_folder / "staging").iterdir()) == []


@pytest.mark.parametrize("spoil", ["change", "remove", "exchange", "cut"])
def test_a_spoiled_upload_is_never_published(
    spoil: str, alice: Agent, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    upload = received(TEXT, publisher, now)
    first, second, *_ = sorted((data_folder / "staging" / str(upload.id)).iterdir())
    if spoil == "change":
        first.write_bytes(first.read_bytes()[:-1] + b"x")
    elif spoil == "remove":
        first.unlink()
    elif spoil == "exchange":
        shutil.copy(second, first)
    else:
        StagedUpload.objects.update(chunks=2)
    with pytest.raises(IntegrityBroken, match="send the file once more"):
        publish_now(upload_id=upload.id, by=publisher, now=now)
    assert not Publication.objects.exists()


def test_the_worker_publishes_and_the_upload_is_gone(
    alice: Agent, bob: Agent, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    new_publisher(publisher, now)
    upload = received(TEXT, publisher, now)
    publish_later(upload=upload, by=publisher, release=True)
    assert not Publication.objects.exists()
    assert work_once(now=now) == 2  # the file, and the mails that tell of it
    upload.refresh_from_db()
    assert (upload.outcome, upload.finished_at) == ("published", now)
    assert upload.publication == Current.objects.get().publication
    assert Publication.objects.get().received_by == publisher.name
    assert list((data_folder / "staging").iterdir()) == []


def test_a_refusal_is_told_to_who_uploaded(alice: Agent, publisher: Actor, now: datetime) -> None:
    upload = received(TEXT.replace(b"2026-11-16", b"2026-11-15"), publisher, now)
    with pytest.raises(PublicationRefused):
        publish_now(upload_id=upload.id, by=publisher, now=now)
    upload.refresh_from_db()
    assert upload.outcome == "refused"
    assert upload.message[0].startswith("line 2, Extract Date")
    with pytest.raises(UsageRefused):
        publish_now(upload_id=upload.id, by=publisher, now=now)


def test_a_held_upload_points_at_what_waits(alice: Agent, publisher: Actor, now: datetime) -> None:
    upload = received(TEXT + b"a,b\n", publisher, now)
    with pytest.raises(PublicationHeld) as caught:
        publish_now(upload_id=upload.id, by=publisher, now=now)
    upload.refresh_from_db()
    assert (upload.outcome, upload.publication_id) == ("held", caught.value.publication_id)


def test_an_upload_outlives_a_store_that_is_away_for_an_hour(
    alice: Agent, bob: Agent, publisher: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = received(TEXT, publisher, now)
    publish_later(upload=upload, by=publisher)

    def away(**_: object) -> None:
        raise OSError("no store")

    moment = now
    with monkeypatch.context() as patched:
        patched.setattr(staging, "publish", away)
        for _ in range(6):
            work_once(now=moment)
            moment += timedelta(minutes=10)
    assert work_once(now=moment) == 0
    assert try_again(now=moment) == 1
    work_once(now=moment)
    upload.refresh_from_db()
    assert upload.outcome == "published"
    assert try_again(now=moment) == 0


def test_abandoned_uploads_are_swept_after_a_day(db: None, publisher: Actor, now: datetime, data_folder: Path) -> None:
    upload = received(TEXT, publisher, now)
    assert sweep_staging(now=now + timedelta(hours=23)) == 0
    assert sweep_staging(now=now + timedelta(hours=25)) == 1
    upload.refresh_from_db()
    assert upload.outcome == "failed"
    assert list((data_folder / "staging").iterdir()) == []
