"""Auditors read the trail, prove that it is whole and take it away; each of these stands in it (AU-9, AU-11)."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import transaction
from django.test import Client

from extranet.audit import chain, checkpoints
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.reading import LINES, last_verification_failed
from extranet.audit.record import Actor, record
from extranet.credentials.models import StaffRole
from tests.credentials.people import events
from tests.web.people import text_of

ALICE = Actor("agent", "CC_1H10001", "192.0.2.0/24")
BOB = Actor("agent", "CC_1H10002", "192.0.2.0/24")
SEALED = pytest.mark.django_db(transaction=True)  # PostgreSQL: only what was committed can be sealed


def happened(action: Action, actor: Actor, at: datetime, subject: str = "", **detail: str | int) -> None:
    with transaction.atomic():
        record(action=action, now=at, actor=actor, subject=subject, detail=detail)


@pytest.fixture
def trail(db: None, now: datetime) -> None:
    """What Alice and Bob did this morning, and Bob the evening before."""
    happened(Action.BOOK_VIEWED, BOB, datetime(2026, 11, 16, 7, 59, tzinfo=UTC), "book of 1H10002", rows=7)
    happened(Action.BOOK_VIEWED, ALICE, datetime(2026, 11, 16, 8, 0, tzinfo=UTC), "book of 1H10001", rows=3)
    happened(Action.LOGOUT, ALICE, now, "CC_1H10001")


def rows_of(client: Client, **filters: str) -> int:
    return text_of(client.get("/staff/audit/", filters)).count('scope="row"')


def test_the_newest_comes_first_with_its_facts(trail: None, auditor: Client) -> None:
    page = text_of(auditor.get("/staff/audit/"))
    places = [page.index(words) for words in ('data-label="Action">account:logout:done', "rows: 3", "rows: 7")]
    assert places == sorted(places)
    assert "CC_1H10001 (agent)" in page


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"action": "book:view:done"}, 2),
        ({"actor": "CC_1H10001"}, 2),
        ({"actor": "CC_1H10001", "action": "account:logout:done"}, 1),
        ({"subject": "book of 1H10002"}, 1),
        ({"day": "2026-11-16", "actor": "CC_1H10001"}, 2),
        ({"day": "2026-11-16", "actor": "CC_1H10002"}, 0),
        ({"day": "2026-11-15", "actor": "CC_1H10002"}, 1),
        ({"actor": "CC_1H1000"}, 0),
    ],
)
def test_the_filters_and_a_day_of_the_exchange(
    trail: None, auditor: Client, filters: dict[str, str], count: int
) -> None:
    assert rows_of(auditor, **filters) == count


@pytest.mark.parametrize("filters", [{"day": "soon"}, {"action": "nonsense"}])
def test_a_filter_that_means_nothing_is_said_so(trail: None, auditor: Client, filters: dict[str, str]) -> None:
    answer = auditor.get("/staff/audit/", filters)
    assert answer.status_code == 422
    assert 'role="alert"' in text_of(answer)
    assert 'scope="row"' not in text_of(answer)


def test_reading_it_stands_in_it_and_not_on_the_same_page(trail: None, auditor: Client) -> None:
    assert rows_of(auditor, action="audit:trail:read") == 0
    read = events("audit:trail:read")
    assert [(event.actor, event.detail) for event in read] == [("staff\\otto", {"action": "audit:trail:read"})]
    assert rows_of(auditor, action="audit:trail:read") == 1


def test_older_events_are_a_page_away_and_none_is_lost(trail: None, auditor: Client, now: datetime) -> None:
    for number in range(LINES + 5):
        happened(Action.BOOK_VIEWED, BOB, now, f"view {number}")
    found, address = [], "/staff/audit/?actor=CC_1H10002&subject=&action=book%3Aview%3Adone"
    for _ in range(3):
        page = text_of(auditor.get(address))
        found.append(page.count('scope="row"'))
        if 'rel="next"' not in page:
            break
        query = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0].replace("&amp;", "&")
        address = f"/staff/audit/{query}"
    assert found == [LINES, 6]


@SEALED
def test_a_whole_trail_is_found_whole(trail: None, auditor: Client, now: datetime) -> None:
    chain.seal(now=now)
    for _ in range(2):
        assert "The trail is whole" in text_of(auditor.post("/staff/audit/verify/"))
    assert not last_verification_failed()
    verified = events("audit:trail:verified")
    assert [(event.actor, event.detail["ok"]) for event in verified] == [("staff\\otto", True)] * 2


@SEALED
def test_a_forged_checkpoint_is_found_and_said(trail: None, auditor: Client, now: datetime) -> None:
    sealed = chain.seal(now=now)
    (file,) = checkpoints.folder().glob("*.jsonl")
    file.write_text(file.read_text().replace(f'"count": {sealed}', f'"count": {sealed - 1}'))
    page = text_of(auditor.post("/staff/audit/verify/"))
    assert "The trail is not what was sealed" in page
    assert "is not signed by this signing key" in page
    assert 'role="alert"' in page
    assert events("audit:trail:verified")[-1].detail["ok"] is False
    assert last_verification_failed()


def test_verifying_is_a_button_and_no_address(trail: None, auditor: Client) -> None:
    assert auditor.get("/staff/audit/verify/").status_code == 405


@SEALED
def test_the_export_is_streamed_and_complete(trail: None, auditor: Client, now: datetime) -> None:
    chain.seal(now=now)
    sealed = Event.objects.count()
    answer = auditor.get("/staff/audit/export/")
    assert answer.streaming
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-2026-11-16.jsonl"'
    lines = [json.loads(line) for line in answer.getvalue().decode().splitlines()]
    assert sum("event" in line for line in lines) == sealed
    assert sum("batch" in line for line in lines) == 1
    exported = events("audit:trail:read")[-1]
    assert (exported.actor, exported.detail["export"], exported.detail["events"]) == ("staff\\otto", True, sealed)


def test_only_auditors_enter(trail: None, staff_clients: dict[str, Client], alices: Client) -> None:
    for path in ("/staff/audit/", "/staff/audit/export/"):
        admitted = [role for role, client in staff_clients.items() if client.get(path).status_code == 200]
        assert admitted == [StaffRole.AUDITOR]
        assert alices.get(path).status_code == 403
    others = [client for role, client in staff_clients.items() if role != StaffRole.AUDITOR]
    assert {client.post("/staff/audit/verify/").status_code for client in (*others, alices)} == {403}


def test_days_change_at_the_exchanges_midnight_in_summer_too(auditor: Client) -> None:
    midnight = datetime(2026, 7, 1, 7, 0, tzinfo=UTC)  # PDT
    for minutes in (-1, 0):
        happened(Action.LOGOUT, BOB, midnight + timedelta(minutes=minutes))
    assert rows_of(auditor, actor="CC_1H10002", day=date(2026, 7, 1).isoformat()) == 1
