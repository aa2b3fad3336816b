"""Publishers see where every row went, release as policy says, and take back with a second thought."""

from collections.abc import Callable, Iterable
from datetime import date, datetime

import pytest
from django.test import Client
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.audit.record import Actor
from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.reports.models import Current, Publication
from extranet.reports.publish import publish
from extranet.reports.refusals import PublicationHeld
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, DORA, LAST_MONDAY, MONDAY, Row, book_row, csv_file
from tests.web.people import Answer, text_of

ADA = Actor("staff", "staff\\ada", "198.51.100.0/24")
PLANTED = "Plantedname"
ROWS = [book_row(ALICE, 1, last_name=PLANTED, net_premium="1186.03"), book_row(ALICE, 2), book_row(BOB, 3)]
FAULTY = book_row(BOB, 4, date_of_birth="31.12.1980", last_name=PLANTED)
Publish = Callable[..., Publication]
REASON = "The exchange confirmed the numbers by phone."


@pytest.fixture
def sent(db: None, now: datetime, alice: Account, bob: Account) -> Publish:
    """A file that Ada sent, as it stands afterwards; not released unless asked."""

    def run(rows: Iterable[Row], *, as_of: date = MONDAY, release: bool = False) -> Publication:
        dated = [{**row, "extract_date": as_of.isoformat()} for row in rows]
        try:
            publish(kind=BOOK, source=csv_file(dated), as_of=as_of, by=ADA, now=now, release=release)
        except PublicationHeld as held:
            return Publication.objects.get(id=held.publication_id)
        return Publication.objects.get(kind=BOOK, as_of=as_of, state__in=["sealed", "released"])

    return run


@pytest.fixture
def held(sent: Publish) -> Publication:
    """Half of its rows are faulty: a person must look."""
    return sent([ROWS[0], FAULTY])


def address(row: Publication, act: str = "") -> str:
    return f"/staff/publications/{row.id}/{act}"


def release(client: Client, row: Publication, **fields: str) -> Answer:
    return client.post(address(row, "release/"), fields)


def fresh(row: Publication) -> Publication:
    return Publication.objects.get(id=row.id)


def test_the_list_names_state_and_figures(publisher: Client, sent: Publish) -> None:
    sent([*ROWS, book_row(DORA, 5)], as_of=LAST_MONDAY, release=True)
    sent(ROWS)
    title = current().reports[BOOK].title
    page = publisher.get("/staff/publications/")
    rows = [[str(cell) for cell in row] for row in page.context["rows"]]
    assert [row[1:8] for row in rows] == [
        [title, "waits for release", "3", "3", "0", "0", "2"],
        [title, "released", "4", "3", "1", "0", "2"],
    ]
    assert 'name="file"' in text_of(page)


def test_the_list_of_one_kind_holds_only_that_kind(publisher: Client, sent: Publish) -> None:
    sent(ROWS)
    assert publisher.get("/staff/publications/?kind=conditional-eligibility").context["rows"] == []
    assert len(publisher.get(f"/staff/publications/?kind={BOOK}").context["rows"]) == 1
    assert publisher.get("/staff/publications/?kind=payroll&page=99").status_code == 200


def test_the_page_says_where_every_row_went(publisher: Client, sent: Publish) -> None:
    row = sent([*ROWS, book_row(DORA, 5)])
    page = publisher.get(address(row))
    told = dict(page.context["reconciled"])
    assert told["Rows in the file"] == "4"
    assert told["Delivered"] == "3, in 3 cases, to 2 agents"
    assert told["Unassigned"].startswith("1 of licenses")
    assert told["Sum"] == "4: agrees with the rows in the file"
    assert dict(page.context["sums"])["Net Premium"] == "1,186.03"


def test_faults_have_line_column_and_reason_and_no_page_a_value(publisher: Client, held: Publication) -> None:
    page = publisher.get(address(held))
    ((line, column, reason),) = page.context["faults"]
    assert (line, column) == ("3", "Date of Birth")
    assert reason
    for text in (text_of(page), text_of(publisher.get("/staff/publications/"))):
        assert PLANTED not in text
        assert "31.12.1980" not in text


