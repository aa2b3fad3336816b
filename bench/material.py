"""Statewide files to measure with, made once by ``extranet synth`` and kept in BENCH_DIR (default ``var/bench``)."""

import csv
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from uuid import UUID, uuid5

FOLDER = Path(os.environ.get("BENCH_DIR", "var/bench")).absolute()
WEEKS = (date(2026, 11, 16), date(2026, 11, 23))
ROWS_A_CASE = 2.19
AGENTS_A_ROW = 14_000 / 2_000_000
STRESS_ROWS, STRESS_AGENTS = 10_000_000, 83_000


def exchange(rows: int, *, weeks: int = 2) -> Path:
    """A folder with a roster and ``weeks`` books of about so many rows each."""
    folder = FOLDER / f"{rows}"
    if not (folder / "done").exists():
        agents = STRESS_AGENTS if rows >= STRESS_ROWS else max(100, round(rows * AGENTS_A_ROW))
        command = [str(Path(sys.executable).with_name("extranet")), "synth", str(folder), "--seed", "3"]
        command += ["--agents", str(agents), "--cases", str(round(rows / ROWS_A_CASE)), "--weeks", str(weeks)]
        subprocess.run(command, check=True, stdout=sys.stderr)
        (folder / "done").touch()
    return folder


def book(folder: Path, week: int = 0) -> Path:
    """The statewide file of a week; the last week of a synthetic exchange is the Monday before today."""
    return sorted(folder.glob("book-of-business-*.csv"))[week]


def day_of(file: Path) -> date:
    return date.fromisoformat(file.stem[-10:])


def agents(folder: Path) -> dict[str, UUID]:
    """License -> agent, without a database."""
    with (folder / "roster.csv").open(newline="") as roster:
        return {row["License Number"]: uuid5(UUID(int=1), row["License Number"]) for row in csv.DictReader(roster)}


def shuffled(folder: Path) -> Path:
    """The same rows with the columns in another order."""
    target = folder / f"shuffled-{book(folder).name}"
    if not target.exists():
        _rewrite(book(folder), target, order=lambda cells: cells[7:] + cells[:7], quoting=csv.QUOTE_MINIMAL)
    return target


def quoted(folder: Path) -> Path:
    """The same rows with every cell quoted."""
    target = folder / f"quoted-{book(folder).name}"
    if not target.exists():
        _rewrite(book(folder), target, order=lambda cells: cells, quoting=csv.QUOTE_ALL)
    return target


def _rewrite(source: Path, target: Path, *, order, quoting) -> None:  # type: ignore[no-untyped-def]  # of csv
    part = target.with_suffix(".part")
    with source.open(newline="", encoding="utf-8") as read, part.open("w", newline="", encoding="utf-8") as write:
        csv.writer(write, quoting=quoting, lineterminator="\n").writerows(order(cells) for cells in csv.reader(read))
    part.rename(target)
