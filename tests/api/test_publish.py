"""Ada's program sends a file, asks how it ended, releases and recalls."""

import base64
import hashlib
import io
import tempfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.api import sending
from extranet.credentials import api_tokens
from extranet.credentials.disable import disable
from extranet.credentials.models import Account, ApiToken, StaffRole
from extranet.jobs.worker import work_once
from extranet.mail.models import OutboxMail
from extranet.reports import once
from extranet.reports import publish as publishing
from extranet.reports.models import Publication, StagedUpload
from extranet.reports.seal_publication import seal_publication
from tests.api.conftest import SHELL, program
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, MONDAY, book_row, csv_text

PLANTED = "Plantedname"
TEXT = csv_text([book_row(ALICE, 1, last_name=PLANTED), book_row(BOB, 2)]).encode()
SEND = "/api/v1/publications"


def send(client: Client, data: bytes = TEXT, *, key: str = "monday-1", kind: str = BOOK, **more: Any) -> Any:
    day = more.pop("as_of", MONDAY.isoformat())
    wish = "&release=true" if more.pop("release", False) else ""
    headers = {"idempotency-key": key, **more.pop("headers", {})}
    address = f"{SEND}?kind={kind}&as_of={day}{wish}"
    return client.generic("POST", address, data, more.pop("content_type", "text/csv"), headers=headers, **more)


def nothing_was_kept(data_folder: Path) -> bool:
    staging = data_folder / "staging"
    return not StagedUpload.objects.exists() and not (staging.exists() and list(staging.iterdir()))


def test_a_file_is_taken_published_and_told(adas: Client, alice: Account, bob: Account, now: datetime) -> None:
    sent = send(adas)
    assert sent.status_code == 202
    place = sent["Location"]
    told = sent.json()
    assert (told["state"], told["size"], told["lines"]) == ("waiting", len(TEXT), [])
    assert told["sha256"] == hashlib.sha256(TEXT).hexdigest()
    assert adas.get(place).json() == told
    work_once(now=now)
    ended = adas.get(place).json()
    row = Publication.objects.get()
    assert (ended["state"], ended["exit_code"], ended["publication"]) == ("published", 0, str(row.id))
    assert (row.received_by, row.state, row.delivered) == ("staff\\ada", "sealed", 2)
    one = adas.get(f"{SEND}/{row.id}").json()
    assert (one["state"], one["delivered"], one["as_of"]) == ("sealed", 2, "2026-11-16")
    assert adas.get(SEND).json() == {"total": 1, "publications": [one]}
    assert adas.get(f"{SEND}?kind=conditional-eligibility").json()["total"] == 0


