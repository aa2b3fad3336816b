"""Publishing (J2): each agent gets the own rows and nobody else's; a second run and a wrong file change nothing."""

import json
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from pytest_django import Settings

from extranet.agents.models import Agent, CertificationStatus, FormerLicense
from extranet.audit.actions import Action
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.jobs.leases import named_lock
from extranet.jobs.models import NamedLock
from extranet.reports import turn
from extranet.reports.manifest import is_signed, store
from extranet.reports.models import Current, Frame, Publication, PublicationState
from extranet.reports.publish import publish
from extranet.reports.recall import recall
from extranet.reports.refusals import Conflict, PublicationHeld, PublicationRefused, UsageRefused
from extranet.reports.release import release
from extranet.vault.processes import own_mark
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import (
    ALICE,
    BOB,
    BOOK,
    CONDITIONAL,
    DORA,
    LAST_MONDAY,
    MONDAY,
    Row,
    book_row,
    conditional_row,
    csv_file,
    csv_text,
)

ROWS = [book_row(ALICE, 1), book_row(BOB, 2), book_row(ALICE, 3), book_row(DORA, 4)]


def actions() -> list[str]:
    return list(Event.objects.order_by("id").values_list("action", flat=True))


def everything_stored() -> list[object]:
    return [
        sorted(Publication.objects.values_list("id", "state")),
        Frame.objects.count(),
        sorted(Current.objects.values_list("kind", "publication_id")),
        store().names(),
    ]


def test_alice_sees_alices_rows_bob_sees_bobs_and_charlie_nothing(
    alice: Agent, bob: Agent, charlie: Agent, publish_rows: Publish, open_for: Open
) -> None:
    outcome = publish_rows(ROWS)
    assert outcome.status == "released"
    cases = {agent.first_name: [row[1] for row in open_for(agent).rows] for agent in (alice, bob, charlie)}
    assert cases == {"Alice": ["5004300001", "5004300003"], "Bob": ["5004300002"], "Charlie": []}


def test_a_book_comes_back_cell_by_cell(alice: Agent, publish_rows: Publish, open_for: Open) -> None:
    row = book_row(ALICE, 1, last_name='Nuñez "Nu", Jr', res_address_1="1 Elm St\nUnit 2", member_premium="0.10")
    publish_rows([row])
    book = open_for(alice)
    assert [dict(zip((column.key for column in book.columns), found, strict=True)) for found in book.rows] == [row]


