"""Quiet logs: without a configuration structlog draws every traceback for a terminal, which takes its time."""

from collections.abc import Iterator
from typing import NoReturn

import pytest
import structlog
from structlog.typing import EventDict


def _drop(_logger: object, _name: str, _line: EventDict) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()