def test_no_byte_of_it_lies_anywhere_in_clear(
    adas: Client, data_folder: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    assert send(adas, TEXT * 5_000).status_code == 202
    files = [file for file in data_folder.rglob("*") if file.is_file()]
    assert files
    assert list(spool.iterdir()) == []
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []


def test_the_same_key_with_the_same_file_is_answered_the_same(
    adas: Client, alice: Account, now: datetime, data_folder: Path
) -> None:
    first, again = send(adas).json(), send(adas).json()
    assert first == again
    work_once(now=now)
    late = send(adas)
    assert (late.status_code, late.json()["id"], late.json()["state"]) == (202, first["id"], "published")
    assert StagedUpload.objects.count() == Publication.objects.count() == 1
    assert list((data_folder / "staging").iterdir()) == []


@pytest.mark.parametrize("other", ["file", "day", "kind", "wish"])
def test_the_same_key_for_something_else_is_refused(other: str, adas: Client) -> None:
    send(adas)
    answers = {
        "file": lambda: send(adas, TEXT + b"\n"),
        "day": lambda: send(adas, as_of="2026-11-09"),
        "kind": lambda: send(adas, kind="conditional-eligibility"),
        "wish": lambda: send(adas, release=True),
    }
    refused = answers[other]()
    assert (refused.status_code, refused["Content-Type"]) == (422, "application/problem+json")
    assert "take a new key" in refused.json()["detail"]
    assert StagedUpload.objects.count() == 1


def test_the_same_key_sent_twice_at_once_is_taken_once(
    adas: Client, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = send(adas).json()
    monkeypatch.setattr(once, "StagedUpload", _Blind())
    assert send(adas).json() == first
    assert len(list((data_folder / "staging").iterdir())) == 1


class _Blind:
    """The table as the slower of two requests saw it: empty at first."""

    def __init__(self) -> None:
        self.objects = self

    def filter(self, **match: Any) -> Any:
        return StagedUpload.objects.none()

    def get(self, **match: Any) -> Any:
        return StagedUpload.objects.get(**match)


def test_one_persons_key_is_not_anothers(adas: Client, graces: Client) -> None:
    assert send(adas).json()["id"] != send(graces).json()["id"]
    assert StagedUpload.objects.count() == 2


def test_another_publishers_upload_is_not_there(adas: Client, graces: Client) -> None:
    place = send(adas)["Location"]
    assert graces.get(place).status_code == 404
    assert adas.get(f"/api/v1/uploads/{UUID(int=7)}").status_code == 404


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"kind": "payroll"}, 422, "no such report"),
        ({"as_of": "2026-11-17"}, 422, "has not come yet"),
        ({"as_of": "Monday"}, 400, "A parameter"),
        ({"key": ""}, 400, "A parameter"),
        ({"key": "two words"}, 400, "A parameter"),
        ({"data": b"", "CONTENT_TYPE": "text/csv", "CONTENT_LENGTH": "0"}, 422, "empty"),
        ({"content_type": "multipart/form-data; boundary=x"}, 415, "The body is the file itself"),
        ({"content_type": ""}, 415, "The body is the file itself"),
        ({"CONTENT_LENGTH": ""}, 411, "Content-Length"),
        ({"CONTENT_LENGTH": str(3 * 1024**3)}, 413, "larger than 2 GB"),
        ({"CONTENT_LENGTH": str(len(TEXT) + 1), "wsgi.input": io.BytesIO(TEXT)}, 400, "bytes arrived"),
        ({"headers": {"content-digest": "md5=:abc=:"}}, 400, "Content-Digest"),
        ({"headers": {"content-digest": f"sha-256=:{base64.b64encode(bytes(32)).decode()}:"}}, 400, "send it again"),
    ],
)
def test_what_is_not_as_described_is_refused_and_nothing_kept(
    change: dict[str, Any], status: int, said: str, adas: Client, data_folder: Path
) -> None:
    refused = send(adas, **change)
    told = refused.json()
    assert (refused.status_code, told["status"]) == (status, status)
    assert refused["Content-Type"] == "application/problem+json"
    assert said in told["detail"]
    assert nothing_was_kept(data_folder)


def test_a_digest_that_fits_is_taken(adas: Client) -> None:
    fitting = base64.b64encode(hashlib.sha256(TEXT).digest()).decode()
    assert send(adas, headers={"content-digest": f"sha-256=:{fitting}:"}).status_code == 202


