"""An installation whose master key is in a file, and people whose keys it wraps."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from extranet.keyring import ring
from extranet.keyring.models import Purpose
from extranet.vault.keys import make_key_file

ALICE, BOB, CHARLIE = UUID(int=0xA), UUID(int=0xB), UUID(int=0xC)
Opened = dict[object, bytes]


@pytest.fixture
def master_file(settings: Settings, data_folder: Path) -> Path:
    return make_master_file(settings, data_folder)


def make_master_file(settings: Settings, data_folder: Path) -> Path:
    """The master key in a file, and none in the environment."""
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"master_key": ""})
    file = data_folder / "keys" / "master"
    make_key_file(file)
    return file


@pytest.fixture
def with_env(settings: Settings) -> Callable[..., None]:
    """Start all processes again with other variables."""

    def change(**variables: object) -> None:
        settings.EXTRANET = settings.EXTRANET.model_copy(update=variables)

    return change


def make_all(now: datetime) -> Opened:
    """Keys of three agents and two of the system."""
    ring.agent_keys([ALICE, BOB, CHARLIE], now=now)
    for purpose in (Purpose.OUTBOX, Purpose.PUBLICATIONS):
        ring.system_key(purpose, now=now)
    return open_all()


def open_all() -> Opened:
    """Every key, opened as a reader opens it."""
    agents: Opened = {agent: ring.agent_key_version(agent, 1).key for agent in (ALICE, BOB, CHARLIE)}
    systems: Opened = {
        purpose: ring.system_key_version(purpose, 1).key for purpose in (Purpose.OUTBOX, Purpose.PUBLICATIONS)
    }
    return agents | systems


def hanging() -> set[str]:
    """The master keys that wrap something."""
    return {count.master_id for count in ring.key_status() if count.live}