def test_released_is_shown_to_all_and_twice_is_harmless(publisher: Client, sent: Publish) -> None:
    row = sent(ROWS)
    first, second = release(publisher, row), release(publisher, row)
    assert (first.status_code, second.status_code) == (302, 302)
    assert fresh(row).released_by == "staff\\ada"
    assert Current.objects.get().publication_id == row.id
    assert len(events(Action.PUBLICATION_RELEASED)) == 1


def test_a_get_releases_nothing(publisher: Client, sent: Publish) -> None:
    row = sent(ROWS)
    assert publisher.get(address(row, "release/")).status_code == 405
    publisher.get(address(row, "recall/"))
    assert fresh(row).state == "sealed"


def test_a_held_one_says_why_and_asks_a_second_person_for_a_reason(
    publisher: Client, second_publisher: Client, held: Publication
) -> None:
    assert "1 of 2 rows are faulty" in text_of(second_publisher.get(address(held)))
    for reason in ("", "   ", "SSN 123-45-6789 is right", "long " * 61):
        refused = release(second_publisher, held, reason=reason)
        assert refused.status_code == 422
        assert 'role="alert"' in text_of(refused)
    own = publisher.get(address(held))
    assert "another person than the one who sent the file" in text_of(own)
    assert address(held, "release/") not in text_of(own)
    assert release(publisher, held, reason=REASON).status_code == 422
    assert fresh(held).state == "held"
    assert release(second_publisher, held, reason=REASON).status_code == 302
    (event,) = events(Action.PUBLICATION_RELEASED)
    assert event.detail["reason"] == REASON
    assert event.detail["overruled"] == held.held_for
    assert f"by staff\\grace: {REASON}" in text_of(publisher.get(address(held)))


def test_where_policy_asks_for_two_another_person_releases(
    publisher: Client, second_publisher: Client, sent: Publish, settings: Settings
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    row = sent(ROWS)
    own = publisher.get(address(row))
    assert "another publisher than the one who sent the file" in text_of(own)
    assert address(row, "release/") not in text_of(own)
    refused = release(publisher, row)
    assert refused.status_code == 422
    assert 'role="alert"' in text_of(refused)
    assert fresh(row).state == "sealed"
    assert release(second_publisher, row).status_code == 302
    assert fresh(row).released_by == "staff\\grace"


def test_a_revision_that_stands_in_the_way_is_named(second_publisher: Client, held: Publication, sent: Publish) -> None:
    standing = sent(ROWS, release=True)
    refused = release(second_publisher, held, reason=REASON)
    assert refused.status_code == 409
    assert fresh(held).state != "released"
    assert fresh(standing).state == "released"


def test_recall_asks_first_and_goes_back_to_the_week_before(publisher: Client, sent: Publish) -> None:
    before, row = sent(ROWS, as_of=LAST_MONDAY, release=True), sent(ROWS, release=True)
    asked = text_of(publisher.get(address(row, "recall/")))
    assert "Monday, November 9, 2026" in asked
    assert Current.objects.get().publication_id == row.id
    answers = [publisher.post(address(row, "recall/")) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert Current.objects.get().publication_id == before.id
    assert fresh(row).recalled_by == "staff\\ada"
    assert len(events(Action.PUBLICATION_RECALLED)) == 1


def test_what_cannot_be_recalled_is_not_asked_about(publisher: Client, sent: Publish) -> None:
    row = sent(ROWS)
    Publication.objects.filter(id=row.id).update(state="expired")
    assert publisher.get(address(row, "recall/"))["Location"] == address(row)
    assert publisher.post(address(row, "recall/")).status_code == 409
    assert release(publisher, row).status_code == 409


def test_an_unknown_number_is_not_found(publisher: Client) -> None:
    nobodys = Publication()
    assert [publisher.get(address(nobodys, act)).status_code for act in ("", "recall/")] == [404, 404]
    assert release(publisher, nobodys).status_code == 404


def test_nobody_else_sees_releases_or_recalls(sent: Publish, staff_clients: dict[str, Client], alices: Client) -> None:
    row = sent(ROWS)
    others = [alices, *(client for role, client in staff_clients.items() if role != "publisher")]
    assert len(others) == 4
    for stranger in others:
        looks = [stranger.get(path) for path in ("/staff/publications/", address(row), address(row, "recall/"))]
        acts = [stranger.post(address(row, act)) for act in ("release/", "recall/")]
        assert [answer.status_code for answer in (*looks, *acts)] == [403] * 5
    assert fresh(row).state == "sealed"
