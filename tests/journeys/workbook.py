"""A downloaded workbook, opened as a stranger's program would."""

import io
from typing import Any

import openpyxl

from tests.journeys.browser import Browser


def sheet(browser: Browser) -> list[dict[str, Any]]:
    """Its rows by header."""
    rows = openpyxl.load_workbook(io.BytesIO(browser.answer.content)).active.iter_rows(values_only=True)
    headers = next(rows)
    return [dict(zip(headers, row, strict=True)) for row in rows]
