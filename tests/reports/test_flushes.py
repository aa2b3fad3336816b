"""A publication flushes its data at most twice, pack and manifest, whatever the number of agents."""

import os
import stat

import pytest

from extranet.agents.models import Agent
from tests.reports.conftest import Publish, make_agent
from tests.reports.exchange import ALICE, book_row


def test_two_flushes_of_files_for_two_agents_and_for_forty(
    alice: Agent, bob: Agent, publish_rows: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, flushed = os.fsync, list[bool]()

    def counted(handle: int) -> None:
        flushed.append(stat.S_ISREG(os.fstat(handle).st_mode))
        real(handle)

    monkeypatch.setattr(os, "fsync", counted)
    licenses = [f"1H2{number:04}" for number in range(40)]
    for license in licenses:
        make_agent(license, license)
    publish_rows([book_row(license, number) for number, license in enumerate([ALICE, *licenses], start=1)])
    assert sum(flushed) == 2
