import json
from pathlib import Path
from typing import Any

import pytest

from extranet.demo.synth import SynthRefused, Written
from extranet.profile.loader import load
from tests.demo.synth_exchange import BOOK, CONDITIONAL, PROFILE, Weeks, write
from tests.reports.first_pass import sorted_data


@pytest.fixture(scope="module")
def dirty(tmp_path_factory: pytest.TempPathFactory) -> Written:
    return write(tmp_path_factory.mktemp("dirty"), cases=150, weeks=1, faults=True)


def listed(written: Written) -> dict[str, Any]:
    assert written.weeks[0].faults
    found: dict[str, Any] = json.loads(written.weeks[0].faults.read_text(encoding="utf-8"))
    return found


def file_of(written: Written, slug: str) -> Path:
    return written.weeks[0].book if slug == BOOK else written.weeks[0].conditional


@pytest.mark.parametrize("slug", [BOOK, CONDITIONAL])
def test_exactly_the_listed_lines_are_quarantined(tmp_path: Path, dirty: Written, slug: str) -> None:
    kind = load(str(PROFILE)).reports[slug]
    data, as_of = file_of(dirty, slug).read_bytes(), dirty.weeks[0].as_of
    checked, _ = sorted_data(data, tmp_path, kind, as_of=as_of, piece_bytes=20_000)
    quarantined = sorted({fault.line for fault in checked.faults})
    assert len(quarantined) == checked.quarantined
    assert quarantined == [one["line"] for one in listed(dirty)[slug] if one["outcome"] == "quarantined"]
    columns = {(fault.line, fault.column) for fault in checked.faults}
    named = [one for one in listed(dirty)[slug] if one["column"] and one["reason"] != "doubled identity"]
    assert {(one["line"], one["column"]) for one in named if one["outcome"] == "quarantined"} <= columns


@pytest.mark.parametrize("slug", [BOOK, CONDITIONAL])
def test_a_row_of_an_unknown_license_is_sound_but_nobodys(dirty: Written, slug: str) -> None:
    (nobodys,) = [one for one in listed(dirty)[slug] if one["outcome"] == "unassigned"]
    line = file_of(dirty, slug).read_text(encoding="utf-8").splitlines()[nobodys["line"] - 1]
    assert "9Z99999" in line
    assert "9Z99999" not in dirty.roster.read_text(encoding="utf-8")


@pytest.mark.parametrize("slug", [BOOK, CONDITIONAL])
def test_without_the_listed_lines_the_file_is_the_clean_one(tmp_path: Path, dirty: Written, slug: str) -> None:
    clean = write(tmp_path, cases=150, weeks=1)
    lines = file_of(dirty, slug).read_text(encoding="utf-8").splitlines(keepends=True)
    for one in reversed(listed(dirty)[slug]):
        del lines[one["line"] - 1]
    assert "".join(lines) == file_of(clean, slug).read_text(encoding="utf-8")


def test_all_kinds_of_dirt_are_there_in_both_files(dirty: Written) -> None:
    kinds = {
        "blank license",
        "license with the letter O for a zero",
        "unknown license",
        "wrong type",
        "impossible date",
        "unknown value",
        "negative amount",
        "required cell is blank",
        "short row",
        "long row",
        "doubled identity",
    }
    for slug in (BOOK, CONDITIONAL):
        assert kinds <= {one["reason"] for one in listed(dirty)[slug]}
    assert "more than its limit column" in {one["reason"] for one in listed(dirty)[BOOK]}


def test_a_clean_exchange_has_no_list(exchange: Weeks) -> None:
    assert all(week.faults is None for week in exchange.written.weeks)


def test_faulty_lines_are_refused_in_parquet(tmp_path: Path) -> None:
    with pytest.raises(SynthRefused, match="CSV only"):
        write(tmp_path, faults=True, format="parquet")
