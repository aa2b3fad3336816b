"""Quiet logs: without a configuration structlog draws every traceback for a terminal, which takes its time."""

import logging
from collections.abc import Iterator
from typing import NoReturn

import pytest
import structlog
from structlog.typing import EventDict


def _drop(_logger: object, _name: str, _line: EventDict) -> NoReturn:
    raise structlog.DropEvent


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    structlog.configure(processors=[_drop])
    yield
    structlog.reset_defaults()
    root.handlers, root.level = handlers, level
