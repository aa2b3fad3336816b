"""Write a synthetic exchange as the files that the real one would send."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import BinaryIO, Literal

import polars as pl

from extranet.demo.synth.changes import Changes, changes_lines
from extranet.demo.synth.draw import Dice
from extranet.demo.synth.faults import spoil, write_list
from extranet.demo.synth.material import NoMaterial, read_material
from extranet.demo.synth.pieces import BOOK, CONDITIONAL, Exchange, PieceWeek
from extranet.demo.synth.roster import draw_agents
from extranet.profile.layouts import Layout, ReportKind
from extranet.profile.loader import load

Format = Literal["csv", "parquet"]
Progress = Callable[[str, int, int], None]


class SynthRefused(Exception):
    """The exchange asked for cannot be made; the message says why."""


@dataclass(frozen=True)
class WrittenWeek:
    """The files of one week. ``changes`` tells what differs from the week before; the first week has none."""

    as_of: date
    book: Path
    conditional: Path
    changes: Path | None
    faults: Path | None
    cases: int
    rows: int
    conditional_rows: int


@dataclass(frozen=True)
class Written:
    """Everything that was written. Rows and cases are counted without the faulty lines."""

    folder: Path
    roster: Path
    agents: int
    weeks: tuple[WrittenWeek, ...]


def write_exchange(
    *,
    folder: Path,
    agents: int,
    cases: int,
    weeks: int,
    seed: int,
    last_monday: date,
    profile_folder: Path,
    format: Format = "csv",
    faults: bool = False,
    progress: Progress | None = None,
) -> Written:
    """Write roster, both reports of each week, and what changed, into ``folder`` (made if need be; files of the same
    name are replaced). The last week is the Monday on or before ``last_monday``. ``cases`` is the number of cases in
    the first week. The same arguments give the same bytes. ``progress`` hears (stage, done, total).
    Raises SynthRefused."""
    _refuse(agents, cases, weeks, format, faults)
    last = last_monday - timedelta(days=last_monday.weekday())
    mondays = tuple(last - timedelta(days=7 * back) for back in reversed(range(weeks)))
    try:
        material = read_material(profile_folder)
    except NoMaterial as missing:
        raise SynthRefused(str(missing)) from missing
    folder.mkdir(parents=True, exist_ok=True)
    drawn = draw_agents(material=material, seed=seed, agents=agents, cases=cases, last_monday=last)
    profile = load(str(profile_folder))
    reports = {slug: profile.reports[slug] for slug in (BOOK, CONDITIONAL)}
    roster = folder / "roster.csv"
    with roster.open("wb") as stream:
        _append(stream, profile.roster, drawn.table, header=True)
    exchange = Exchange(material=material, dice=Dice(seed), mondays=mondays, agents=drawn, cases=cases)
    files = [_Week(folder, monday, reports) for monday in mondays]
    _write_pieces(exchange, files, progress or _silent)
    finished = tuple(_finish(week, files[at - 1] if at else None, format, faults) for at, week in enumerate(files))
    return Written(folder=folder, roster=roster, agents=agents, weeks=finished)


def small_exchange(*, folder: Path, seed: int, last_monday: date, profile_folder: Path) -> Written:
    """The demonstration's exchange: 200 agents, three weeks."""
    return write_exchange(
        folder=folder,
        agents=200,
        cases=6_000,
        weeks=3,
        seed=seed,
        last_monday=last_monday,
        profile_folder=profile_folder,
    )


def _silent(stage: str, done: int, total: int) -> None:
    """Nobody listens."""


def _refuse(agents: int, cases: int, weeks: int, format: Format, faults: bool) -> None:
    if agents < 1 or cases < 1 or weeks < 1:
        raise SynthRefused("agents, cases and weeks must be 1 or more")
    if agents > 1_000_000 or cases > 10_000_000:
        raise SynthRefused("at most 1,000,000 agents and 10,000,000 cases: numbers would repeat beyond that")
    if faults and format != "csv":
        raise SynthRefused("faulty lines (short, long) exist in CSV only; ask for csv or leave the faults out")


