"""The engine for a cluster, on two executors in processes of their own: the same rows out as on one machine."""

import importlib
import pickle
import subprocess
import sys
import venv
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.demo.synth import write_exchange
from extranet.keyring.models import Purpose
from extranet.keyring.ring import agent_keys, system_key
from extranet.profile.loader import current
from extranet.reports.files_verify import verify_files
from extranet.reports.lines import split_frame
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.outcome import ALREADY
from extranet.reports.publish import publish
from extranet.reports.recall import recall
from extranet.reports.refusals import PublicationRefused, UsageRefused
from extranet.reports.seal import CHANGES, LINES, QUARANTINE, UNASSIGNED, Place, handle_for, unseal
from extranet.timetable import roster_day
from tests.cli.conftest import Call, call
from tests.reports.exchange import BOOK, LAST_MONDAY, MONDAY, report
from tests.spark import spark_cluster, why_not

__all__ = ["call"]
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(why_not()), reason=why_not() or "it runs")]

BY = Actor("staff", "staff\\ada", "192.0.2.0/24")
PLANTED = "Plantedname"
_AN_EXTRA = "extranet.reports.spark"  # imported where Spark is there, as the program does


@pytest.fixture(scope="module")
def disks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the executors keep what they compute; one cluster for all tests."""
    with spark_cluster(tmp_path_factory.mktemp("spark")) as found, _part("session").session():
        yield found


@pytest.fixture
def weeks(tmp_path: Path, db: None, now: datetime) -> list[Path]:
    """Two Mondays, as one file and in parts; in the second some rows are faulty, doubled, nobody's."""
    written = write_exchange(
        folder=tmp_path / "synth",
        agents=120,
        cases=1_500,
        weeks=2,
        seed=7,
        last_monday=MONDAY,
        profile_folder=current().folder,
        format="csv",
    )
    with written.roster.open("rb") as file:
        roster_day(file=file, name="roster.csv", by=BY, now=now - timedelta(days=30))
    first, second = (_rows(week.book) for week in written.weeks)
    day = next(column.key for column in report().layout.columns if column.type == "date" and not column.constant)
    spoilt, nobodys = (second[:12].with_columns(pl.lit("yesterday").alias(day)), second[12:32])
    nobodys = nobodys.with_columns(agent_license=pl.lit("9Z99999"))
    second = pl.concat([spoilt, nobodys, second[32:], second[100:117], second[400:403]])
    return [_written(rows, tmp_path / name) for rows, name in ((first, "before"), (second, "after"))]


def test_a_cluster_gives_every_agent_the_same_rows(weeks: list[Path], disks: Path, now: datetime) -> None:
    publish(kind=BOOK, source=weeks[0] / "whole.parquet", as_of=LAST_MONDAY, by=BY, now=now, release=True)
    local = publish(kind=BOOK, source=weeks[1] / "whole.parquet", as_of=MONDAY, by=BY, now=now).publication
    assert local is not None
    recall(publication_id=local.id, by=BY, now=now)
    with _part("table").opened_table(str(weeks[1] / "whole.parquet"), kind=BOOK) as table:
        row = publish(kind=BOOK, source=table, as_of=MONDAY, by=BY, now=now).publication
    with _part("table").opened_table(str(weeks[1] / "parts"), kind=BOOK) as same_rows:
        assert publish(kind=BOOK, source=same_rows, as_of=MONDAY, by=BY, now=now).status == ALREADY
    assert row is not None
    assert row.manifest["rows"] == {"in": 3_374, "delivered": 3_302, "unassigned": 20, "quarantined": 52}
    assert _told(row) == _told(local)
    assert sorted(map(str, row.faults)) == sorted(map(str, local.faults))
    assert _frames(row) == _frames(local)
    assert verify_files().faults == []
    _nothing_in_clear(disks)


def test_the_command_publishes_a_folder_of_parts(weeks: list[Path], disks: Path, now: datetime, call: Call) -> None:
    local = publish(kind=BOOK, source=weeks[1] / "whole.parquet", as_of=MONDAY, by=BY, now=now).publication
    assert local is not None
    recall(publication_id=local.id, by=BY, now=now)
    order = ("publish", BOOK, weeks[1] / "parts", "--as-of", MONDAY.isoformat(), "--engine", "spark", "--json")
    tried = call(*order, "--dry-run")
    assert tried.facts["status"] == "checked"
    facts = call(*order).facts
    row = Publication.objects.get(id=facts["publication"]["id"])
    assert (facts["counts"], row.state) == (tried.facts["counts"], PublicationState.SEALED)
    assert _told(row) == _told(local)
    assert _lines(row) == _lines(local)


