"""One exchange for all tests of the generator, written once; and plain readers that share no code with it."""

import csv
import json
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from extranet.demo.synth import Written, write_exchange
from extranet.profile.exchange import Profile
from extranet.profile.layouts import Layout
from extranet.profile.loader import PROFILES, load

PROFILE = PROFILES / "covered_california"
LAST = date(2026, 11, 23)
BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"
Row = dict[str, str]


def write(folder: Path, **changed: Any) -> Written:
    """A small exchange, as asked for."""
    asked: dict[str, Any] = {
        "agents": 12,
        "cases": 60,
        "weeks": 2,
        "seed": 1,
        "last_monday": LAST,
        "profile_folder": PROFILE,
    }
    return write_exchange(folder=folder, **{**asked, **changed})


def read_rows(file: Path, layout: Layout) -> list[Row]:
    """The rows by column key; the header must be the layout's, in its order."""
    with file.open(encoding="utf-8", newline="") as stream:
        header, *rows = csv.reader(stream)
    assert tuple(header) == layout.headers
    return [dict(zip(layout.keys, row, strict=True)) for row in rows]


def differences(before: list[Row], after: list[Row], *, identity: list[str], leave: set[str]) -> dict[str, Any]:
    """The two weeks compared row by row by somebody who has only the files."""
    old = {tuple(_part(row, part) for part in identity): row for row in before}
    new = {tuple(_part(row, part) for part in identity): row for row in after}
    fields = {
        key: {name: (old[key][name], row[name]) for name in row if name not in leave and old[key][name] != row[name]}
        for key, row in new.items()
        if key in old
    }
    return {
        "added": new.keys() - old.keys(),
        "gone": old.keys() - new.keys(),
        "changed": {key: found for key, found in fields.items() if found},
    }


def _part(row: Row, part: str) -> str:
    first, _, second = part.partition("|")
    return row[first] or (row[second] if second else "")


@dataclass(frozen=True)
class Weeks:
    """The exchange on disk, read with the standard library."""

    written: Written

    @cached_property
    def roster(self) -> list[Row]:
        return read_rows(self.written.roster, self.profile.roster)

    @cached_property
    def books(self) -> list[list[Row]]:
        return [read_rows(week.book, self.profile.reports[BOOK].layout) for week in self.written.weeks]

    @cached_property
    def conditionals(self) -> list[list[Row]]:
        layout = self.profile.reports[CONDITIONAL].layout
        return [read_rows(week.conditional, layout) for week in self.written.weeks]

    @cached_property
    def changes(self) -> list[dict[str, Any]]:
        return [json.loads(week.changes.read_text(encoding="utf-8")) for week in self.written.weeks if week.changes]

    @property
    def profile(self) -> Profile:
        return load(str(PROFILE))