def test_a_full_disk_is_said_and_nothing_kept(adas: Client, data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("extranet.reports.room.FREE_AFTERWARDS", 2**62)
    assert send(adas).status_code == 507
    assert nothing_was_kept(data_folder)


def test_a_refused_file_is_told_with_its_lines_and_never_a_value(adas: Client, alice: Account, now: datetime) -> None:
    place = send(adas, TEXT.replace(b"Case Number", b"Kase Number"))["Location"]
    work_once(now=now)
    ended = adas.get(place).json()
    assert (ended["state"], ended["exit_code"], ended["publication"]) == ("refused", 3, None)
    assert any("line 1" in line for line in ended["lines"])
    assert PLANTED not in str(ended)


def test_a_wanted_release_happens_with_it_and_is_recalled(
    adas: Client, alice: Account, bob: Account, now: datetime
) -> None:
    send(adas, release=True)
    work_once(now=now)
    row = Publication.objects.get()
    assert (row.state, row.released_by) == ("released", "staff\\ada")
    recalled = adas.post(f"{SEND}/{row.id}/recall")
    assert recalled.json() == {"recalled": str(row.id), "shown_now": None}
    assert adas.post(f"{SEND}/{row.id}/recall").status_code == 200
    refused = adas.post(f"{SEND}/{row.id}/release")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")


def test_another_publishers_program_releases_what_waits(
    adas: Client, graces: Client, alice: Account, bob: Account, now: datetime
) -> None:
    send(adas)
    work_once(now=now)
    released = graces.post(f"{SEND}/{Publication.objects.get().id}/release").json()
    assert (released["state"], released["released_by"]) == ("released", "staff\\grace")


def test_where_policy_asks_for_two_persons_no_program_is_one(
    adas: Client, graces: Client, alice: Account, bob: Account, now: datetime, settings: Settings
) -> None:
    send(adas)
    work_once(now=now)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    row = Publication.objects.get()
    answers = [send(graces, release=True), graces.post(f"{SEND}/{row.id}/release")]
    assert [(answer.status_code, answer.json()["detail"]) for answer in answers] == [(403, sending.TWO_PERSONS)] * 2
    row.refresh_from_db()
    assert row.state == "sealed"


def test_what_is_held_waits_for_a_person(adas: Client, alice: Account, now: datetime) -> None:
    place = send(adas, TEXT + b"a,b\n")["Location"]
    work_once(now=now)
    ended = adas.get(place).json()
    assert (ended["state"], ended["exit_code"]) == ("held", 7)
    assert adas.post(f"{SEND}/{ended['publication']}/release").status_code == 409
    assert Publication.objects.get().state == "held"


def test_everything_that_is_not_there_is_said_in_the_same_form(adas: Client, db: None) -> None:
    for address in ("/api/v1/nowhere", "/api/v1/publications/", "/api/v1/uploads/7", f"{SEND}/{UUID(int=7)}"):
        missing = adas.get(address)
        assert (missing.status_code, missing["Content-Type"]) == (404, "application/problem+json"), address
    wrong = adas.delete(SEND)
    assert (wrong.status_code, wrong["Content-Type"]) == (405, "application/problem+json")
    assert set(wrong["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


def test_the_description_is_for_everybody(db: None) -> None:
    stranger = program()
    assert stranger.get("/api/v1/").json() == {"openapi": "/api/v1/openapi.json"}
    found = stranger.get("/api/v1/openapi.json").json()
    assert found["openapi"].startswith("3.1")
    assert set(found["paths"]) == {
        "/api/v1/publications",
        "/api/v1/publications/{publication_id}",
        "/api/v1/publications/{publication_id}/release",
        "/api/v1/publications/{publication_id}/recall",
        "/api/v1/uploads/{upload_id}",
    }
    assert all(act["security"] == [{"PublisherToken": []}] for acts in found["paths"].values() for act in acts.values())


def test_a_slip_in_the_address_is_told_and_nothing_is_taken(adas: Client, data_folder: Path) -> None:
    slip = adas.generic("POST", f"{SEND}?kind={BOOK}&as_of={MONDAY}&realease=true", TEXT, "text/csv")
    assert (slip.status_code, slip["Content-Type"]) == (400, "application/problem+json")
    assert "known are: as_of, kind, name, release." in slip.json()["detail"]
    assert not StagedUpload.objects.exists()
    assert adas.get(f"{SEND}?offset=0&page=2").status_code == 400
    assert adas.get(f"{SEND}/{UUID(int=7)}?state=released").status_code == 400


def end_token(ada: Account, now: datetime) -> None:
    (token,) = ApiToken.objects.filter(account=ada)
    assert api_tokens.end(account=ada, token_id=token.id, by=SHELL, now=now)


def expire_token(ada: Account, now: datetime) -> None:
    ApiToken.objects.filter(account=ada).update(expires_at=now)


def disable_owner(ada: Account, now: datetime) -> None:
    disable(account=ada, reason="left on Friday", by=SHELL, now=now)


def change_role(ada: Account, now: datetime) -> None:
    Account.objects.filter(pk=ada.pk).update(role=StaffRole.AUDITOR)


@pytest.mark.parametrize("meanwhile", [end_token, expire_token, disable_owner, change_role])
def test_a_release_is_not_made_for_who_may_ask_for_it_no_longer(
    meanwhile: Callable[[Account, datetime], None],
    adas: Client,
    graces: Client,
    ada: Account,
    alice: Account,
    bob: Account,
    now: datetime,
) -> None:
    """The file waits in the queue; when its turn comes the gate is asked once more. The week itself is not lost."""
    send(adas, release=True)
    meanwhile(ada, now)
    work_once(now=now)
    row, upload = Publication.objects.get(), StagedUpload.objects.get()
    assert (row.state, upload.outcome) == ("sealed", "published")
    assert upload.message[0].startswith("not released, though it was asked for")
    refused = events("publication:release:refused", str(row.id))
    assert [event.actor for event in refused] == ["staff\\ada"]
    assert not OutboxMail.objects.filter(kind="book_ready").exists()
    assert graces.post(f"{SEND}/{row.id}/release").status_code == 200


def test_the_gate_is_asked_at_the_release_and_not_when_the_worker_begins(
    adas: Client, ada: Account, alice: Account, bob: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = seal_publication

    def seal(*args: Any, **more: Any) -> None:
        sealed(*args, **more)
        end_token(ada, now)

    monkeypatch.setattr(publishing, "seal_publication", seal)
    send(adas, release=True)
    work_once(now=now)
    assert Publication.objects.get().state == "sealed"
