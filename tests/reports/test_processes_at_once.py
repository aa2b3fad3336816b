"""Several workers and commands of one site at once: one publication, whole weeks, no mail twice."""

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.jobs.worker import work_once
from extranet.mail.models import OutboxMail
from extranet.reports.manifest import manifest_name, store
from extranet.reports.models import Current, Frame, Publication, PublicationState
from tests.reports.conftest import Publish, make_agent
from tests.reports.exchange import ALICE, BOB, BOOK, LAST_MONDAY, MONDAY, Row, book_row, csv_text
from tests.reports.others import others

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = 3


def file_of(folder: Path, name: str, rows: list[Row]) -> str:
    path = folder / name
    path.write_text(csv_text(rows), encoding="utf-8")
    return str(path)


def a_week(day: date, word: str, rows: int = 40) -> list[Row]:
    """Alice's rows, each with the word of that week, and one of Bob's."""
    told = {"extract_date": day.isoformat(), "first_name": word}
    return [*(book_row(ALICE, number, **told) for number in range(1, rows + 1)), book_row(BOB, 999, **told)]


def require_one_publication() -> Publication:
    row = Publication.objects.get()
    assert row.state == PublicationState.RELEASED
    assert Current.objects.get().publication_id == row.id
    assert Frame.objects.filter(publication=row, agent__license=ALICE, frame="lines").count() == 1
    assert store().names() == sorted([row.pack, manifest_name(row.pack)])
    assert store().leftovers() == []
    assert Event.objects.filter(action="publication:release:done").count() == 1
    return row


def test_the_same_file_published_by_several_at_once_is_one_publication(
    alice: Agent, bob: Agent, now: datetime, tmp_path: Path
) -> None:
    file = file_of(tmp_path, "book.csv", a_week(MONDAY, "Week"))
    call = ["publish", now.isoformat(), BOOK, file, MONDAY.isoformat()]
    with others(*[call] * PROCESSES, data=tmp_path) as processes:
        for process in processes:
            process.go()
        ends = sorted(process.told() for process in processes)
    assert ends.count("released") == 1
    assert set(ends) <= {"released", "published already", "Conflict"}
    require_one_publication()


def test_of_several_files_of_one_day_one_is_published(alice: Agent, bob: Agent, now: datetime, tmp_path: Path) -> None:
    files = [file_of(tmp_path, f"{n}.csv", a_week(MONDAY, f"File{n}", rows=10 + n)) for n in range(PROCESSES)]
    calls = [["publish", now.isoformat(), BOOK, file, MONDAY.isoformat()] for file in files]
    with others(*calls, data=tmp_path) as processes:
        for process in processes:
            process.go()
        ends = [process.told() for process in processes]
    assert sorted(ends) == ["Conflict", "Conflict", "released"]
    assert require_one_publication().rows_in == 10 + ends.index("released") + 1


def test_who_reads_in_other_processes_while_weeks_are_switched_sees_whole_weeks(
    alice: Agent, bob: Agent, publish_rows: Publish, now: datetime, tmp_path: Path
) -> None:
    weeks = {LAST_MONDAY + timedelta(days=7 * n): 40 + n for n in range(4)}
    first, *later = weeks
    publish_rows(a_week(first, f"W{first}", weeks[first]), as_of=first)
    call = ["read", now.isoformat(), BOOK, ALICE, "first_name"]
    with others(call, call, data=tmp_path) as processes:
        for process in processes:
            process.go()
        for day in later:
            publish_rows(a_week(day, f"W{day}", weeks[day]), as_of=day)
        for process in processes:
            process.go()
        seen = [process.told() for process in processes]
    for each in seen:
        assert each[-1][0] == max(weeks).isoformat()
        assert all(values == [f"W{day}"] and rows == weeks[date.fromisoformat(day)] for day, values, rows in each)
    assert len({day for each in seen for day, _, _ in each}) > 1  # they did read while it was switched


def test_ready_mails_by_several_workers_are_one_an_agent(publish_rows: Publish, now: datetime, tmp_path: Path) -> None:
    licenses = [f"1H2{number:04d}" for number in range(30)]
    agents = [make_agent(license, f"Agent{license.lower()}") for license in licenses]
    row = publish_rows([book_row(license, number) for number, license in enumerate(licenses, 1)]).publication
    assert row is not None
    tell = ["tell", now.isoformat(), str(row.id)]
    with others(["work", now.isoformat()], tell, tell, data=tmp_path) as processes:
        for process in processes:
            process.go()
        run, *_told = [process.told() for process in processes]
    assert run == 1
    assert work_once(now=now) == 0
    keys = sorted(OutboxMail.objects.filter(kind="book_ready").values_list("key", flat=True))
    assert keys == sorted(f"book_ready:{row.id}:{agent.id}" for agent in agents)
