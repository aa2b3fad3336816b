"""Files that are no CSV and cannot be published as they are: each is refused with what, where, and what to do."""

import io
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import polars as pl
import pytest

from tests.reports.exchange import ALICE, BOB, book_row, csv_text, report
from tests.reports.sources.files import ROWS, archive, cell, hand_made, parquet, refusal, sheet, workbook, written

COLUMN = {key: number for number, key in enumerate(report().layout.keys, 1)}
CSV = csv_text(ROWS)
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
TAR = b"book.csv".ljust(257, b"\0") + b"ustar\0" + bytes(249)


def put(key: str, row: int, value: object, number_format: str = "") -> Callable[[Any], None]:
    def act(book: Any) -> None:
        place = book.active.cell(row, COLUMN[key], value)
        place.number_format = number_format or place.number_format

    return act


def error_in(key: str, row: int) -> Callable[[Any], None]:
    def act(book: Any) -> None:
        place = book.active.cell(row, COLUMN[key], "#N/A")
        place.data_type = "e"

    return act


def second_sheet(book: Any) -> None:
    book.active.title = "November"
    book.create_sheet("October")["B2"] = "x"


def formula_in_second_sheet(book: Any) -> None:
    book.create_sheet("Sums")["B2"] = "=1+1"


def locked_part() -> bytes:
    """The flag of every entry says: encrypted."""
    data = bytearray(workbook())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.find(mark)
        while at >= 0:
            data[at + place] |= 1
            at = data.find(mark, at + 4)
    return bytes(data)


