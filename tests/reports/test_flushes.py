"""A publication waits for the disk twice, whatever its size: once for the pack, once for the manifest."""

import os
import stat
from datetime import date

import pytest

from extranet.agents.models import Agent
from extranet.reports import spill
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, DORA, LAST_MONDAY, MONDAY, book_row


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was flushed: files by name, folders as such. The database flushes by itself, beneath Python."""
    found, real = list[str](), os.fsync

    def watched(handle: int) -> None:
        name = os.readlink(f"/proc/self/fd/{handle}").rsplit("/", 1)[-1]
        found.append(name if stat.S_ISREG(os.fstat(handle).st_mode) else "folder")
        real(handle)

    monkeypatch.setattr(os, "fsync", watched)
    return found


@pytest.mark.parametrize("rows", [1, 400])
@pytest.mark.parametrize("spilled", [False, True])
def test_a_publication_flushes_its_pack_and_its_manifest_and_nothing_else(
    rows: int,
    spilled: bool,
    alice: Agent,
    bob: Agent,
    publish_rows: Publish,
    flushed: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if spilled:
        monkeypatch.setattr(spill, "IN_MEMORY", 0)
    for week in (LAST_MONDAY, MONDAY):
        flushed.clear()
        _publish(publish_rows, week, rows)
        files = [name for name in flushed if name != "folder"]
        assert [name.split(".pack")[1] for name in files] == [".part", ".manifest.json.part"]
        assert flushed.count("folder") == 2  # one for each new name in it


def _publish(publish_rows: Publish, week: date, rows: int) -> None:
    owners = (ALICE, BOB, DORA)
    made = [book_row(owners[number % 3], number, extract_date=week.isoformat()) for number in range(rows)]
    assert publish_rows(made, as_of=week).status == "released"