@dataclass
class _Week:
    """The files of one week while they grow, and what was counted in them."""

    folder: Path
    as_of: date
    reports: Mapping[str, ReportKind]
    cases: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    changes: dict[str, Changes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.rows = dict.fromkeys(self.reports, 0)
        self.changes = {slug: Changes(kind) for slug, kind in self.reports.items()}

    def path(self, stem: str, suffix: str) -> Path:
        return self.folder / f"{stem}-{self.as_of}.{suffix}"


def _write_pieces(exchange: Exchange, files: list[_Week], progress: Progress) -> None:
    """Every piece through all weeks, appended to the files of each week."""
    with ExitStack() as stack:
        streams = [
            {slug: stack.enter_context(week.path(slug, "csv").open("wb")) for slug in week.reports} for week in files
        ]
        for week, opened in zip(files, streams, strict=True):
            for slug, stream in opened.items():
                _append(stream, week.reports[slug].layout, None, header=True)
        for done, weeks in exchange.pieces():
            before: PieceWeek | None = None
            for piece in weeks:
                _add(files[piece.week], streams[piece.week], piece, before)
                before = piece
            progress("cases", done, exchange.all_cases)


def _add(week: _Week, streams: Mapping[str, BinaryIO], piece: PieceWeek, before: PieceWeek | None) -> None:
    week.cases += piece.cases
    for slug, kind in week.reports.items():
        rows = piece.rows[slug]
        week.rows[slug] += len(rows)
        _append(streams[slug], kind.layout, rows)
        if before is not None:
            touched = pl.col(kind.case_column).is_in(piece.touched.implode())
            old, new = before.rows[slug].filter(touched), rows.filter(touched)
            week.changes[slug].compare(old.select(kind.layout.keys), new.select(kind.layout.keys))


def _append(stream: BinaryIO, layout: Layout, rows: pl.DataFrame | None, *, header: bool = False) -> None:
    """Lines in the layout's order; a cell is quoted only where it must be, blanks are bare."""
    empty = pl.DataFrame(schema=dict.fromkeys(layout.keys, pl.String))
    chosen = (
        (empty if rows is None else rows)
        .select(layout.keys)
        .rename(dict(zip(layout.keys, layout.headers, strict=True)))
    )
    blank = pl.when(pl.all() != "").then(pl.all())  # the columns library quotes a blank text, but not a missing one
    chosen.select(blank).write_csv(stream, include_header=header)


def _finish(week: _Week, before: _Week | None, format: Format, faults: bool) -> WrittenWeek:
    """What is written once all pieces are there: the changes, the faulty lines, the other format."""
    changes = None
    if before is not None:
        changes = week.path("changes", "json")
        with changes.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(changes_lines(before.as_of, week.as_of, week.changes))
    listed = None
    if faults:
        listed = week.path("faults", "json")
        spoiled = {slug: spoil(week.path(slug, "csv"), kind) for slug, kind in week.reports.items()}
        write_list(listed, as_of=week.as_of, faults=spoiled)
    if format == "parquet":
        for slug in week.reports:
            _to_parquet(week.path(slug, "csv"))
    return WrittenWeek(
        as_of=week.as_of,
        book=week.path(BOOK, format),
        conditional=week.path(CONDITIONAL, format),
        changes=changes,
        faults=listed,
        cases=week.cases,
        rows=week.rows[BOOK],
        conditional_rows=week.rows[CONDITIONAL],
    )


def _to_parquet(file: Path) -> None:
    """The same table, every column still text (a license must never become a number), blanks missing."""
    part = file.with_suffix(".part")
    pl.scan_csv(file, infer_schema=False).sink_parquet(part, row_group_size=100_000)
    os.replace(part, file.with_suffix(".parquet"))
    file.unlink()