def test_counts_agree_and_the_manifest_is_signed(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    outcome = publish_rows(
        [*(book_row(ALICE, number) for number in range(1, 60)), book_row(BOB, 60, res_zip="x"), book_row(DORA, 61)]
    )
    row = Publication.objects.get()
    assert (outcome.counts.rows_in, outcome.counts.delivered, outcome.counts.unassigned) == (61, 59, 1)
    assert (outcome.counts.quarantined, outcome.counts.agents, outcome.counts.cases) == (1, 1, 59)
    assert is_signed(row.manifest, bytes(row.manifest_signature))
    assert row.manifest["sums"]["member_premium"] == f"{61 * 336.24:.2f}"
    assert not is_signed({**row.manifest, "cases": 60}, bytes(row.manifest_signature))
    with store().open(f"{row.pack}.manifest.json") as reader:
        assert json.loads(reader.read(0, reader.size()))["document"] == row.manifest


def test_both_reports_are_published_side_by_side(alice: Agent, publish_rows: Publish, open_for: Open) -> None:
    publish_rows([book_row(ALICE, 1)])
    publish_rows([conditional_row(ALICE, 1, days_remaining="-3")], kind=CONDITIONAL)
    assert Current.objects.count() == 2
    book = open_for(alice, kind=CONDITIONAL)
    assert book.at(book.rows[0], "days_remaining") == "-3"


@pytest.mark.parametrize("status", [CertificationStatus.SUSPENDED, CertificationStatus.DECERTIFIED])
def test_rows_of_who_is_not_certified_are_delivered_to_nobody(
    status: CertificationStatus, alice: Agent, publish_rows: Publish
) -> None:
    make_agent(DORA, "Dora", status=status)
    assert publish_rows(ROWS).counts.unassigned == 2
    assert not Frame.objects.filter(agent__license=DORA).exists()


def test_a_former_license_still_leads_to_its_agent(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    FormerLicense.objects.create(license=DORA, agent=alice, renamed_at=now)
    publish_rows([ROWS[0], ROWS[3]])
    assert Frame.objects.get(frame="lines").rows == 2


def test_the_same_file_again_is_published_already(alice: Agent, publish_rows: Publish) -> None:
    first = publish_rows(ROWS)
    before = everything_stored()
    again = publish_rows(ROWS)
    assert again.status == "published already"
    assert again.publication == first.publication
    assert everything_stored() == before


def test_the_same_file_again_with_release_finishes_what_was_not_released(alice: Agent, publish_rows: Publish) -> None:
    assert publish_rows(ROWS, release=False).status == "sealed"
    assert not Current.objects.exists()
    assert publish_rows(ROWS).status == "released"
    assert Publication.objects.get().state == PublicationState.RELEASED


def test_other_content_of_the_same_day_is_a_conflict_until_the_first_is_recalled(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime
) -> None:
    first = publish_rows(ROWS).publication
    assert first is not None
    with pytest.raises(Conflict, match="recall") as caught:
        publish_rows(ROWS[:2])
    assert caught.value.exit_code == 6
    recall(publication_id=first.id, by=publisher, now=now)
    second = publish_rows(ROWS[:2]).publication
    assert second is not None
    assert second.revision == 2


def test_a_refused_file_changes_nothing_but_the_trail(alice: Agent, publish_rows: Publish) -> None:
    publish_rows([{**row, "extract_date": "2026-11-09"} for row in ROWS], as_of=LAST_MONDAY)
    before = everything_stored()
    with pytest.raises(PublicationRefused) as caught:
        publish_rows([book_row(ALICE, 1), book_row(ALICE, 2, extract_date="2026-11-15")])
    assert caught.value.lines[0].startswith("line 3, Extract Date")
    assert everything_stored() == before
    assert actions()[-1] == Action.PUBLICATION_REFUSED


def test_a_trial_tells_everything_and_writes_nothing(alice: Agent, publish_rows: Publish) -> None:
    outcome = publish_rows([*ROWS, book_row(ALICE, 9, res_zip="x")], dry_run=True)
    assert (outcome.status, outcome.publication) == ("checked", None)
    assert (outcome.counts.delivered, outcome.counts.quarantined) == (2, 1)
    assert any("line 6, Residence ZIP" in line for line in outcome.lines)
    assert any(line.startswith("would be held") for line in outcome.lines)
    assert everything_stored() == [[], 0, [], []]
    assert not Event.objects.exists()


def test_an_unknown_report_is_wrong_usage(db: None, publisher: Actor, now: datetime) -> None:
    with pytest.raises(UsageRefused) as caught:
        publish(kind="nothing", source=BytesIO(b""), as_of=MONDAY, by=publisher, now=now)
    assert caught.value.exit_code == 2


def test_too_many_faulty_rows_hold_the_file_until_a_person_overrules(
    alice: Agent, publish_rows: Publish, publisher: Actor, now: datetime, open_for: Open
) -> None:
    rows = [*ROWS, book_row(ALICE, 9, res_zip="x")]
    with pytest.raises(PublicationHeld) as caught:
        publish_rows(rows)
    assert caught.value.exit_code == 7
    assert not Current.objects.exists()
    with pytest.raises(PublicationHeld) as again:
        publish_rows(rows)
    assert again.value.publication_id == caught.value.publication_id
    release(publication_id=caught.value.publication_id, by=publisher, now=now)
    assert len(open_for(alice).rows) == 2
    overruled = Event.objects.get(action=Action.PUBLICATION_RELEASED).detail["overruled"]
    assert overruled == ["1 of 5 rows are faulty, more than 2%"]


def test_a_file_much_smaller_than_last_weeks_is_held(alice: Agent, bob: Agent, publish_rows: Publish) -> None:
    publish_rows([{**row, "extract_date": "2026-11-09"} for row in ROWS], as_of=LAST_MONDAY)
    with pytest.raises(PublicationHeld, match="2 rows against 4"):
        publish_rows(ROWS[:2])


def test_a_correction_may_follow_a_held_file_and_replaces_it(alice: Agent, publish_rows: Publish) -> None:
    with pytest.raises(PublicationHeld):
        publish_rows([*ROWS, book_row(ALICE, 9, res_zip="x")])
    publish_rows(ROWS)
    states = Publication.objects.order_by("revision").values_list("state", flat=True)
    assert list(states) == [PublicationState.SUPERSEDED, PublicationState.RELEASED]


def test_release_on_the_way_is_refused_where_two_persons_are_asked(
    alice: Agent, publish_rows: Publish, settings: Settings
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"policy": "arc_ampe"})
    for by in (Actor("staff", "staff\\ada"), Actor.shell()):
        with pytest.raises(UsageRefused, match="second person"):
            publish_rows(ROWS, by=by)
    assert not Publication.objects.exists()


def test_while_another_publication_runs_it_is_a_conflict(alice: Agent, publish_rows: Publish, now: datetime) -> None:
    with named_lock(turn.NAME, holder=own_mark(), now=now, seconds=60), pytest.raises(Conflict, match="running"):
        publish_rows(ROWS)
    assert publish_rows(ROWS).status == "released"


@pytest.mark.parametrize(("started", "free"), [("1", True), ("alive", False)])
def test_the_turn_of_a_killed_process_is_taken_over_at_once(
    started: str, free: bool, alice: Agent, publish_rows: Publish, now: datetime
) -> None:
    host, pid, ours = own_mark().split("_")
    mark = f"{host}_{pid}_{started if free else ours}#abc"
    NamedLock.objects.create(name=turn.NAME, holder=mark, lease_until=now.replace(hour=18))
    if free:
        assert publish_rows(ROWS).status == "released"
    else:
        with pytest.raises(Conflict):
            publish_rows(ROWS)


class Killed(BaseException):
    """The process ends here; nothing of ours may catch it."""


def stages() -> Iterator[str]:
    yield from ("read", "seal", "pack", "reconcile", "sign", "index")


@pytest.mark.parametrize("stage", list(stages()))
def test_killed_at_any_step_the_same_command_ends_as_if_nothing_happened(
    stage: str, alice: Agent, bob: Agent, publish_rows: Publish, open_for: Open
) -> None:
    reached = []

    def kill(name: str, done: int, total: int) -> None:
        reached.append(name)
        if name == stage:
            raise Killed

    with pytest.raises(Killed):
        publish_rows(ROWS, progress=kill)
    assert reached[-1] == stage
    assert not Current.objects.exists()
    assert publish_rows(ROWS).status == "released"
    row = Publication.objects.get()
    assert (row.state, row.revision) == (PublicationState.RELEASED, 1)
    assert store().names() == [row.pack, f"{row.pack}.manifest.json"]
    assert store().leftovers() == []
    assert [len(open_for(agent).rows) for agent in (alice, bob)] == [2, 1]


def test_half_a_pack_of_a_killed_process_is_swept(alice: Agent, publish_rows: Publish, data_folder: Path) -> None:
    (data_folder / "packs").mkdir()
    part = data_folder / "packs" / ".book-of-business-2026-11-16-r1-0.pack.part"
    part.write_bytes(b"half a pack")
    publish_rows(ROWS)
    assert not part.exists()


def test_what_a_killed_run_left_is_removed_by_a_run_of_another_file(alice: Agent, publish_rows: Publish) -> None:
    def kill(name: str, done: int, total: int) -> None:
        if name == "sign":
            raise Killed

    with pytest.raises(Killed):
        publish_rows(ROWS, progress=kill)
    publish_rows([conditional_row(ALICE, 1)], kind=CONDITIONAL)
    assert Publication.objects.get().kind == CONDITIONAL
    assert len(store().names()) == 2


def test_no_consumer_is_found_in_database_logs_or_data_folder(
    alice: Agent,
    publish_rows: Publish,
    data_folder: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    planted = {"last_name": "Plantedname", "email": "planted@consumer.example", "home_phone": "9995550177"}
    rows: list[Row] = [
        book_row(ALICE, 1, **planted),
        book_row(DORA, 2, **planted),
        book_row(ALICE, 3, res_zip="x", **planted),
    ]
    with pytest.raises(PublicationHeld):
        publish_rows(rows)
    with pytest.raises(PublicationRefused):
        publish_rows([book_row(ALICE, 1, **{**planted, "extract_date": "Plantedname"})], as_of=LAST_MONDAY)
    stored = [file.read_bytes() for file in data_folder.rglob("*") if file.is_file()]
    stored += [repr(list(model.objects.values())).encode() for model in (Publication, Frame, Event, NamedLock)]
    out, err = capfd.readouterr()
    seen = b"".join([*stored, out.encode(), err.encode(), caplog.text.encode()])
    assert len(stored) >= 6
    for value in planted.values():
        assert value.encode() not in seen


def test_a_file_on_the_disk_is_read_and_left_alone(
    alice: Agent, publisher: Actor, now: datetime, tmp_path: Path
) -> None:
    file = tmp_path / "inbox.csv"
    file.write_text(csv_text(ROWS))
    outcome = publish(kind=BOOK, source=file, as_of=MONDAY, by=publisher, now=now)
    assert outcome.status == "sealed"
    assert file.read_text() == csv_text(ROWS)


def test_a_file_in_the_inbox_is_removed_once_its_pack_is_durable(
    alice: Agent, publisher: Actor, now: datetime, data_folder: Path
) -> None:
    file = data_folder / "inbox" / "book.csv"
    file.parent.mkdir()
    file.write_text(csv_text([{**ROWS[0], "extract_date": "2026-11-15"}]))
    with pytest.raises(PublicationRefused):
        publish(kind=BOOK, source=file, as_of=MONDAY, by=publisher, now=now)
    assert file.exists()
    file.write_text(csv_text([*ROWS, book_row(ALICE, 9, res_zip="x")]))
    publish(kind=BOOK, source=file, as_of=MONDAY, by=publisher, now=now, dry_run=True)
    assert file.exists()
    with pytest.raises(PublicationHeld):
        publish(kind=BOOK, source=file, as_of=MONDAY, by=publisher, now=now)
    assert not file.exists()


def test_every_step_is_in_the_trail(alice: Agent, publish_rows: Publish) -> None:
    publish_rows(ROWS)
    assert actions() == [Action.PUBLICATION_RECEIVED, Action.PUBLICATION_SEALED, Action.PUBLICATION_RELEASED]


def test_a_day_in_the_name_of_the_file_is_not_believed(alice: Agent, publish_rows: Publish) -> None:
    with pytest.raises(PublicationRefused, match="is not 2026-11-09"):
        publish_rows(ROWS, as_of=date(2026, 11, 9))


def test_csv_of_these_tests_is_what_the_layout_says() -> None:
    assert csv_file(ROWS).read().count(b"\n") == 5
