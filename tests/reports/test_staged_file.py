"""A staged upload is a file like any other: read, sought, and refused where it is not what was sent."""

import io
import os
from datetime import datetime
from pathlib import Path

import polars
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from extranet.audit.record import Actor
from extranet.reports import staging
from extranet.reports.models import StagedUpload
from extranet.reports.publish import Outcome
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.staged_file import StagedFile, chunk_file, digest_of, open_staged
from extranet.reports.staging import publish_now, receive_chunks
from tests.reports.exchange import BOOK, MONDAY

CHUNK = 100
DATA = bytes(range(256)) * 3 + b"end"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", CHUNK)


@pytest.fixture
def upload(publisher: Actor, now: datetime) -> StagedUpload:
    return received(DATA, publisher, now)


def received(data: bytes, by: Actor, now: datetime) -> StagedUpload:
    return receive_chunks(chunks=[data], kind=BOOK, as_of=MONDAY, name="x", by=by, now=now)


def test_whatever_is_read_where_is_what_a_plain_file_gives(upload: StagedUpload) -> None:
    moves = st.lists(st.tuples(st.integers(0, len(DATA) + 50), st.integers(0, 300), st.sampled_from([0, 1, 2])))

    @settings(max_examples=60, database=None)
    @given(moves=moves)
    def same(moves: list[tuple[int, int, int]]) -> None:
        plain = io.BytesIO(DATA)
        with open_staged(upload) as staged:
            for place, length, whence in moves:
                offset = -min(place, len(DATA)) if whence == os.SEEK_END else place
                assert staged.seek(offset, whence) == plain.seek(offset, whence)
                assert staged.read(length) == plain.read(length)
                assert staged.tell() == plain.tell()

    same()


def test_it_can_be_read_only(upload: StagedUpload) -> None:
    with open_staged(upload) as file:
        assert (file.readable(), file.seekable(), file.writable()) == (True, True, False)
        assert file.read() == DATA
        assert file.seek(0) == 0
        assert file.read() == DATA
        with pytest.raises(ValueError, match="before the beginning"):
            StagedFile(upload).seek(-1)


def test_only_one_chunk_is_open_at_a_time(upload: StagedUpload) -> None:
    file = StagedFile(upload)
    for place in (0, 250, 30, 770):
        file.seek(place)
        file.read(10)
        assert len(file._chunk) <= CHUNK


def test_readers_of_parquet_jump_about_in_it(publisher: Actor, now: datetime) -> None:
    target = io.BytesIO()
    polars.DataFrame({"case": [str(number) for number in range(500)]}).write_parquet(target)
    with open_staged(received(target.getvalue(), publisher, now)) as file:
        assert polars.read_parquet(file)["case"].to_list()[-1] == "499"


def test_a_digest_that_does_not_fit_is_seen_at_the_end_by_who_reads_in_order(upload: StagedUpload) -> None:
    StagedUpload.objects.update(sha256="0" * 64)
    upload.refresh_from_db()
    with pytest.raises(IntegrityBroken, match="not what was sent"):
        digest_of(upload)
    with open_staged(upload) as file:
        file.seek(700)
        assert file.read(10) == DATA[700:710]
        file.seek(0)
        with pytest.raises(IntegrityBroken, match="not what was sent"):
            file.read()


def test_a_chunk_of_another_upload_is_not_opened(upload: StagedUpload, publisher: Actor, now: datetime) -> None:
    other = received(DATA, publisher, now)
    chunk_file(upload.id, 2).write_bytes(chunk_file(other.id, 2).read_bytes())
    with open_staged(upload) as file, pytest.raises(IntegrityBroken):
        file.read()


def test_a_reader_that_hides_the_reason_does_not_hide_it_from_who_sent(
    upload: StagedUpload, publisher: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk_file(upload.id, 3).unlink()

    def hiding(*, source: io.BufferedReader, **_: object) -> Outcome:
        try:
            source.read()
        except IntegrityBroken as error:
            raise ValueError("a reader's own words") from error
        raise AssertionError

    monkeypatch.setattr(staging, "publish", hiding)
    with pytest.raises(IntegrityBroken, match="send the file once more"):
        publish_now(upload_id=upload.id, by=publisher, now=now)
    upload.refresh_from_db()
    assert (upload.outcome, upload.exit_code) == ("refused", 4)


def test_what_was_received_is_flushed_before_the_row_says_so(
    publisher: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        flushed.append(os.readlink(f"/proc/self/fd/{handle}"))
        assert not StagedUpload.objects.exists()
        fsync(handle)

    monkeypatch.setattr("os.fsync", noted)
    upload = received(DATA, publisher, now)
    names = [Path(path).name for path in flushed]
    assert names[0] == "staging"
    assert names[1:-1] == [f"{number:06d}" for number in range(1, upload.chunks + 1)]
    assert names[-1] == str(upload.id)
