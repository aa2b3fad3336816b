"""Who tampers with the trail is found, and where; an alarm stays an alarm."""

import io
import json
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from extranet.audit import chain, checkpoints
from extranet.audit.actions import Action
from extranet.audit.chain import IntegrityFailure, seal, verify
from extranet.audit.models import Batch, Event
from extranet.audit.record import Actor, record
from tests.audit.conftest import ALICE, Happen
from tests.conftest import audit_unprotected

pytestmark = pytest.mark.django_db(transaction=True)
OTHER_KEY = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="


def sql(statement: str, *parameters: Any) -> None:
    """What somebody with the database's password can do, triggers taken away."""
    with audit_unprotected(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def faults(now: datetime) -> str:
    return "; ".join(verify(now=now).faults)


@pytest.fixture
def sealed(happen: Happen, now: datetime) -> list[Event]:
    """Nine events in three batches of three."""
    for start in (0, 3, 6):
        happen(3, start=start)
        assert seal(now=now) == 3
    return list(Event.objects.order_by("id"))


def test_an_untouched_trail_verifies_and_tells_its_unsealed_tail(
    sealed: list[Event], happen: Happen, now: datetime
) -> None:
    happen(2, start=9)
    found = verify(now=now)
    assert (found.ok, found.batches, found.events, found.unsealed) == (True, 3, 9, 2)


def test_verifying_is_itself_an_event(sealed: list[Event], now: datetime) -> None:
    verify(now=now, by=Actor("staff", "staff\\ada"))
    event = Event.objects.get(action=Action.AUDIT_VERIFIED)
    assert (event.actor, event.detail["ok"]) == ("staff\\ada", True)


def test_sealing_with_nothing_new_makes_no_batch(sealed: list[Event], now: datetime) -> None:
    assert seal(now=now) == 0
    assert Batch.objects.count() == 3


def test_an_empty_trail_verifies(now: datetime) -> None:
    assert seal(now=now) == 0
    assert verify(now=now).ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "CC_CHARLIE"),
        ("subject", "x"),
        ("detail", '{"rows": 0}'),
        ("count", 7),
        ("at", "2020-01-01 00:00:00+00:00"),
    ],
)
def test_a_changed_event_is_found_and_named(sealed: list[Event], now: datetime, column: str, value: object) -> None:
    sql(f"UPDATE audit_events SET {column} = %s WHERE id = %s", value, sealed[4].id)  # noqa: S608
    assert faults(now) == f"batch 2: event {sealed[4].id} ({sealed[4].uid}) was changed"


def test_a_removed_event_is_found(sealed: list[Event], now: datetime) -> None:
    sql("DELETE FROM audit_events WHERE id = %s", sealed[1].id)
    assert faults(now) == "batch 1: the event at place 2 was removed"


def test_an_event_inserted_into_the_past_is_found(sealed: list[Event], now: datetime) -> None:
    first = sealed[0]
    columns = "at, action, actor_kind, actor, network, subject, detail, count, xact"
    with audit_unprotected(), connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO audit_events (id, uid, {columns}) SELECT %s, %s, {columns} FROM audit_events WHERE id = %s",  # noqa: S608
            [-5, "0" * 32, first.id],
        )
    assert ("was inserted" if connection.vendor == "postgresql" else "inserted before the first batch") in faults(now)


def test_reordered_events_are_found(sealed: list[Event], now: datetime) -> None:
    a, b = sealed[3], sealed[5]
    column = "xact" if connection.vendor == "postgresql" else "id"
    sql(f"UPDATE audit_events SET {column} = -1 WHERE id = %s", a.id)  # noqa: S608
    spare = -1 if column == "id" else a.id
    sql(f"UPDATE audit_events SET {column} = %s WHERE id = %s", getattr(a, column), b.id)  # noqa: S608
    sql(f"UPDATE audit_events SET {column} = %s WHERE id = %s", getattr(b, column), spare)  # noqa: S608
    told = faults(now)
    assert "batch 2" in told
    assert "batch 1" not in told


