"""A held publication on the staff pages: figures side by side, the list of faults to take along, how far a run is."""

import csv
import io
from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client

from extranet.audit.actions import Action
from extranet.credentials.models import Account, LiveSession
from extranet.reports.checks import FAULTS_KEPT
from extranet.reports.models import Frame, Publication, StagedUpload
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, LAST_MONDAY, MONDAY, book_row, csv_file
from tests.web.people import Answer, text_of
from tests.web.staff.test_publications import ADA, address, fresh

PLANTED = "Plantedname"
ROWS = [book_row(ALICE, number, last_name=PLANTED) for number in range(1, 31)] + [book_row(BOB, 31)]
FAULTY = book_row(BOB, 40, date_of_birth="31.12.1980", last_name=PLANTED)


@pytest.fixture
def held(db: None, now: datetime, alice: Account, bob: Account) -> Publication:
    """Alice's book lost half of its rows, and a row is faulty."""
    last = [{**row, "extract_date": LAST_MONDAY.isoformat()} for row in ROWS]
    publish(kind=BOOK, source=csv_file(last), as_of=LAST_MONDAY, by=ADA, now=now, release=True)
    with pytest.raises(PublicationHeld) as caught:
        publish(kind=BOOK, source=csv_file([*ROWS[:15], FAULTY]), as_of=MONDAY, by=ADA, now=now)
    return Publication.objects.get(id=caught.value.publication_id)


@pytest.fixture
def running(db: None, now: datetime) -> Publication:
    progress = {"stage": "seal", "done": 40, "total": 100, "rate": 20.0, "left": 3, "at": now.isoformat()}
    return Publication.objects.create(
        kind=BOOK, as_of=MONDAY, state="checked", layout_version="1", received_at=now, received_by="staff\\ada",
        progress=progress,
    )  # fmt: skip


def rows_of(answer: Answer) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def test_each_stop_shows_its_figures_beside_those_of_the_week_before(publisher: Client, held: Publication) -> None:
    page = publisher.get(address(held))
    tables = {text.split(",")[0]: sides for text, sides in page.context["stops"]}
    assert tables["1 of 16 rows are faulty"] == [("Faulty rows", "–", "1 of 16", "6.2%", "2%")]
    assert [ALICE, "30", "15", "-50.0%", "-40%"] in [list(side) for sides in tables.values() for side in sides]
    text = text_of(page)
    assert "Week before" in text
    for number in range(1, len(tables) + 1):
        assert f'id="stop-{number}-caption"' in text


def test_once_overruled_the_figures_stay_and_who_did_it(
    publisher: Client, second_publisher: Client, held: Publication
) -> None:
    second_publisher.post(address(held, "release/"), {"reason": "Alice sold half of her book."})
    page = publisher.get(address(held))
    assert page.context["stops"]
    assert "Held: a person must look" not in text_of(page)
    assert "by staff\\grace: Alice sold half of her book." in text_of(page)


