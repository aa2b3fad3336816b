"""Cells that a household could bring along to run something at its agent's desk."""

import csv
import io

import openpyxl
import pytest

from extranet.reports.book import Query
from extranet.reports.render import csv_bytes, xlsx_bytes
from tests.reports.exchange import ALICE, book_row
from tests.reports.test_book import book

STARTS = ["\n=1+1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(A1)"]
"""A line feed is passed over by some programs; the wide signs are what keyboards of East Asia type, and are taken."""
LINKS = ["http://evil.example/?q=x", "mailto:x@evil.example", "file:///etc/passwd", "internal:Sheet1!A1"]


@pytest.mark.parametrize("text", STARTS)
def test_no_other_way_to_begin_a_formula_gets_into_a_csv(text: str) -> None:
    whole = book(book_row(ALICE, 1, mail_address=text))
    (row,) = csv.DictReader(io.StringIO(csv_bytes(whole, whole.view(Query()).table()).decode("utf-8-sig"), newline=""))
    assert row["Mailing Address"] == f"'{text}"


@pytest.mark.parametrize("text", [*STARTS, *LINKS])
def test_a_workbook_holds_them_as_texts_without_a_link(text: str) -> None:
    whole = book(book_row(ALICE, 1, mail_address=text))
    sheet = openpyxl.load_workbook(io.BytesIO(xlsx_bytes(whole, whole.view(Query()).table()))).active
    cells = [cell for cell in next(sheet.iter_rows(min_row=2)) if cell.value == text]
    assert [(cell.data_type, cell.hyperlink) for cell in cells] == [("s", None)]