@pytest.mark.parametrize("column", ["count", "high", "digest", "marks", "previous", "sealed_at"])
def test_a_changed_batch_is_found(sealed: list[Event], now: datetime, column: str) -> None:
    values = {"count": 4, "high": 10**9, "digest": "0" * 64, "marks": b"x" * 24, "previous": "1" * 64}
    sql(f"UPDATE audit_batches SET {column} = %s WHERE number = 2", values.get(column, now + timedelta(1)))  # noqa: S608
    assert "batch 2" in faults(now)


def test_a_removed_batch_is_found_with_its_neighbours_named(sealed: list[Event], now: datetime) -> None:
    sql("DELETE FROM audit_batches WHERE number = 2")
    assert "batch 2 is missing" in faults(now)


def test_a_cut_tail_is_found_by_the_checkpoint_outside(sealed: list[Event], now: datetime) -> None:
    sql("DELETE FROM audit_batches WHERE number = 3")
    sql("DELETE FROM audit_events WHERE id >= %s", sealed[6].id)
    assert faults(now) == "the trail was cut: checkpoint 3 lies beyond the last batch, 2"


def test_a_trail_that_is_gone_as_a_whole_is_found(sealed: list[Event], now: datetime) -> None:
    sql("DELETE FROM audit_batches")
    sql("DELETE FROM audit_events")
    assert "the trail was cut: checkpoint 3 lies beyond the last batch, 0" in faults(now)
    with pytest.raises(IntegrityFailure, match="cut"):
        seal(now=now)


def test_sealing_never_heals_a_cut_tail(sealed: list[Event], happen: Happen, now: datetime) -> None:
    sql("DELETE FROM audit_batches WHERE number = 3")
    happen(1, start=9)
    with pytest.raises(IntegrityFailure, match="checkpoint 3 lies beyond the last batch, 2"):
        seal(now=now)
    assert Batch.objects.count() == 2
    assert "the trail was cut" in faults(now)


def test_a_tampered_past_stays_an_alarm_after_more_sealing(sealed: list[Event], happen: Happen, now: datetime) -> None:
    sql("UPDATE audit_events SET actor = 'Charlie' WHERE id = %s", sealed[0].id)
    happen(2, start=9)
    seal(now=now)
    assert f"event {sealed[0].id}" in faults(now)
    assert f"event {sealed[0].id}" in faults(now)


def test_a_batch_rewritten_with_all_hashes_right_but_another_key_is_found(
    sealed: list[Event], now: datetime, settings: Settings
) -> None:
    """The forger recomputes everything; what he lacks is the signing key."""
    with audit_unprotected(), connection.cursor() as cursor:
        cursor.execute("UPDATE audit_events SET actor = 'Charlie' WHERE id = %s", [sealed[8].id])
        cursor.execute("DELETE FROM audit_batches WHERE number = 3")
    ours, right = settings.EXTRANET, checkpoints.folder()
    lines = [file.read_text() for file in right.glob("*.jsonl")]
    settings.EXTRANET = ours.model_copy(update={"signing_key": OTHER_KEY, "checkpoint_url": str(right / "forged")})
    (right / "forged").mkdir()
    forged = chain._next_batch(Batch.objects.get(number=2), now)
    assert forged is not None
    forged.save(force_insert=True)
    settings.EXTRANET = ours
    assert [file.read_text() for file in right.glob("*.jsonl")] == lines
    told = faults(now)
    assert "batch 3 was signed by another key" in told
    assert "batch 3 differs from its checkpoint" in told
    with pytest.raises(IntegrityFailure, match="batch 3 does not fit"):
        seal(now=now)


def test_a_forged_checkpoint_is_found(sealed: list[Event], now: datetime) -> None:
    (file,) = checkpoints.folder().glob("*.jsonl")
    lines = file.read_text().splitlines()
    facts = {**json.loads(lines[-1]), "number": 2}
    file.write_text("\n".join([*lines[:-1], json.dumps(facts)]) + "\n")
    assert "is not signed by this signing key" in faults(now)
    with pytest.raises(IntegrityFailure, match="damaged or forged"):
        seal(now=now)


