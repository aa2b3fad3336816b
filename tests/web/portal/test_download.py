"""A download is exactly the view, audited with its size; who lost access gets no byte of it (J2, J28)."""

import csv
import io
import json
from datetime import datetime, timedelta
from typing import Any

import openpyxl
import polars as pl
import pytest
import time_machine
from django.test import Client

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent, CertificationStatus
from extranet.credentials.disable import disable
from extranet.credentials.models import Account
from extranet.reports import render as rendering
from extranet.reports import shelf
from tests.credentials.people import DESK, events
from tests.reports.exchange import ALICE, BOB, LAST_MONDAY, book_row
from tests.web.people import Answer, browser, log_in, signed_in, text_of
from tests.web.portal.conftest import Publish, agent_of

BOOK = "/reports/book-of-business/"
FILE = f"{BOOK}download/"


def sheet_of(answer: Answer) -> list[dict[str, Any]]:
    """The rows of an XLSX answer, opened as a stranger's program would."""
    rows = openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(values_only=True)
    headers = next(rows)
    return [dict(zip(headers, row, strict=True)) for row in rows]


def lines_of(answer: Answer) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_the_default_is_excel_with_every_column_and_only_the_own_rows(alices: Client, published: None) -> None:
    answer = alices.get(FILE)
    assert answer.headers["Content-Type"].endswith("spreadsheetml.sheet")
    rows = sheet_of(answer)
    assert {row["Last Name"] for row in rows} == {"Nuñez-Ortega", "Abbott", "<b>Bold</b>"}
    assert {row["Agent License"] for row in rows} == {ALICE}
    assert {row["Case Number"] for row in rows} == {"5004300001", "5004300002", "5004300003"}  # texts
    assert "=1+1" in {row["First Name"] for row in rows}  # a text, not a formula


def test_it_is_an_attachment_with_a_plain_name_that_nobody_keeps(alices: Client, published: None) -> None:
    answer = alices.get(FILE, {"format": "csv"})
    expected = f'attachment; filename="book-of-business-2026-11-16-{ALICE}.csv"'
    assert answer.headers["Content-Disposition"] == expected
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_file_holds_exactly_the_filtered_and_searched_view(alices: Client, published: None) -> None:
    filtered = lines_of(alices.get(FILE, {"format": "csv", "enrollment_status": "Pending"}))
    assert [row["Last Name"] for row in filtered] == ["Abbott"]
    view = alices.post(BOOK, {"search": "nunez"}).headers["Location"].partition("?")[2]
    assert len(lines_of(alices.get(f"{FILE}?{view}&format=csv"))) == 1
    by_name = lines_of(alices.get(FILE, {"format": "csv", "sort": "-last_name"}))
    assert [row["Last Name"] for row in by_name] == ["Nuñez-Ortega", "Abbott", "<b>Bold</b>"]


def test_json_has_the_keys_of_the_layout(alices: Client, published: None) -> None:
    whole = json.loads(alices.get(FILE, {"format": "json"}).content)
    assert whole["as_of"] == "2026-11-16"
    assert {row["agent_license"] for row in whole["rows"]} == {ALICE}


def test_parquet_is_the_same_view_under_the_same_name(alices: Client, alice: Account, published: None) -> None:
    answer = alices.get(FILE, {"format": "parquet", "enrollment_status": "Pending"})
    rows = pl.read_parquet(io.BytesIO(answer.content))
    assert (rows["last_name"].to_list(), rows["agent_license"].to_list()) == (["Abbott"], [ALICE])
    assert (
        answer.headers["Content-Disposition"] == f'attachment; filename="book-of-business-2026-11-16-{ALICE}.parquet"'
    )
    assert answer.headers["Content-Type"] == "application/vnd.apache.parquet"
    (event,) = events("book:download:done", ALICE)
    assert (event.detail["format"], event.detail["rows"], event.detail["bytes"]) == ("parquet", 1, len(answer.content))


def test_the_page_offers_every_format_of_its_view(alices: Client, published: None) -> None:
    page = text_of(alices.get(BOOK, {"enrollment_status": "Pending"}))
    for format in ("xlsx", "csv", "json", "parquet"):
        assert f'href="{FILE}?enrollment_status=Pending&amp;format={format}"' in page


def test_a_download_has_all_pages(alices: Client, alice: Account, publish_rows: Publish) -> None:
    publish_rows(book_row(ALICE, number) for number in range(130))
    assert len(lines_of(alices.get(FILE, {"format": "csv", "page": "2"}))) == 130


def test_a_past_week_can_be_taken(alices: Client, alice: Account, publish_rows: Publish) -> None:
    publish_rows([book_row(ALICE, 1, last_name="Before")], as_of=LAST_MONDAY)
    publish_rows([book_row(ALICE, 1, last_name="Now")])
    assert lines_of(alices.get(FILE, {"format": "csv", "week": str(LAST_MONDAY)}))[0]["Last Name"] == "Before"