BROKEN: list[tuple[str, Callable[[], bytes], str, str]] = [
    # a workbook: what is wrong, how it is made, what and where, what to do
    ("several sheets", lambda: workbook(act=second_sheet), "2 filled sheets ('November', 'October')", "keep the one"),
    ("a formula sheet", lambda: workbook(act=formula_in_second_sheet), "2 filled sheets", "keep the one"),
    ("a formula", lambda: workbook(act=put("member_premium", 3, "=1+1")), "cell AV3: a formula", "paste it as values"),
    ("an error", lambda: workbook(act=error_in("res_zip", 2)), "cell Z2: an error", "leave it blank"),
    ("license as number", lambda: workbook(act=put("agent_license", 3, 1234567)), "line 3, Agent License: cell C3 is a"
     " number: leading zeros and letters may be lost", "write it as text"),
    ("case as number", lambda: workbook(act=put("case_number", 2, 5004300001)), "line 2, Case Number: cell B2 is a"
     " number", "write it as text"),
    ("ZIP as number", lambda: workbook(act=put("res_zip", 3, 501)), "line 3, ", "write it as text"),
    ("text as day", lambda: workbook(act=put("policy_id", 2, datetime(2026, 1, 2), "yyyy-mm-dd")),  # noqa: DTZ001
     "is a day: the text that it was is lost", "write it as text"),
    ("moment, no zone", lambda: workbook(act=put("last_updated", 2, datetime(2026, 1, 2, 3, 4))),  # noqa: DTZ001
     "is a moment without a zone", "YYYY-MM-DDTHH:MM:SSZ"),
    ("day as number", lambda: workbook(act=put("extract_date", 2, 46342)), "line 2, Extract Date: cell A2 is a number",
     "YYYY-MM-DD"),
    ("hours", lambda: workbook(act=put("date_of_birth", 2, timedelta(hours=3))), "is a time of day", "YYYY-MM-DD"),
    ("true as text", lambda: workbook(act=put("first_name", 2, True)), "cell N2 is a boolean", "write it as text"),
    ("yes as number", lambda: workbook(act=put("is_primary_contact", 2, 1)), "cell K2 is a number", "write Y or N"),
    ("NUL", lambda: workbook(act=put("first_name", 2, "a_x0000_b")), "line 2, First Name: there is a NUL", "damaged"),
    ("header only", lambda: sheet(report().layout.headers), "line 2: the workbook has a header", "no rows"),
    ("blank first column", lambda: sheet(["", *report().layout.headers]), "line 1: column 1 ('') is not a column", ""),
    ("empty workbook", sheet, "line 1: the workbook is empty", "a header is expected"),
    ("no header", lambda: sheet(["2026-11-16", "5004300001"]), "line 1: column 1 is not", "Extract Date is missing"),
    ("doctype", lambda: hand_made("", more={"xl/styles.xml": "<!DOCTYPE x [<!ENTITY a 'b'>]><x/>"}), "document types",
     "save it anew"),
    ("locked parts", locked_part, "locked with a password", "save it without one"),
    ("odd packing", lambda: archive({"xl/workbook.xml": "x" * 99}, zipfile.ZIP_BZIP2), "packed in a way",
     "save it anew"),
    ("cut workbook", lambda: workbook()[:-900], "the workbook is damaged or was cut", "send it again"),
    ("cut to the head", lambda: workbook()[:200], "the workbook is damaged or was cut", "send it again"),
    ("far corner", lambda: hand_made(f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>'),
     "the last in row 1048576; at most 100000", "send it as CSV"),
    ("wide", lambda: hand_made(f'<row r="1">{cell("XFD1")}</row>'), "column XFD is filled", "256 columns"),
    ("xlsb", lambda: archive({"xl/workbook.bin": "x"}), "binary workbook (.xlsb)", "save it as an Excel workbook"),
    ("ods", lambda: archive({"mimetype": "x", "content.xml": "x"}), "(.ods)", "save it as an Excel workbook"),
    ("numbers", lambda: archive({"Index/Document.iwa": "x"}), "a Numbers document", "save it as an Excel workbook"),
    ("docx", lambda: archive({"word/document.xml": "x"}), "a document", "send the table as CSV"),
    ("xls", lambda: OLE, "old Excel", "save it as an Excel workbook"),
    ("locked", lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "locked with a password", "save it without one"),
    # an archive, and what else comes along
    ("zip", lambda: archive({"book.csv": CSV}), "is a ZIP archive", "unpack it"),
    ("empty zip", lambda: archive({}), "is a ZIP archive", "unpack it"),
    ("cut zip", lambda: archive({"book.csv": CSV})[:-30], "is a ZIP archive, damaged or cut", "unpack it"),
    ("gzip", lambda: b"\x1f\x8b\x08", "packed with gzip", "unpack it"),
    ("bzip2", lambda: b"BZh91AY", "packed with bzip2", "unpack it"),
    ("xz", lambda: b"\xfd7zXZ\0", "packed with xz", "unpack it"),
    ("zstd", lambda: b"\x28\xb5\x2f\xfd", "packed with zstd", "unpack it"),
    ("7z", lambda: b"7z\xbc\xaf\x27\x1c", "7-Zip", "unpack it"),
    ("rar", lambda: b"Rar!\x1a\x07", "RAR", "unpack it"),
    ("tar", lambda: TAR, "(.tar)", "unpack it"),
    ("utf-16", lambda: CSV.encode("utf-16"), "UTF-16", "save it as UTF-8"),
    ("utf-32", lambda: CSV.encode("utf-32"), "UTF-32", "save it as UTF-8"),
    ("html", lambda: b"\xef\xbb\xbf <html><table>", "a web page", "send CSV in UTF-8"),
    ("json", lambda: b' [{"a": 1}]', "is JSON", "send CSV in UTF-8"),
    ("pdf", lambda: b"%PDF-1.7", "a PDF", "send CSV in UTF-8"),
    ("picture", lambda: b"\x89PNG\r\n", "a picture", "send CSV in UTF-8"),
    ("arrow", lambda: b"ARROW1\0\0", "an Arrow", "send CSV in UTF-8"),
    # Parquet
    ("cut parquet", lambda: parquet()[:-100], "the Parquet file was cut", "send it again"),
    ("only the mark", lambda: b"PAR1", "the Parquet file was cut", "send it again"),
    ("hollow parquet", lambda: b"PAR1" + bytes(500) + b"PAR1", "is damaged, was cut or is encrypted", "write it again"),
    ("locked parquet", lambda: b"PARE" + bytes(500) + b"PARE", "an encrypted Parquet file", "without a lock"),
    ("no rows", lambda: written(pl.DataFrame(schema=dict.fromkeys(report().layout.keys, pl.String))),
     "line 2: the Parquet file has columns", "no rows"),
    ("parquet license", lambda: parquet(agent_license=pl.lit(1234567)), "Agent License: is a number: leading zeros",
     "write it as text"),
    ("parquet zone", lambda: parquet(last_updated=pl.datetime(2026, 1, 2)), "Last Updated: is a moment without a zone",
     "YYYY-MM-DDTHH:MM:SSZ"),
    ("parquet day", lambda: parquet(last_updated=pl.date(2026, 1, 2)), "is a day without a time and a zone", "SSZ"),
    ("parquet float", lambda: parquet(member_premium=pl.lit(1.5, dtype=pl.Float32)), "32-bit float, which loses cents",
     "write it as a decimal"),
    ("parquet bytes", lambda: parquet(first_name=pl.lit(b"x")), "First Name: is of the type Binary", "as text"),
    ("parquet list", lambda: parquet(first_name=pl.concat_list(pl.lit("x"))), "First Name: is of the type List",
     "as text"),
    ("parquet boolean", lambda: parquet(gender=pl.lit(True)), "Gender: is a boolean", "write it as text"),
    ("parquet NUL", lambda: parquet(first_name=pl.lit("a\0b")), "line 2, First Name: there is a NUL", "damaged"),
    ("parquet column", lambda: parquet(weather=pl.lit("x")), "('weather') is not a column", "of this report"),
    ("parquet lacks one", lambda: written(pl.read_parquet(io.BytesIO(parquet())).drop("res_zip")), "is missing", ""),
]  # fmt: skip


@pytest.mark.parametrize(("make", "what", "do"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN])
def test_a_file_that_cannot_be_taken_is_refused_with_what_to_do(make: Callable[[], bytes], what: str, do: str) -> None:
    told = "\n".join(refusal(make()))
    assert what in told
    assert do in told


def test_no_refusal_tells_a_value_of_the_file() -> None:
    rows = [book_row(ALICE, 1, first_name="Xanthippe"), book_row(BOB, 2, first_name="Xanthippe")]
    for act in (put("agent_license", 2, 7654321), put("member_premium", 2, "=7654321+0"), second_sheet):
        told = "\n".join(refusal(workbook(rows, act=act)))
        assert "7654321" not in told
        assert "Xanthippe" not in told


def test_all_columns_of_a_kind_that_cannot_be_read_are_told_at_once() -> None:
    told = refusal(parquet(agent_license=pl.lit(1), case_number=pl.lit(2)))
    assert [line.partition(":")[0] for line in told] == ["Case Number", "Agent License"]
