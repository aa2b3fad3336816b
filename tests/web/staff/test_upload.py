"""Ada sends a statewide file: sealed while it arrives, refused with a reason, published by the worker."""

import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from pytest_django import Settings as SettingsFixture

from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.credentials.models import Account
from extranet.jobs.worker import work_once
from extranet.reports.models import Publication, StagedUpload
from extranet.reports.staging import LARGEST
from extranet.web.staff.upload_handler import SealingHandler
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, CONDITIONAL, MONDAY, book_row, csv_text
from tests.reports.sources.files import parquet, workbook
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work

PLANTED = "Plantedname"
ROWS = [book_row(ALICE, 1, last_name=PLANTED), book_row(BOB, 2)]
TEXT = csv_text(ROWS).encode()
SEND = "/staff/publications/upload/"


def send(client: Client, data: bytes = TEXT, *, name: str = "book.csv", **fields: str) -> Answer:
    """Fill the form as a browser does."""
    form = {"kind": BOOK, "as_of": MONDAY.isoformat(), **fields}
    return client.post(SEND, {**form, "file": SimpleUploadedFile(name, data, content_type="text/csv")})


def holds_planted_name(*folders: Path) -> list[Path]:
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if PLANTED.encode() in file.read_bytes()]


def nothing_was_kept(data_folder: Path) -> bool:
    staging = data_folder / "staging"
    return not StagedUpload.objects.exists() and not (staging.exists() and list(staging.iterdir()))


def test_a_file_is_sealed_on_arrival_and_published_by_the_worker(
    publisher: Client, alice: Account, bob: Account, now: datetime
) -> None:
    sent = send(publisher)
    upload = StagedUpload.objects.get()
    assert (sent.status_code, sent["Location"]) == (302, f"/staff/publications/uploads/{upload.id}/")
    assert (upload.name, upload.size, upload.uploaded_by) == ("book.csv", len(TEXT), "staff\\ada")
    assert "waits for its turn" in text_of(publisher.get(sent["Location"]))
    work_once(now=now)
    publication = Publication.objects.get()
    page = text_of(publisher.get(sent["Location"]))
    assert "The file is published." in page
    assert f"/staff/publications/{publication.id}/" in page
    assert (publication.state, publication.delivered, publication.received_by) == ("sealed", 2, "staff\\ada")


@pytest.mark.parametrize(("name", "data"), [("book.xlsx", workbook(ROWS)), ("book.parquet", parquet(ROWS))])
def test_a_workbook_and_a_parquet_file_are_published_as_well(
    name: str, data: bytes, publisher: Client, alice: Account, bob: Account, now: datetime
) -> None:
    assert send(publisher, data, name=name).status_code == 302
    work_once(now=now)
    publication = Publication.objects.get()
    assert (publication.state, publication.delivered) == ("sealed", 2)


def test_no_byte_of_it_lies_anywhere_in_clear(
    publisher: Client, data_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    large = TEXT * 10_000
    assert len(large) > 2 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE  # Django itself would spool it
    assert send(publisher, large).status_code == 302
    assert list(spool.iterdir()) == []
    assert holds_planted_name(data_folder) == []
    assert len(list((data_folder / "staging").glob("*/*"))) == StagedUpload.objects.get().chunks > 0


def test_a_wanted_release_happens_with_it(publisher: Client, alice: Account, bob: Account, now: datetime) -> None:
    send(publisher, release="on")
    work_once(now=now)
    assert Publication.objects.get().state == "released"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("book.zip", {}, "must end in .csv, .xlsx or .parquet"),
        ("conditional-eligibility-2026-11-16.csv", {}, "Choose the right report"),
        ("book.csv", {"kind": "payroll"}, "not one of the available choices"),
        ("book.csv", {"kind": ""}, "This field is required"),
        ("book.csv", {"as_of": "Monday"}, "This is not a day"),
        ("book.csv", {"as_of": "2026-11-17"}, "has not come yet"),
        ("book.csv", {"as_of": ""}, "This field is required"),
    ],
)
def test_a_wrong_form_is_refused_and_nothing_kept(
    name: str, fields: dict[str, str], said: str, publisher: Client, data_folder: Path
) -> None:
    refused = send(publisher, TEXT, name=name, **fields)
    assert refused.status_code == 422
    assert 'role="alert"' in text_of(refused)
    assert said in text_of(refused)
    assert nothing_was_kept(data_folder)


