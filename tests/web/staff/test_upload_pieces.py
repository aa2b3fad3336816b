"""Ada sends a large file in pieces, as the script of the form does; nobody else touches it."""

import hashlib
from datetime import datetime
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.credentials.models import Account
from extranet.jobs.worker import work_once
from extranet.reports import staging
from extranet.reports.models import Publication, StagedUpload
from extranet.web.staff import upload
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, book_row, csv_text
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work

TEXT = csv_text([book_row(ALICE, 1, last_name="Plantedname"), book_row(BOB, 2)]).encode()
CHUNK = 300
BEGIN = "/staff/publications/uploads/"


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    assert upload.WhichForm.chunk_bytes > CHUNK  # imported, so taken, before it is changed here
    monkeypatch.setattr(staging, "CHUNK_BYTES", CHUNK)


def begin(client: Client, **changes: str) -> Answer:
    first = hashlib.sha256(TEXT[:CHUNK]).hexdigest()
    form = {"kind": BOOK, "as_of": MONDAY.isoformat(), "name": "book.csv", "size": str(len(TEXT)), "first": first}
    return client.post(BEGIN, {**form, **changes})


def patch(
    client: Client, address: str, offset: int, piece: bytes | None = None, *, at: str = "", token: str = ""
) -> Answer:
    body = TEXT[offset : offset + CHUNK] if piece is None else piece
    sent = {"upload-offset": at or str(offset), **({"x-csrftoken": token} if token else {})}
    return client.patch(address, body, content_type="application/offset+octet-stream", headers=sent)


def send_rest(client: Client, begun: Answer) -> str:
    told = begun.json()
    offset, done = told["offset"], told["done"]
    while not done:
        answer = patch(client, told["content"], offset).json()
        offset, done = answer["offset"], answer["done"]
    return str(done)


def test_a_file_in_pieces_is_published(
    publisher: Client, alice: Account, bob: Account, now: datetime, data_folder: Path
) -> None:
    begun = begin(publisher, release="on")
    assert begun.status_code == 201
    assert {name: begun.json()[name] for name in ("offset", "chunk", "done")} == {
        "offset": 0,
        "chunk": CHUNK,
        "done": "",
    }
    page = send_rest(publisher, begun)
    assert "waits for its turn" in text_of(publisher.get(page))
    files = [file.read_bytes() for file in data_folder.rglob("*") if file.is_file()]
    assert b"Plantedname" not in b"".join(files)
    work_once(now=now)
    assert "The file is published." in text_of(publisher.get(page))
    assert Publication.objects.get().state == "released"


def test_after_a_reload_it_goes_on_where_it_stopped(publisher: Client) -> None:
    begun = begin(publisher).json()
    for offset in (0, CHUNK):
        patch(publisher, begun["content"], offset)
    again = begin(publisher)
    assert (again.json()["offset"], again.json()["content"]) == (2 * CHUNK, begun["content"])
    head = publisher.head(begun["content"])
    assert (head["Upload-Offset"], head["Upload-Length"]) == (str(2 * CHUNK), str(len(TEXT)))
    assert head["Upload-Chain"] == again.json()["chain"] != ""
    assert "arriving: " in text_of(publisher.get("/staff/publications/"))
    row = StagedUpload.objects.get()
    assert f"{2 * CHUNK:,} of {len(TEXT):,} bytes" in text_of(publisher.get(f"{BEGIN}{row.id}/"))
    assert send_rest(publisher, again).startswith(BEGIN)


def test_a_piece_at_the_wrong_place_is_told_the_right_one(publisher: Client) -> None:
    address = begin(publisher).json()["content"]
    patch(publisher, address, 0)
    wrong = patch(publisher, address, 0)
    assert (wrong.status_code, wrong.json()["offset"]) == (409, CHUNK)
    assert patch(publisher, address, CHUNK, b"x").status_code == 422
    assert patch(publisher, address, CHUNK, b"x" * (CHUNK + 50)).status_code == 422
    assert patch(publisher, address, CHUNK, at="here").status_code == 400
    assert StagedUpload.objects.get().size == CHUNK


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "book.xls"}, "must end in .csv, .xlsx or .parquet"),
        ({"name": "conditional-eligibility-2026-11-16.csv"}, "Choose the right report"),
        ({"kind": "payroll"}, "not one of the available choices"),
        ({"as_of": "2026-11-17"}, "has not come yet"),
        ({"size": "0"}, "greater than or equal to 1"),
        ({"size": str(3 * 1024**3)}, "larger than 2 GB"),
        ({"first": "abc"}, "valid value"),
    ],
)
def test_a_wrong_beginning_is_refused_and_nothing_kept(
    changes: dict[str, str], said: str, publisher: Client, data_folder: Path
) -> None:
    refused = begin(publisher, **changes)
    assert refused.status_code == 422
    assert said in " ".join(refused.json()["errors"])
    assert not StagedUpload.objects.exists()
    assert not list((data_folder / "staging").glob("*"))


def test_given_up_it_is_gone(publisher: Client, data_folder: Path) -> None:
    address = begin(publisher).json()["content"]
    patch(publisher, address, 0)
    assert publisher.delete(address).status_code == 204
    assert [publisher.head(address).status_code, publisher.delete(address).status_code] == [404, 404]
    assert list((data_folder / "staging").iterdir()) == []


def test_a_broken_disk_ends_the_upload_with_a_reason(publisher: Client, data_folder: Path) -> None:
    begun = begin(publisher).json()
    patch(publisher, begun["content"], 0)
    next((data_folder / "staging").glob("*/000001")).write_bytes(b"spoiled")
    for offset in range(CHUNK, len(TEXT), CHUNK):
        answer = patch(publisher, begun["content"], offset)
    assert answer.status_code == 422
    assert "send the file once more" in answer.json()["errors"][0]
    assert publisher.head(begun["content"]).status_code == 404


def test_nobody_else_sees_or_continues_it(
    publisher: Client, second_publisher: Client, staff_clients: dict[str, Client], alices: Client
) -> None:
    address = begin(publisher).json()["content"]
    assert [second_publisher.head(address).status_code, patch(second_publisher, address, 0).status_code] == [404, 404]
    assert second_publisher.delete(address).status_code == 404
    others = [alices, *(client for role, client in staff_clients.items() if role != "publisher")]
    for stranger in others:
        answers = [begin(stranger), stranger.head(address), patch(stranger, address, 0), stranger.delete(address)]
        assert [answer.status_code for answer in answers] == [403] * 4
    assert {event.subject for event in events(Action.ACCESS_REFUSED)} == {BEGIN, address}
    assert StagedUpload.objects.get().size == 0


def test_a_page_of_another_site_sends_no_piece(ada: Account, clock: object) -> None:
    client = at_work(ada, csrf=True)
    assert begin(client).status_code == 403
    client.get("/staff/publications/upload/")
    token = client.cookies["csrf"].value
    begun = begin(client, csrfmiddlewaretoken=token).json()
    assert patch(client, begun["content"], 0).status_code == 403
    assert client.delete(begun["content"]).status_code == 403
    assert patch(client, begun["content"], 0, token=token).status_code == 200


def test_who_sends_is_not_who_releases_where_policy_asks_for_two(publisher: Client, settings: Settings) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    begin(publisher, release="on")
    assert StagedUpload.objects.get().release is False


def test_the_form_names_the_way_in_pieces_and_works_without_it(publisher: Client) -> None:
    page = text_of(publisher.get("/staff/publications/upload/"))
    assert f'data-begin="{BEGIN}" data-chunk="4194304"' in page
    assert "app/upload" in page
    assert 'enctype="multipart/form-data"' in page