def test_checkpoints_that_were_removed_are_missed(sealed: list[Event], happen: Happen, now: datetime) -> None:
    (file,) = checkpoints.folder().glob("*.jsonl")
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(lines[1:]))
    assert faults(now) == "1 checkpoints are missing, the first of batch 1"
    file.unlink()
    with pytest.raises(IntegrityFailure, match="batch 3 does not fit the newest checkpoint, 0"):
        seal(now=now)


def test_a_sealer_killed_before_its_checkpoint_is_made_good_by_the_next(
    sealed: list[Event], happen: Happen, now: datetime
) -> None:
    (file,) = checkpoints.folder().glob("*.jsonl")
    content = file.read_bytes()
    cut = content[: content[:-1].rfind(b"\n") + 20]  # the machine stopped in the middle of the last line
    file.write_bytes(cut)
    assert verify(now=now).ok
    seal(now=now)
    assert file.read_bytes() == content or checkpoints.last().number == Batch.objects.count()  # type: ignore[union-attr]
    assert verify(now=now).ok


def test_only_one_sealer_works_at_a_time(happen: Happen, now: datetime) -> None:
    happen(3)
    with checkpoints.exclusively():
        assert seal(now=now) == 0
    assert seal(now=now) == 3


def test_sealers_at_once_make_one_chain(happen: Happen, now: datetime) -> None:
    happen(12)
    counts: list[int] = []

    def one() -> None:
        counts.append(seal(now=now))
        connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 12
    assert verify(now=now).ok


def test_a_long_trail_is_sealed_in_several_batches(
    happen: Happen, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain, "BATCH_EVENTS", 4)
    with transaction.atomic():
        for number in range(6):
            record(action=Action.AGENT_ADDED, now=now, actor=ALICE, subject=str(number))
    happen(5)
    assert seal(now=now) == 11
    assert Batch.objects.count() >= 2
    assert verify(now=now).ok


def test_an_event_that_was_written_first_and_committed_last_is_sealed_once(happen: Happen, now: datetime) -> None:
    """PostgreSQL gives the lower id to the transaction that began first; it may commit after a sealer came by."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer at a time: events commit in the order of their ids")
    written, sealed_once = threading.Event(), threading.Event()

    def slow() -> None:
        with transaction.atomic():
            record(action=Action.AGENT_ADDED, now=now, actor=ALICE, subject="slow")
            written.set()
            assert sealed_once.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(10)
    happen(3)
    assert seal(now=now) == 0, "nothing lies below the horizon while the older transaction runs"
    sealed_once.set()
    thread.join()
    assert seal(now=now) == 4
    assert Event.objects.order_by("id").first().subject == "slow"  # type: ignore[union-attr]
    assert verify(now=now).ok


def test_a_database_moved_without_its_transaction_counter_is_not_sealed_quietly(
    sealed: list[Event], now: datetime
) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite orders by ids, which move with the table")
    batch = Batch.objects.get(number=3)
    with pytest.raises(IntegrityFailure, match="counter"):
        chain._horizon(batch.high + 10**9)


def test_the_database_refuses_to_change_a_batch(sealed: list[Event]) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        Batch.objects.filter(number=1).update(count=5)


def test_the_export_holds_every_sealed_event_before_its_batch(sealed: list[Event], happen: Happen) -> None:
    happen(1, start=9)
    stream = io.StringIO()
    assert chain.export(stream=stream) == 9
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [next(iter(line)) for line in lines] == ["event", "event", "event", "batch"] * 3
    assert lines[0]["event"]["subject"] == "week 0"
    assert lines[3]["batch"]["chain"] == Batch.objects.get(number=1).chain


def test_checkpoints_are_for_their_owner_only(sealed: list[Event], data_folder: Path) -> None:
    (file,) = (data_folder / "checkpoints").glob("*.jsonl")
    assert file.stat().st_mode & 0o077 == 0
