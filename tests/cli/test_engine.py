"""Which engine reads what is to be published, and what the command says where it is not there."""

import importlib
from pathlib import Path

import pytest

from tests.cli.conftest import Call

ORDER = ("publish", "book-of-business", "warehouse.book", "--as-of", "2026-11-16")


def test_without_pyspark_the_command_names_the_extra(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(name: str) -> object:
        raise ModuleNotFoundError(f"No module named {name!r}", name="pyspark")

    monkeypatch.setattr(importlib, "import_module", nothing)
    ended = call(*ORDER, "--engine", "spark")
    assert ended.code == 2
    assert "pip install 'agent-extranet[spark]'" in ended.err


def test_a_table_is_no_file_of_this_machine(call: Call) -> None:
    ended = call(*ORDER)
    assert ended.code == 2
    assert "warehouse.book" in ended.err


def test_a_folder_is_no_file(call: Call, tmp_path: Path) -> None:
    assert call("publish", "book-of-business", tmp_path, "--as-of", "2026-11-16").code == 2
