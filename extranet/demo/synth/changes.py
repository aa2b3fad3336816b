"""What differs between two weeks, row by row, kept beside the files so that whoever compares them can be checked.

Only rows of cases that were touched are compared; the tests compare the finished files from end to end.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from extranet.profile.layouts import ReportKind

Rows = dict[tuple[str, ...], dict[str, str]]


@dataclass
class Changes:
    """The changes of one report between two weeks, gathered piece by piece. Rows are kept as finished JSON."""

    kind: ReportKind
    cases_added: list[str] = field(default_factory=list)
    cases_gone: list[str] = field(default_factory=list)
    cases_moved: list[str] = field(default_factory=list)
    rows_added: list[str] = field(default_factory=list)
    rows_gone: list[str] = field(default_factory=list)
    rows_changed: list[str] = field(default_factory=list)

    def compare(self, before: pl.DataFrame, after: pl.DataFrame) -> None:
        """Add what differs between these rows of the two weeks; both hold whole cases."""
        old, new = self._by_identity(before), self._by_identity(after)
        self.rows_added += [_json(key) for key in new if key not in old]
        self.rows_gone += [_json(key) for key in old if key not in new]
        for key in new:
            if key in old and (fields := self._differing(old[key], new[key])):
                self.rows_changed.append(_json({"identity": key, "fields": fields}))
        self._cases(before, after)

    @property
    def left_out(self) -> tuple[str, ...]:
        """Columns that change by themselves, or are one for the whole file."""
        return tuple(column.key for column in self.kind.layout.columns if column.volatile or column.constant)

    def _by_identity(self, rows: pl.DataFrame) -> Rows:
        texts = ({key: value or "" for key, value in row.items()} for row in rows.iter_rows(named=True))
        return {self.kind.layout.identity_of(row): row for row in texts}

    def _differing(self, old: dict[str, str], new: dict[str, str]) -> dict[str, list[str]]:
        left_out = self.left_out
        return {key: [old[key], new[key]] for key in new if key not in left_out and old[key] != new[key]}

    def _cases(self, before: pl.DataFrame, after: pl.DataFrame) -> None:
        case, agent = self.kind.case_column, self.kind.agent_column
        old, new = (dict(rows.select(case, agent).iter_rows()) for rows in (before, after))
        self.cases_added += [_json(key) for key in new if key not in old]
        self.cases_gone += [_json(key) for key in old if key not in new]
        self.cases_moved += [
            _json({"case": key, "from": old[key], "to": license})
            for key, license in new.items()
            if key in old and old[key] != license
        ]

    def lines(self) -> Iterator[str]:
        """The JSON object, line by line."""
        yield "{" + f'"left_out": {_json(self.left_out)},\n'
        lists = ("cases_added", "cases_gone", "cases_moved", "rows_added", "rows_gone", "rows_changed")
        for name in lists:
            yield f'"{name}": [' + ",\n".join(getattr(self, name)) + ("],\n" if name != lists[-1] else "]}")


def changes_lines(before: date, after: date, changes: dict[str, Changes]) -> Iterator[str]:
    """The whole file ``changes-<date>.json``."""
    yield f'{{"from": "{before}", "to": "{after}"'
    for slug, one in changes.items():
        yield f',\n"{slug}": '
        yield from one.lines()
    yield "}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
