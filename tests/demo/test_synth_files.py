from datetime import date
from pathlib import Path

import polars as pl
import pytest

from extranet.demo.synth import SynthRefused, pieces, small_exchange
from tests.demo.synth_exchange import LAST, PROFILE, Weeks, write


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_exchange(tmp_path: Path) -> None:
    for name, seed in (("one", 1), ("again", 1), ("other", 2)):
        write(tmp_path / name, seed=seed)
    first, again, other = (contents(tmp_path / name) for name in ("one", "again", "other"))
    assert first == again
    assert first.keys() == other.keys()
    assert all(first[name] != other[name] for name in first)


def test_the_files_do_not_depend_on_how_many_cases_are_made_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "whole")
    monkeypatch.setattr(pieces, "PIECE", 37)
    write(tmp_path / "cut")
    assert contents(tmp_path / "whole") == contents(tmp_path / "cut")


def test_each_week_has_its_files_and_the_first_has_no_changes(exchange: Weeks) -> None:
    assert [week.as_of for week in exchange.written.weeks] == [date(2026, 11, 9), date(2026, 11, 16), LAST]
    assert sorted(file.name for file in exchange.written.folder.iterdir()) == sorted(
        [
            "roster.csv",
            *(f"book-of-business-2026-11-{day}.csv" for day in ("09", "16", "23")),
            *(f"conditional-eligibility-2026-11-{day}.csv" for day in ("09", "16", "23")),
            *(f"changes-2026-11-{day}.json" for day in ("16", "23")),
        ]
    )


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 25), date(2026, 11, 29)])
def test_the_last_week_is_the_monday_on_or_before_the_day(tmp_path: Path, day: date) -> None:
    written = write(tmp_path, weeks=1, cases=5, last_monday=day)
    assert [week.as_of for week in written.weeks] == [date(2026, 11, 23)]


def test_the_first_week_has_exactly_the_cases_asked_for(exchange: Weeks) -> None:
    assert len({row["case_number"] for row in exchange.books[0]}) == 2_500


def test_what_is_reported_as_written_is_what_the_files_hold(exchange: Weeks) -> None:
    for week, book, conditional in zip(exchange.written.weeks, exchange.books, exchange.conditionals, strict=True):
        assert (week.rows, week.conditional_rows) == (len(book), len(conditional))
        assert week.cases == len({row["case_number"] for row in book})
    assert exchange.written.agents == len(exchange.roster)


def test_a_cell_is_quoted_only_where_it_must_be_and_lines_end_in_one_sign(exchange: Weeks) -> None:
    text = exchange.written.weeks[0].book.read_bytes().decode()
    assert "\r" not in text
    assert text.endswith("\n")
    quoted = text.split('"')[1::2]
    assert quoted
    assert all("," in cell for cell in quoted)


def test_every_row_has_the_day_of_its_week(exchange: Weeks) -> None:
    for week, book, conditional in zip(exchange.written.weeks, exchange.books, exchange.conditionals, strict=True):
        assert {row["extract_date"] for row in [*book, *conditional]} == {week.as_of.isoformat()}


def test_parquet_holds_the_same_texts_with_blanks_missing(tmp_path: Path) -> None:
    as_csv, as_parquet = write(tmp_path / "csv"), write(tmp_path / "parquet", format="parquet")
    for one, other in zip(as_csv.weeks, as_parquet.weeks, strict=True):
        for lines, columns in ((one.book, other.book), (one.conditional, other.conditional)):
            assert columns.suffix == ".parquet"
            assert pl.read_parquet(columns).equals(pl.read_csv(lines, infer_schema=False))
    assert not list((tmp_path / "parquet").glob("book*.csv"))


def test_parquet_too_is_the_same_twice(tmp_path: Path) -> None:
    for name in ("one", "again"):
        write(tmp_path / name, format="parquet")
    assert contents(tmp_path / "one") == contents(tmp_path / "again")


@pytest.mark.parametrize("wrong", [{"agents": 0}, {"cases": 0}, {"weeks": 0}, {"cases": 10_000_001}])
def test_impossible_sizes_are_refused_and_nothing_is_written(tmp_path: Path, wrong: dict[str, int]) -> None:
    with pytest.raises(SynthRefused):
        write(tmp_path / "new", **wrong)
    assert not (tmp_path / "new").exists()


def test_a_profile_without_figures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SynthRefused, match=r"margins\.toml"):
        write(tmp_path / "new", profile_folder=tmp_path)


def test_progress_counts_up_to_all_cases(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    write(tmp_path, progress=lambda stage, done, total: heard.append((stage, done, total)))
    assert heard[-1][1] == heard[-1][2] == 61


def test_one_agent_and_one_case_are_an_exchange_too(tmp_path: Path) -> None:
    written = write(tmp_path, agents=1, cases=1, weeks=3)
    assert written.weeks[0].cases == 1


def test_the_demonstration_has_200_agents_and_three_weeks(tmp_path: Path) -> None:
    written = small_exchange(folder=tmp_path, seed=1, last_monday=LAST, profile_folder=PROFILE)
    assert (written.agents, len(written.weeks)) == (200, 3)
