"""The mark of a process: gone, alive, or of another machine, whatever that machine calls itself."""

import socket

import pytest

from extranet.vault import processes
from extranet.vault.processes import is_gone, own_mark


def test_this_process_lives_and_an_earlier_one_of_its_number_is_gone() -> None:
    machine, number, _ = own_mark().split("_")
    assert is_gone(own_mark()) is False
    assert is_gone(f"{machine}_{number}_1") is True


def test_a_machine_of_the_same_name_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = own_mark()
    monkeypatch.setattr(processes, "_said", lambda place: "another kernel")
    assert own_mark().split("_")[0] != mark.split("_")[0]
    assert is_gone(mark) is None


def test_long_names_that_begin_alike_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    marks = []
    for end in ("x2x4z", "k9p7q"):
        monkeypatch.setattr(socket, "gethostname", lambda end=end: f"agent-extranet-worker-7d9f8bcd-{end}")
        marks.append(own_mark().split("_")[0])
    assert marks[0] != marks[1]
    assert all(len(mark) <= 30 for mark in marks)