def test_the_fault_list_has_line_column_and_reason_and_is_audited(publisher: Client, held: Publication) -> None:
    assert address(held, "faults.csv") in text_of(publisher.get(address(held)))
    answer = publisher.get(address(held, "faults.csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="faults-book-of-business-2026-11-16-r1.csv"'
    heading, *rows = rows_of(answer)
    assert heading == ["Line", "Column", "Reason"]
    assert [row[:2] for row in rows] == [["17", "Date of Birth"]]
    assert PLANTED not in answer.content.decode()
    assert "31.12.1980" not in answer.content.decode()
    (event,) = events(Action.PUBLICATION_FAULTS_LISTED)
    assert (event.actor, event.subject, event.detail["faults"]) == ("staff\\ada", str(held.id), 1)


def test_a_list_that_was_cut_says_so(publisher: Client, held: Publication) -> None:
    Publication.objects.filter(id=held.id).update(quarantined=5_000)
    said = "he list is cut: it names the first 1 of 5,000 faulty rows"
    assert said in rows_of(publisher.get(address(held, "faults.csv")))[-1][2]
    assert said in text_of(publisher.get(address(held)))


def test_of_very_many_faults_the_first_are_listed_and_all_are_counted(
    publisher: Client, alice: Account, bob: Account, now: datetime
) -> None:
    good = [book_row(ALICE, number) for number in range(100)]
    faulty = [book_row(BOB, number, res_zip="x", household_size="x") for number in range(100, 1_500)]
    with pytest.raises(PublicationHeld) as caught:
        publish(kind=BOOK, source=csv_file([*good, *faulty, *good]), as_of=MONDAY, by=ADA, now=now)
    row = Publication.objects.get(id=caught.value.publication_id)
    assert (row.rows_in, row.delivered, row.quarantined) == (1_600, 0, 1_600)
    assert sum(Frame.objects.filter(publication=row, frame="quarantine").values_list("rows", flat=True)) == 1_600
    _, *told, last = rows_of(publisher.get(address(row, "faults.csv")))
    assert len(told) == FAULTS_KEPT
    lines = [int(line) for line, _, _ in told]
    assert lines == sorted(lines)
    assert set(lines) == set(range(2, 2 + len(set(lines))))  # the first lines, each with all that is wrong with it
    assert {line: lines.count(line) for line in lines[100:-1]} == dict.fromkeys(lines[100:-1], 2)
    said = f"he list is cut: it names the first {len(set(lines)):,} of 1,600 faulty rows"
    assert said in last[2]
    assert said in text_of(publisher.get(address(row)))


def test_a_run_shows_its_stage_and_the_time_left(publisher: Client, running: Publication) -> None:
    page = text_of(publisher.get(address(running)))
    piece = text_of(publisher.get(address(running, "progress/")))
    for text in (page, piece):
        assert '<label for="progress-bar">Sealing each agent&#x27;s part</label>' in text
        assert '<progress id="progress-bar" max="100" value="40">' in text
        assert "40%: 40 of 100 rows, 20 a second, 3 s left" in text
    assert f'data-progress-url="{address(running, "progress/")}"' in page
    assert "Look again" in page  # for who has no JavaScript
    assert "<html" not in piece


def test_a_run_that_is_over_says_so_and_is_not_asked_about_again(publisher: Client, running: Publication) -> None:
    Publication.objects.update(state="sealed")
    assert "data-over" in text_of(publisher.get(address(running, "progress/")))
    assert "data-progress-url" not in text_of(publisher.get(address(running)))


@pytest.mark.parametrize("digest", ["", "ab" * 32])
def test_the_page_of_an_upload_shows_the_run_too(
    digest: str, publisher: Client, running: Publication, now: datetime
) -> None:
    """The digest is known only once the file was read to its end."""
    Publication.objects.update(input_sha256=digest)
    upload = StagedUpload.objects.create(
        kind=BOOK,
        as_of=MONDAY,
        name="book.csv",
        sha256="ab" * 32,
        uploaded_by="staff\\ada",
        uploaded_at=now,
        arrived_at=now,
    )
    here = f"/staff/publications/uploads/{upload.id}/"
    for path in (here, f"{here}progress/"):
        assert 'value="40"' in text_of(publisher.get(path))
    StagedUpload.objects.update(outcome="published", finished_at=now)
    assert "data-over" in text_of(publisher.get(f"{here}progress/"))
    assert "data-progress-url" not in text_of(publisher.get(here))


def test_a_page_that_looks_by_itself_keeps_no_session_alive(
    publisher: Client, running: Publication, ada: Account, clock: time_machine.Traveller
) -> None:
    seen = LiveSession.objects.get(account=ada).last_seen_at
    clock.shift(timedelta(minutes=10))
    assert publisher.get(address(running, "progress/")).status_code == 200
    assert LiveSession.objects.get(account=ada).last_seen_at == seen
    clock.shift(timedelta(minutes=5))
    assert publisher.get(address(running, "progress/"))["Location"].startswith("/login/")


def test_nobody_else_looks_or_takes_the_list_along(
    held: Publication, staff_clients: dict[str, Client], alices: Client
) -> None:
    others = [alices, *(client for role, client in staff_clients.items() if role != "publisher")]
    for stranger in others:
        answers = [stranger.get(address(held, act)) for act in ("faults.csv", "progress/")]
        assert [answer.status_code for answer in answers] == [403, 403]
    assert events(Action.PUBLICATION_FAULTS_LISTED) == []
    assert fresh(held).state == "held"
