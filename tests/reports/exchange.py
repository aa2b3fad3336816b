"""A small exchange for these tests: rows of both reports by column key, as the profile in force declares them."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date

from extranet.profile.layouts import Column, ReportKind
from extranet.profile.loader import current

BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"
MONDAY = date(2026, 11, 16)
LAST_MONDAY = date(2026, 11, 9)
ALICE, BOB, CHARLIE, DORA = "1H10001", "1H10002", "1H10003", "1H10004"

Row = dict[str, str]

_SAMPLES = {"date": "2026-01-04", "timestamp": "2026-11-14T03:10:00Z", "int": "3", "decimal": "187.4", "yes_no": "Y"}


def report(kind: str = BOOK) -> ReportKind:
    return current().reports[kind]


def _sample(column: Column) -> str:
    if column.allowed:
        return column.allowed[0]
    return {"money": "512.00", "text": "x", **_SAMPLES}[column.type]


def book_row(license: str, number: int = 1, **changes: str) -> Row:
    """A member on a policy; the number makes case, member and policy."""
    return _row(
        BOOK,
        {
            "agent_license": license,
            "case_number": f"50043{number:05d}",
            "member_id": f"10039{number:05d}",
            "policy_id": f"77{number:05d}",
            "hios_plan_id": "40513CA0380004",
            "first_name": "María",
            "last_name": "Nuñez-Ortega",
            "member_premium": "336.24",
            "last_updated": "2026-11-14T03:10:00Z",
            **changes,
        },
    )


def conditional_row(license: str, number: int = 1, **changes: str) -> Row:
    return _row(
        CONDITIONAL,
        {
            "agent_license": license,
            "case_number": f"50043{number:05d}",
            "member_id": f"10039{number:05d}",
            **changes,
        },
    )


def _row(kind: str, values: Mapping[str, str]) -> Row:
    columns = report(kind).layout.columns
    filled = {column.key: _sample(column) if column.required else "" for column in columns}
    return {**filled, report(kind).as_of_column: MONDAY.isoformat(), **values}


def csv_text(rows: Iterable[Row], kind: str = BOOK, *, keys: Iterable[str] = ()) -> str:
    """A file as the exchange writes it; ``keys`` gives another order of columns."""
    layout = report(kind).layout
    order = list(keys) or list(layout.keys)
    target = io.StringIO(newline="")
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(layout.by_key[key].header for key in order)
    writer.writerows([row[key] for key in order] for row in rows)
    return target.getvalue()


def csv_file(rows: Iterable[Row], kind: str = BOOK) -> io.BytesIO:
    return io.BytesIO(csv_text(rows, kind).encode())