def test_each_download_is_in_the_trail_with_its_size(alices: Client, alice: Account, published: None) -> None:
    answer = alices.get(FILE, {"format": "csv"})
    (event,) = events("book:download:done", ALICE)
    assert event.actor == alice.username
    assert (event.detail["bytes"], event.detail["rows"]) == (len(answer.content), 3)


def test_charlie_takes_an_empty_file_and_nobody_s_rows(charlies: Client, published: None) -> None:
    assert sheet_of(charlies.get(FILE)) == []
    assert lines_of(charlies.get(FILE, {"format": "csv"})) == []


@pytest.mark.parametrize("license", [BOB, BOB.lower(), "9Z99999"])
def test_an_address_with_another_license_gets_nothing(alices: Client, published: None, license: str) -> None:
    assert alices.get(FILE, {"agent": license, "format": "csv"}).status_code == 404
    assert not events("book:download:done")
    assert events("book:view:refused")


def test_a_stranger_is_sent_to_the_login(published: None) -> None:
    assert browser().get(FILE).headers["Location"].startswith("/login/?next=")


@pytest.mark.parametrize("format", ["exe", "XLSX", "parq", "", "../x"])
def test_other_formats_do_not_exist(alices: Client, published: None, format: str) -> None:
    assert alices.get(FILE, {"format": format}).status_code == 404


def test_before_anything_was_published_there_is_no_file(alices: Client) -> None:
    assert alices.get(FILE).status_code == 404


def test_a_view_of_another_session_is_gone(alices: Client, bobs: Client, published: None) -> None:
    view = alices.post(BOOK, {"search": "nunez"}).headers["Location"].partition("?")[2]
    answer = bobs.get(f"{FILE}?{view}")
    assert answer.status_code == 410
    assert not events("book:download:done")


def test_only_a_get_builds_a_file(alices: Client, published: None) -> None:
    assert alices.head(FILE).status_code == 405
    assert alices.post(FILE).status_code == 405
    assert not events("book:download:done")


# Losing access in the middle


def decertified(agent: Agent) -> None:
    Agent.objects.filter(pk=agent.pk).update(status=CertificationStatus.DECERTIFIED)


@pytest.mark.parametrize("format", ["xlsx", "csv", "json"])
def test_decertified_while_the_file_is_built_nothing_is_sent(
    alices: Client, alice: Account, published: None, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    built = []

    def build(*args: Any) -> bytes:
        body = rendering.render(*args)
        decertified(agent_of(alice))
        built.append(body)
        return body

    monkeypatch.setattr(shelf, "render", build)
    answer = alices.get(FILE, {"format": format})
    assert built
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login/?ended=decertified"
    assert b"Nu" not in answer.content
    assert not events("book:download:done")
    assert [event.detail["reason"] for event in events("book:view:refused", ALICE)] == ["decertified"]
    assert "Your access has ended" in alices.get("/login/?ended=decertified").content.decode()


def test_who_leaves_the_agency_while_the_manager_s_file_is_built_is_not_in_it(
    alices: Client, alice: Account, bob: Account, published: None, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    agency = Agency.objects.create(license="0K54321", name="Example Insurance")
    for account, role in ((alice, AgencyRole.AGENCY_MANAGER), (bob, AgencyRole.AGENT)):
        before = now - timedelta(days=9)
        AgencyMembership.objects.create(agent=agent_of(account), agency=agency, role=role, from_at=before)
    assert lines_of(alices.get(FILE, {"agent": BOB, "format": "csv"}))[0]["Last Name"] == "Quux"

    def build(*args: Any) -> bytes:
        AgencyMembership.objects.filter(agent=agent_of(bob)).update(until_at=now)
        return rendering.render(*args)

    monkeypatch.setattr(shelf, "render", build)
    answer = alices.get(FILE, {"agent": BOB, "format": "csv"})
    assert answer.status_code == 404
    assert b"Quux" not in answer.content
    assert len(events("book:download:done", BOB)) == 1
    assert [event.detail["reason"] for event in events("book:view:refused", BOB)]


def test_disabled_in_the_middle_of_a_session_the_next_page_is_the_login(
    alices: Client, alice: Account, bobs: Client, published: None, now: datetime
) -> None:
    assert alices.get(BOOK).status_code == 200
    disable(account=alice, reason="left", by=DESK, now=now)
    for page in (BOOK, FILE, "/account/", "/account/password/", "/agreement/"):
        assert alices.get(page).headers["Location"].startswith("/login/")
    assert log_in(alices, alice).status_code == 200
    assert bobs.get(BOOK).status_code == 200


def test_an_expired_password_ends_downloads_at_midnight(
    alice: Account, published: None, clock: time_machine.Traveller
) -> None:
    clock.shift(timedelta(days=40))
    signed_in(alice)  # else 60 days without a login would be reason enough
    clock.move_to(datetime.fromisoformat("2027-01-16T07:59:00+00:00"))
    client = signed_in(alice)
    assert client.get(FILE).status_code == 200
    clock.shift(timedelta(minutes=1))
    assert client.get(FILE).status_code == 302
    assert len(events("book:download:done")) == 1