def test_executors_are_told_no_key(
    weeks: list[Path], disks: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []

    def watched(function: Any, **options: Any) -> Any:
        told.append(options)
        return partial(function, **options)

    partial = _part("run").partial
    for name in ("run", "first_pass"):
        monkeypatch.setattr(_part(name), "partial", watched)
    with _part("table").opened_table(str(weeks[1] / "whole.parquet"), kind=BOOK) as table:
        publish(kind=BOOK, source=table, as_of=MONDAY, by=BY, now=now)
    everything = pickle.dumps(told)
    keys = [handle.key for handle in agent_keys(list(Agent.objects.values_list("id", flat=True)), now=now).values()]
    keys += [system_key(purpose, now=now).key for purpose in Purpose]
    assert len(told) == 3
    assert len(keys) > 120
    assert [key for key in keys if key in everything] == []


def test_executors_need_no_database() -> None:
    code = f"import sys, {_AN_EXTRA}.check_rows, {_AN_EXTRA}.seal_rows; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0


def test_a_cluster_that_talks_in_clear_is_refused(tmp_path: Path) -> None:
    with spark_cluster(tmp_path, wires=False):
        ended = _session_elsewhere()
    assert (ended.returncode, "UsageRefused" in ended.stderr) == (1, True)
    assert "set spark.authenticate and spark.network.crypto.enabled true" in ended.stderr


def test_executors_without_our_packages_are_told_of(tmp_path: Path) -> None:
    """The Python there is one without any package but Spark's own."""
    venv.create(tmp_path / "bare")
    with spark_cluster(tmp_path, python=tmp_path / "bare" / "bin" / "python"):
        ended = _session_elsewhere("found.range(3).mapInArrow(count_rows, 'partition int, rows bigint').collect()")
    assert (ended.returncode, "UsageRefused" in ended.stderr) == (1, True)
    assert "install the same agent-extranet[spark] there" in ended.stderr


def test_without_java_the_command_asks_for_it(disks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(UsageRefused, match="needs Java 17"), _part("table").opened_table("book", kind=BOOK):
        pass


def test_what_cannot_be_published_is_refused_by_name(weeks: list[Path], disks: Path, now: datetime) -> None:
    rows = pl.read_parquet(weeks[1] / "whole.parquet")
    day = report().as_of_column
    wrong = {
        "narrow": (rows.drop("last_name"), "Last Name.* is missing|Last name.* is missing"),
        "numbers": (rows.with_columns(member_id=pl.lit(7)), "leading zeros"),
        "empty": (rows[:0], "no rows"),
        "other": (rows.with_columns(pl.lit("2026-11-15").alias(day)), "is not 2026-11-16"),
    }
    for name, (table, reason) in wrong.items():
        folder = weeks[1] / name
        folder.mkdir()
        table.write_parquet(folder / "part.parquet")
        _refused(str(folder), reason, now)
    _refused(str(weeks[1] / "nothing"), "no Parquet that can be read at", now)
    _refused("nobodys_table", "no table nobodys_table", now)
    _refused(str(weeks[1] / "book.csv"), "local engine only", now)
    assert not Publication.objects.exists()


def _refused(name: str, reason: str, now: datetime) -> None:
    with (
        pytest.raises(PublicationRefused, match=reason),
        _part("table").opened_table(name, kind=BOOK) as table,
    ):
        publish(kind=BOOK, source=table, as_of=MONDAY, by=BY, now=now)


def _session_elsewhere(act: str = "pass") -> subprocess.CompletedProcess[str]:
    """A session in a process of its own, which has not seen another cluster."""
    parts = f"from {_AN_EXTRA}.check_rows import count_rows; from {_AN_EXTRA}.session import session"
    code = f"{parts}\nwith session() as found:\n    {act}"
    return subprocess.run([sys.executable, "-c", code], check=False, timeout=120, capture_output=True, text=True)


def _part(name: str) -> Any:
    return importlib.import_module(f"{_AN_EXTRA}.{name}")


def _rows(file: Path) -> pl.DataFrame:
    """The book by keys of the layout, amounts as numbers, everybody with one first name."""
    rows = pl.read_csv(file, infer_schema=False).fill_null("")
    rows.columns = list(report().layout.keys)
    return rows.with_columns(first_name=pl.lit(PLANTED), net_premium=pl.col("net_premium").cast(pl.Decimal(12, 2)))


def _written(rows: pl.DataFrame, folder: Path) -> Path:
    (folder / "parts").mkdir(parents=True)
    rows.write_parquet(folder / "whole.parquet")
    for place in range(4):
        rows.gather_every(4, place).write_parquet(folder / "parts" / f"part-{place}.parquet")
    return folder


def _told(row: Publication) -> dict[str, object]:
    names = ("rows", "agents", "cases", "members", "figures", "sums", "changes", "compared_with", "held_for")
    return {name: row.manifest[name] for name in names}


def _frames(row: Publication) -> dict[tuple[str, str], Any]:
    """The text of every frame that holds rows, by owner and name. The quarantine has no order."""
    found: dict[tuple[str, str], Any] = {}
    with store().open(row.pack) as reader:
        for frame in Frame.objects.filter(publication=row, frame__in=[LINES, CHANGES, UNASSIGNED, QUARANTINE]):
            place = Place(row.kind, row.id, frame.owner, frame.frame)
            handle = handle_for(frame.frame, frame.holder, frame.key_version)
            text = unseal(reader.read(frame.offset, frame.length), bytes(frame.wrapped_key), place, handle)
            if frame.frame == QUARANTINE:
                found["", QUARANTINE] = sorted(text.splitlines())
            else:
                found[str(frame.owner), frame.frame] = (frame.rows, frame.cases, frame.counts, text)
    return found


def _lines(row: Publication) -> dict[tuple[str, str], object]:
    """The rows of every owner in no order, which a table of several parts has not."""
    found: dict[tuple[str, str], object] = {}
    for (owner, name), told in _frames(row).items():
        if name in (LINES, UNASSIGNED):
            rows, cases, _, text = told
            blocks = [block.splitlines() for block in split_frame(text)[1:]]
            found[owner, name] = (rows, cases, sorted(zip(*blocks, strict=True)))
    return found


def _nothing_in_clear(disks: Path) -> None:
    files = [file for file in disks.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) > 100_000
    assert [file for file in files if PLANTED.encode() in file.read_bytes()] == []
