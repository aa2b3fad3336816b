"""A file sent in pieces: it goes on where it ended, whatever was cut or killed, and is published as it is."""

import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.jobs.worker import work_once
from extranet.reports import resume, room, staging
from extranet.reports.models import Publication, StagedUpload
from extranet.reports.refusals import IntegrityBroken, UsageRefused
from extranet.reports.resume import NoUpload, UploadRefused, WrongPiece, WrongPlace
from extranet.reports.room import NoRoom
from extranet.reports.staged_file import open_staged, write_chunk
from extranet.reports.staging import sweep_staging
from tests.reports.accounts import new_publisher
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, book_row, csv_text

pytestmark = pytest.mark.django_db

TEXT = csv_text([book_row(ALICE, 1, last_name="Plantedname"), book_row(BOB, 2)]).encode()
CHUNK = 100
PIECES = [TEXT[start : start + CHUNK] for start in range(0, len(TEXT), CHUNK)]
GRACE = Actor("staff", "staff\\grace", "192.0.2.0/24")


class PowerCut(BaseException):
    """The machine stops here; nothing of ours runs any more."""


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK_BYTES", CHUNK)


def begun(by: Actor, now: datetime, **changes: object) -> StagedUpload:
    asked: dict[str, object] = {"kind": BOOK, "as_of": MONDAY, "name": "book.csv", "size": len(TEXT), "release": False}
    asked["first_chunk"] = hashlib.sha256(PIECES[0]).hexdigest()
    return resume.begin(**{**asked, **changes}, by=by, now=now)  # type: ignore[arg-type]


def send(upload: StagedUpload, by: Actor, now: datetime, *, until: int = len(PIECES)) -> StagedUpload:
    """Go on from where it ends."""
    row = resume.found(upload_id=upload.id, by=by)
    for piece in PIECES[row.chunks : until]:
        row = resume.append(upload_id=upload.id, offset=row.size, piece=piece, by=by, now=now)
    return row


