"""What every test may lean on: the clock as an argument, clean keys, a mailbox of its own."""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import Settings

# tests never judge time: machines are shared
hypothesis.settings.register_profile("extranet", deadline=None)
hypothesis.settings.load_profile("extranet")

WITHOUT_DATABASE = ("agents", "architecture", "demo", "policy", "profile", "reports", "vault")
"""Folders in which a test that asks for no database starts no process that has one."""

_protection: Any = importlib.import_module("extranet.audit.migrations.0002_append_only")
_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


@contextmanager
def audit_unprotected() -> Iterator[None]:
    """Take the append-only triggers away for a moment; only the clean-up between tests may."""
    with connection.schema_editor() as editor:
        _protection.unprotect(None, editor)
    try:
        yield
    finally:
        with connection.schema_editor() as editor:
            _protection.protect(None, editor)


def _flush_with_the_trail_open(self: TransactionTestCase) -> None:
    with audit_unprotected():
        _flush(self)


TransactionTestCase._fixture_teardown = _flush_with_the_trail_open  # type: ignore[attr-defined]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On PostgreSQL, leave out what touches no database: it ran with SQLite, and would tell nothing new."""
    if "POSTGRES_FOR_TESTS" not in os.environ:
        return
    here, left_out = Path(__file__).parent, []
    for item in items:
        folder = item.path.relative_to(here).parts[0]
        if folder in WITHOUT_DATABASE and not {"db", "transactional_db"} & set(_fixtures(item)):
            left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in set(left_out)]


def _fixtures(item: pytest.Item) -> Iterator[str]:
    yield from getattr(item, "fixturenames", ())
    yield from ("db" for _ in item.iter_markers("django_db"))


@pytest.fixture
def now() -> datetime:
    """Monday 2026-11-16, 09:00 in Los Angeles."""
    return datetime(2026, 11, 16, 17, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def data_folder(settings: Settings, tmp_path: Path) -> Path:
    """Every test has a data folder of its own: mailbox, packs, checkpoints."""
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"data_dir": tmp_path})
    return tmp_path
