"""The bar on a terminal: one line that overwrites itself; elsewhere nothing, so that logs stay whole lines."""

import io

import pytest

from extranet.cli.progress_bar import CLEAR, one_line, progress_on_terminal
from extranet.reports.progress import Reached, silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    @property
    def shown(self) -> list[str]:
        return self.getvalue().split(CLEAR)[1:]


def test_where_nobody_watches_nothing_is_written() -> None:
    assert progress_on_terminal(io.StringIO()) is silent


def test_the_line_has_stage_bar_rows_rate_and_time_left() -> None:
    assert one_line(Reached("seal", 60_000, 120_000, 30_000, 2)) == (
        "seal       [############------------]  50%  60,000 of 120,000 rows, 30,000 a second, 2 s left"
    )
    assert one_line(Reached("sign", 0, 1)) == "sign       [------------------------]   0%"
    assert "100%" in one_line(Reached("read", 5, 4))


def test_it_is_drawn_ten_times_a_second_and_on_every_new_stage() -> None:
    terminal, time = Terminal(), [0.0]
    tell = progress_on_terminal(terminal, lambda: time[0])
    for done in range(1_000):
        time[0] += 0.001
        tell("read", done, 5_000)
    assert 9 <= len(terminal.shown) <= 11
    tell("seal", 0, 10)
    assert terminal.shown[-1].startswith("seal")


def test_what_is_over_leaves_a_clean_line_for_the_answer() -> None:
    terminal = Terminal()
    tell = progress_on_terminal(terminal, lambda: 1.0)
    tell("index", 0, 2)
    tell("index", 2, 2)
    assert terminal.shown[-1] == ""


def test_it_never_wraps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    terminal = Terminal()
    progress_on_terminal(terminal, lambda: 1.0)("reconcile", 3, 14_000)
    assert len(terminal.shown[0]) == 39
