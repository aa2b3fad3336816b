"""Each member of staff sees at once what waits for them; no member of staff ever sees a book."""

import ast
from datetime import datetime, timedelta
from pathlib import Path

import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

import extranet.web.staff
from extranet.audit.actions import Action
from extranet.audit.record import Actor
from extranet.credentials.models import Account
from extranet.mail.models import Canary, MailState, OutboxMail
from extranet.profile.loader import current
from extranet.reports.models import PublicationState
from extranet.reports.publish import publish
from extranet.service_center.intake import receive
from tests.agents.conftest import EVERYBODY, as_csv
from tests.credentials.people import events
from tests.reports.exchange import ALICE, BOB, BOOK, CONDITIONAL, LAST_MONDAY, MONDAY, book_row, csv_file
from tests.web.people import Answer, text_of
from tests.web.staff.people import at_work

ADA = Actor("staff", "staff\\ada")
PLANTED = "Plantedname"
LAST_WEEK = [book_row(ALICE, 1, last_name=PLANTED, extract_date=LAST_MONDAY.isoformat()), book_row(BOB, 2)]


def tasks(page: Answer) -> dict[str, int]:
    return {task.words: task.count for task in page.context["tasks"]}


def test_nothing_waits_on_a_quiet_day(staff_clients: dict[str, Client]) -> None:
    pages = [client.get("/staff/") for client in staff_clients.values()]
    assert [page.status_code for page in pages] == [200] * 4
    assert all("Nothing waits for you." in text_of(page) for page in pages)


def test_an_agent_and_a_stranger_have_no_staff_home(alices: Client, client: Client) -> None:
    assert alices.get("/staff/").status_code == 403
    assert client.get("/staff/")["Location"].startswith("/login/")


def test_publishers_see_what_waits_for_release(
    staff_clients: dict[str, Client], alice: Account, bob: Account, now: datetime
) -> None:
    publish(kind=BOOK, source=csv_file([book_row(ALICE, 1)]), as_of=MONDAY, by=ADA, now=now)
    found = {role: tasks(client.get("/staff/")) for role, client in staff_clients.items()}
    assert found.pop("publisher") == {"sealed, waiting for release": 1}
    assert set(map(len, found.values())) == {0}


def test_a_roster_waits_for_publishers_and_administrators(staff_clients: dict[str, Client]) -> None:
    file = SimpleUploadedFile("roster.csv", as_csv(EVERYBODY))
    staff_clients["publisher"].post("/staff/roster/", {"file": file})
    words = "sent as a roster, waiting for a confirmation"
    seeing = [role for role, client in staff_clients.items() if words in tasks(client.get("/staff/"))]
    assert seeing == ["publisher", "administrator"]


def test_the_desk_sees_requests_by_their_clock(desk: Client, auditor: Client, now: datetime) -> None:
    for hours in (49, 25, 1):
        receive(
            name="Alice Example",
            license=ALICE,
            email="alice@agents.test",
            telephone="9165550143",
            text="I cannot get in.",
            network=f"198.51.{hours}.0/24",
            now=now - timedelta(hours=hours),
        )
    assert tasks(desk.get("/staff/")) == {"requests overdue": 1, "requests due": 1, "other open requests": 1}
    assert tasks(auditor.get("/staff/")) == {}


def test_lost_mails_are_seen_by_who_can_do_something(staff_clients: dict[str, Client], now: datetime) -> None:
    for number, age in ((1, timedelta(days=1)), (2, timedelta(days=15))):
        _lost_mail(number, at=now - age)
    found = {role: tasks(client.get("/staff/")) for role, client in staff_clients.items()}
    assert found["service_desk"] == found["administrator"] == {"mails never arrived": 1}
    assert found["publisher"] == {}


def _lost_mail(number: int, *, at: datetime) -> None:
    OutboxMail.objects.create(
        key=f"book_ready:{number}",
        kind="book_ready",
        about="alice",
        sender="service_center",
        to_address="alice@agents.test",
        subject="Ready",
        message_id=f"<{number}@portal.test>",
        state=MailState.GAVE_UP,
        posted_at=at,
        next_attempt_at=at,
        give_up_at=at,
    )


def test_a_monday_run_that_its_canary_stopped_is_seen_by_who_can_do_something(
    staff_clients: dict[str, Client], now: datetime
) -> None:
    words = "Monday run stopped: the test mail did not come back secured"
    Canary.objects.create(number="c", phrase="p", state="late", for_run=True, asked_at=now, late_at=now)
    found = {role: tasks(client.get("/staff/")) for role, client in staff_clients.items()}
    assert {role for role, waiting in found.items() if waiting.get(words)} == {"service_desk", "administrator"}


def test_auditors_see_refused_pages(auditor: Client, alices: Client) -> None:
    alices.get("/staff/publications/")
    assert tasks(auditor.get("/staff/")) == {"pages refused since yesterday": 1}


def test_a_late_report_is_seen_by_everybody(
    desk: Client, dora: Account, alice: Account, bob: Account, now: datetime, clock: time_machine.Traveller
) -> None:
    publish(kind=BOOK, source=csv_file(_dated(LAST_WEEK)), as_of=LAST_MONDAY, by=ADA, now=now, release=True)
    titles = [current().reports[kind].title for kind in (BOOK, CONDITIONAL)]
    rows = {row[0]: row for row in desk.get("/staff/").context["reports"]}
    assert rows[titles[0]][1::2] == ("Monday, November 9, 2026", "not late")
    assert rows[titles[1]][1] == "nothing yet"
    clock.shift(timedelta(hours=3))  # noon
    rows = {row[0]: row for row in at_work(dora).get("/staff/").context["reports"]}
    assert rows[titles[0]][3] == "late: the one of Monday, November 16, 2026 is missing"


def _dated(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "extract_date": LAST_MONDAY.isoformat()} for row in rows]


def test_no_role_opens_a_book_or_sees_a_consumer(
    staff_clients: dict[str, Client], alice: Account, bob: Account, now: datetime
) -> None:
    file = csv_file(_dated(LAST_WEEK))
    row = publish(kind=BOOK, source=file, as_of=LAST_MONDAY, by=ADA, now=now, release=True).publication
    assert row is not None
    assert row.state == PublicationState.RELEASED
    books = (f"/reports/{BOOK}/", f"/reports/{BOOK}/?agent={ALICE}", f"/reports/{BOOK}/download/?format=csv")
    for client in staff_clients.values():
        assert [client.get(path).status_code for path in books] == [403] * 3
        assert PLANTED not in text_of(client.get("/staff/"))
    for path in ("/staff/publications/", f"/staff/publications/{row.id}/", "/staff/publications/upload/"):
        assert PLANTED not in text_of(staff_clients["publisher"].get(path))
    assert not events(Action.BOOK_VIEWED)
    assert not events(Action.BOOK_DOWNLOADED)


def test_no_staff_page_knows_the_door_to_the_books() -> None:
    folder = Path(extranet.web.staff.__file__).parent
    files = sorted(folder.glob("*.py"))
    assert len(files) > 5
    assert {path.name: found for path in files if (found := _imports(path) & DOORS)} == {}


DOORS = {f"extranet.reports.{name}" for name in ("shelf", "book", "render", "seal", "lines", "header", "pack", "split")}
DOORS |= {"extranet.vault.packs", "extranet.vault.stores"}


def _imports(path: Path) -> set[str]:
    """Modules that a file names, and for ``from package import module`` that module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found
