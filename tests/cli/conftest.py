"""The program as a person or a script calls it, in this process and against the test's database."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from extranet.cli.main import extranet
from tests.agents.conftest import as_csv


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str

    @property
    def facts(self) -> Any:
        """The one JSON object on stdout."""
        return json.loads(self.out)


class Call(Protocol):
    def __call__(self, *arguments: str | Path) -> Ended: ...


@pytest.fixture
def call(db: None) -> Call:
    def run(*arguments: str | Path) -> Ended:
        with capture_logs():  # the program sends them to stderr; here nothing was configured
            result: Result = CliRunner().invoke(extranet, [str(argument) for argument in arguments])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def roster_file(tmp_path: Path) -> "RosterFile":
    def write(*rows: Mapping[str, str], name: str = "roster.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(as_csv(rows))
        return path

    return write


class RosterFile(Protocol):
    def __call__(self, *rows: Mapping[str, str], name: str = "roster.csv") -> Path: ...