def test_a_file_in_pieces_is_published_as_one(
    alice: Agent, bob: Agent, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    new_publisher(publisher, now)
    upload = send(begun(publisher, now, release=True), publisher, now)
    assert (upload.size, upload.chunks, upload.arrived_at) == (len(TEXT), len(PIECES), now)
    assert upload.sha256 == hashlib.sha256(TEXT).hexdigest()
    assert open_staged(upload).read() == TEXT
    files = [file.read_bytes() for file in data_folder.rglob("*") if file.is_file()]
    assert len(files) == len(PIECES)
    assert b"Plantedname" not in b"".join(files)
    work_once(now=now)
    assert (Publication.objects.get().state, Publication.objects.get().input_sha256) == ("released", upload.sha256)


def test_the_same_file_begun_again_goes_on_where_it_ended(publisher: Actor, now: datetime) -> None:
    first = send(begun(publisher, now), publisher, now, until=3)
    again = begun(publisher, now + timedelta(hours=1), release=True)
    assert (again.id, again.size, again.release) == (first.id, 3 * CHUNK, True)
    chain = ""
    for piece in PIECES[:3]:
        chain = resume.chain_after(chain, piece)
    assert again.chain == chain
    assert send(again, publisher, now).arrived_at == now


def test_another_file_or_another_person_begins_anew(publisher: Actor, now: datetime) -> None:
    first = send(begun(publisher, now), publisher, now, until=1)
    others = [begun(publisher, now, name="other.csv"), begun(publisher, now, size=len(TEXT) + 1), begun(GRACE, now)]
    assert {upload.size for upload in others} == {0}
    assert len({first.id, *(upload.id for upload in others)}) == 4


def test_a_changed_file_shows_in_the_chain(publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now, until=3)
    changed = ""
    for piece in [PIECES[0], PIECES[1].lower(), PIECES[2]]:
        changed = resume.chain_after(changed, piece)
    assert upload.chain != changed


def test_a_piece_at_the_wrong_place_is_told_the_right_one(publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now, until=2)
    for offset in (0, CHUNK, 2 * CHUNK + 1, 5 * CHUNK):
        with pytest.raises(WrongPlace) as told:
            resume.append(upload_id=upload.id, offset=offset, piece=PIECES[1], by=publisher, now=now)
        assert told.value.offset == 2 * CHUNK
    assert send(upload, publisher, now).sha256 == hashlib.sha256(TEXT).hexdigest()


@pytest.mark.parametrize("piece", [b"", PIECES[0][:-1], PIECES[0] + b"x", PIECES[0].lower()])
def test_a_cut_longer_or_other_piece_is_not_taken(piece: bytes, publisher: Actor, now: datetime) -> None:
    upload = begun(publisher, now)
    with pytest.raises(WrongPiece):
        resume.append(upload_id=upload.id, offset=0, piece=piece, by=publisher, now=now)
    assert resume.found(upload_id=upload.id, by=publisher).size == 0


@pytest.mark.parametrize("step", ["write_chunk", "os.replace", "sync_folder", "digest_of", "publish_later"])
def test_a_server_killed_at_any_step_loses_at_most_one_piece(
    step: str,
    alice: Agent,
    publisher: Actor,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = step in ("digest_of", "publish_later")
    before = len(PIECES) - 1 if last else 4
    upload = send(begun(publisher, now), publisher, now, until=before)

    def cut(*args: object, **kwargs: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(f"extranet.reports.resume.{step}", cut)
        with pytest.raises(PowerCut):
            send(upload, publisher, now)
    row = resume.found(upload_id=upload.id, by=publisher)
    assert row.chunks == (len(PIECES) if last else before)
    assert row.arrived_at is None
    row = resume.append(upload_id=row.id, offset=row.size, piece=b"", by=publisher, now=now) if last else row
    assert send(row, publisher, now).sha256 == hashlib.sha256(TEXT).hexdigest()
    work_once(now=now)
    assert Publication.objects.count() == 1


def test_two_tabs_sending_the_same_piece_take_it_once(
    publisher: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begun(publisher, now)
    write = write_chunk

    def overtaken(*args: object, **kwargs: object) -> None:
        monkeypatch.setattr(resume, "write_chunk", write)
        resume.append(upload_id=upload.id, offset=0, piece=PIECES[0], by=publisher, now=now)
        write(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(resume, "write_chunk", overtaken)
    with pytest.raises(WrongPlace) as told:
        resume.append(upload_id=upload.id, offset=0, piece=PIECES[0], by=publisher, now=now)
    assert told.value.offset == CHUNK
    assert send(upload, publisher, now).sha256 == hashlib.sha256(TEXT).hexdigest()


def test_the_last_piece_sent_again_changes_nothing(alice: Agent, publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now)
    again = resume.append(upload_id=upload.id, offset=len(TEXT), piece=b"", by=publisher, now=now)
    assert again.arrived_at == now
    work_once(now=now)
    with pytest.raises(WrongPlace):
        resume.append(upload_id=upload.id, offset=0, piece=PIECES[0], by=publisher, now=now)
    assert Publication.objects.count() == 1


def test_nobody_else_finds_it(publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now, until=2)
    with pytest.raises(NoUpload):
        resume.found(upload_id=upload.id, by=GRACE)
    with pytest.raises(NoUpload):
        resume.append(upload_id=upload.id, offset=2 * CHUNK, piece=PIECES[2], by=GRACE, now=now)
    with pytest.raises(NoUpload):
        resume.give_up(upload_id=upload.id, by=GRACE, now=now)
    with pytest.raises(NoUpload):
        resume.found(upload_id=UUID(int=7), by=publisher)


def test_what_was_given_up_leaves_nothing(publisher: Actor, now: datetime, data_folder: Path) -> None:
    upload = send(begun(publisher, now), publisher, now, until=2)
    resume.give_up(upload_id=upload.id, by=publisher, now=now)
    assert list((data_folder / "staging").iterdir()) == []
    with pytest.raises(NoUpload):
        resume.append(upload_id=upload.id, offset=2 * CHUNK, piece=PIECES[2], by=publisher, now=now)


def test_one_that_rests_for_a_day_is_swept_and_one_that_moves_is_not(
    publisher: Actor, now: datetime, data_folder: Path
) -> None:
    upload = send(begun(publisher, now), publisher, now, until=2)
    later = now + timedelta(hours=20)
    send(upload, publisher, later, until=3)
    assert sweep_staging(now=now + timedelta(hours=30)) == 0
    assert sweep_staging(now=later + timedelta(hours=25)) == 1
    upload.refresh_from_db()
    assert upload.message == ["the rest of it did not arrive within a day; send it again"]
    assert list((data_folder / "staging").iterdir()) == []


def test_one_that_arrived_waits_for_a_worker_over_a_weekend(alice: Agent, publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now)
    assert sweep_staging(now=now + timedelta(days=3)) == 0
    work_once(now=now + timedelta(days=3))
    upload.refresh_from_db()
    assert upload.outcome == "published"


def test_one_that_never_arrived_whole_is_never_published(alice: Agent, publisher: Actor, now: datetime) -> None:
    upload = send(begun(publisher, now), publisher, now, until=2)
    with pytest.raises(UsageRefused):
        staging.publish_now(upload_id=upload.id, by=publisher, now=now)


@pytest.mark.parametrize("size", [0, -1, staging.LARGEST + 1])
def test_a_size_that_cannot_be_is_refused(size: int, publisher: Actor, now: datetime) -> None:
    with pytest.raises(UploadRefused):
        begun(publisher, now, size=size)


def test_a_person_cannot_fill_the_disk(publisher: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(resume.MOST_ARRIVING):
        begun(publisher, now, name=f"{number}.csv")
    with pytest.raises(UploadRefused, match="arriving already"):
        begun(publisher, now)
    monkeypatch.setattr(room, "FREE_AFTERWARDS", 2**62)
    with pytest.raises(NoRoom):
        begun(GRACE, now)


def test_a_row_that_says_more_than_is_there_is_seen(publisher: Actor, now: datetime, data_folder: Path) -> None:
    upload = send(begun(publisher, now), publisher, now, until=len(PIECES) - 1)
    (data_folder / "staging" / str(upload.id) / "000002").unlink()
    with pytest.raises(IntegrityBroken, match="send the file once more"):
        send(upload, publisher, now)