def test_no_file_and_an_empty_file_are_refused(publisher: Client, data_folder: Path) -> None:
    none = publisher.post(SEND, {"kind": BOOK, "as_of": MONDAY.isoformat()})
    empty = send(publisher, b"")
    assert (none.status_code, empty.status_code) == (422, 422)
    assert "Choose a file." in text_of(none)
    assert "The file is empty." in text_of(empty)
    assert nothing_was_kept(data_folder)


def test_a_file_over_the_limit_is_refused_in_plain_words(
    publisher: Client, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SealingHandler, "__init__", _smaller(SealingHandler.__init__))
    announced, unannounced = send(publisher, TEXT * 400), send(publisher, TEXT * 3)
    assert (announced.status_code, unannounced.status_code) == (422, 422)
    assert "larger than 2 GB" in text_of(announced)
    assert "larger than 2 GB" in text_of(unannounced)
    assert nothing_was_kept(data_folder)


def _smaller(init: object) -> object:
    """The same handler with a limit between one and three copies of the file."""

    def made(self: SealingHandler, *, limit: int, now: datetime) -> None:
        assert limit == LARGEST
        init(self, limit=len(TEXT) * 2, now=now)  # type: ignore[operator]

    return made


def test_a_second_file_in_the_form_is_passed_over(publisher: Client) -> None:
    files = [SimpleUploadedFile("book.csv", TEXT), SimpleUploadedFile("other.csv", b"other")]
    publisher.post(SEND, {"kind": BOOK, "as_of": MONDAY.isoformat(), "file": files, "extra": files[1]})
    assert StagedUpload.objects.get().size == len(TEXT)


def test_a_form_of_another_site_leaves_nothing(ada: Account, clock: object, data_folder: Path) -> None:
    client = at_work(ada, csrf=True)
    assert send(client).status_code == 403
    assert nothing_was_kept(data_folder)
    client.get(SEND)
    assert send(client, csrfmiddlewaretoken=client.cookies["csrf"].value).status_code == 302


def test_an_upload_cut_in_the_middle_leaves_nothing(publisher: Client, data_folder: Path) -> None:
    form = {"kind": BOOK, "as_of": MONDAY.isoformat(), "file": SimpleUploadedFile("book.csv", TEXT)}
    whole = encode_multipart(BOUNDARY, form)
    cut = publisher.generic("POST", SEND, whole[: len(whole) - 400], content_type=MULTIPART_CONTENT)
    assert cut.status_code == 422
    assert nothing_was_kept(data_folder)


def test_refused_content_shows_its_lines_and_never_a_value(publisher: Client, alice: Account, now: datetime) -> None:
    page = send(publisher, csv_text(ROWS).replace("Case Number", "Kase Number").encode())["Location"]
    work_once(now=now)
    shown = text_of(publisher.get(page))
    assert 'role="alert"' in shown
    assert "What is wrong" in shown
    assert "line 1" in shown
    assert PLANTED not in shown
    assert not Publication.objects.exists()


def test_who_sends_is_not_who_releases_where_policy_asks_for_two(publisher: Client, settings: SettingsFixture) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    assert 'name="release"' not in text_of(publisher.get(SEND))
    assert send(publisher, release="on").status_code == 302


def test_nobody_else_sends_or_looks(staff_clients: dict[str, Client], alices: Client) -> None:
    page = send(staff_clients["publisher"])["Location"]
    others = [alices, *(client for role, client in staff_clients.items() if role != "publisher")]
    for stranger in others:
        answers = [stranger.get(SEND), stranger.get(page), send(stranger)]
        assert [answer.status_code for answer in answers] == [403] * 3
    assert StagedUpload.objects.count() == 1
    assert len({event.actor for event in events(Action.ACCESS_REFUSED)}) == len(others) == 4


def test_a_stranger_sends_nothing_and_is_asked_to_log_in(client: Client, db: None, data_folder: Path) -> None:
    assert send(client)["Location"].startswith("/login/")
    assert nothing_was_kept(data_folder)


def test_an_upload_of_another_kind_has_no_page_here(publisher: Client) -> None:
    send(publisher, csv_text([], CONDITIONAL).encode(), kind=CONDITIONAL)
    upload = StagedUpload.objects.get()
    StagedUpload.objects.update(kind="roster")
    assert publisher.get(f"/staff/publications/uploads/{upload.id}/").status_code == 404
    assert not Event.objects.filter(action=Action.PUBLICATION_RECEIVED).exists()


def test_a_file_for_which_there_is_no_room_is_refused_in_plain_words(
    publisher: Client, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("extranet.reports.room.FREE_AFTERWARDS", 2**62)
    answer = send(publisher, TEXT)
    assert answer.status_code == 422
    assert "too full for this file" in text_of(answer)
    assert list((data_folder / "staging").iterdir()) == []
