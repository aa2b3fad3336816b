"""Opens one workbook, in a process of its own: its rows leave as JSON, column by column, some thousand rows a piece.

Each cell is its text with one letter before it that says what the cell was: ``t`` text, ``n`` number, ``d`` day,
``m`` moment, ``h`` hours, ``b`` boolean. A blank cell is blank. The first filled row is the header.
"""

import io
import itertools
import math
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import python_calamine

from extranet.reports.sources.within import FACTS, ROWS, Unreadable, run, tell_json
from extranet.reports.sources.workbook_parts import DAMAGED, packed_again, parts_of
from extranet.reports.sources.workbook_scan import Sheet, column_name, sheets_of

MEMORY = 1_500_000_000  # bytes of its own; 100,000 rows in 50 MB take a third
SECONDS = 60  # of the processor; 100,000 rows take a tenth
MOST_ROWS = 100_000  # below the header
MOST_COLUMNS = 256
MOST_CELLS = 12_000_000  # from the first filled row to the last: twice 100,000 rows of 60 columns
MOST_CELL = 32_767  # signs; what a cell of a spreadsheet holds
MOST_TEXT = 200_000_000  # signs of all cells: a text that stands once in the file may be meant by every cell
PIECE_ROWS = 5_000
PIECE_TEXT = 4_000_000  # signs; a piece ends with the row that fills it
AS_CSV = "send it as CSV in UTF-8 or Parquet"

Row = tuple[int, list[str]]


def main() -> None:
    run(_tell_rows, memory=MEMORY, seconds=SECONDS)


def _tell_rows() -> None:
    parts = parts_of()
    sheet = _only_filled(sheets_of(parts))
    _no_larger(sheet)
    _certain(sheet)
    tell_json(FACTS, {"rows": max(sheet.filled_rows - 1, 0)})
    rows = _rows(packed_again(parts), sheet)
    number, header = next(rows, (1, []))
    tell_json(ROWS, {"line": number, "header": header})
    for piece in _pieces(rows):
        tell_json(ROWS, _by_column(piece, len(header)))


def _only_filled(sheets: list[Sheet]) -> Sheet:
    filled = [sheet for sheet in sheets if sheet.filled_rows]
    if len(filled) > 1:
        names = ", ".join(repr(sheet.name[:40]) for sheet in filled[:10])
        raise Unreadable(f"the workbook has {len(filled)} filled sheets ({names}); keep the one with the report")
    if not filled:
        raise Unreadable("line 1: the workbook is empty; a header is expected")
    return filled[0]


def _certain(sheet: Sheet) -> None:
    """Everything in it is a value."""
    if sheet.formulas:
        where = _where(sheet.formula_places, sheet.formulas)
        raise Unreadable(
            f"{where}: a formula stands there, whose value may be old or missing;"
            " copy the sheet, paste it as values and save that"
        )
    if sheet.errors:
        where = _where(sheet.error_places, sheet.errors)
        raise Unreadable(f"{where}: an error stands there (such as #N/A); put the value there or leave it blank")


def _no_larger(sheet: Sheet) -> None:
    """A reader allots all cells between the first and the last."""
    if sheet.filled_rows > MOST_ROWS + 1 or sheet.last_row - sheet.first_row > MOST_ROWS + PIECE_ROWS:
        raise Unreadable(
            f"the workbook has {sheet.filled_rows - 1} rows, the last in row {sheet.last_row};"
            f" at most {MOST_ROWS} are taken: {AS_CSV}"
        )
    furthest = column_name(sheet.last_column)
    if sheet.last_column > MOST_COLUMNS:
        raise Unreadable(f"column {furthest} is filled; no report is wider than {MOST_COLUMNS} columns")
    if (sheet.last_row - sheet.first_row + 1) * sheet.last_column > MOST_CELLS:
        raise Unreadable(
            f"the workbook reaches to row {sheet.last_row} and column {furthest}, far more cells than a report has;"
            f" delete what lies outside of the table, or {AS_CSV}"
        )


def _where(places: list[str], count: int) -> str:
    named = f"cell {', '.join(places)}"
    return f"{named} and {count - len(places)} more" if count > len(places) else named


def _rows(data: bytes, sheet: Sheet) -> Iterator[Row]:
    """Every row that holds anything, with its number in the sheet, blank cells at its end cut off."""
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        cells = book.get_sheet_by_name(sheet.name)
        before = [""] * (cells.start or (0, 0))[1]  # columns that are wholly blank are left out
        for number, row in enumerate(cells.iter_rows(), 1):
            texts = [*before, *(_marked(cell) for cell in row)]
            while texts and not texts[-1]:
                texts.pop()
            if texts:
                yield number, texts
    except GeneratorExit:
        raise
    except BaseException as error:  # calamine panics outside of Exception, and a panic says: damaged
        raise Unreadable(DAMAGED) from error


def _marked(cell: object) -> str:
    match cell:
        case str():
            return f"t{cell}" if cell else ""
        case bool():
            return "bY" if cell else "bN"
        case int() | float():
            return f"n{_digits(cell)}"
        case datetime():
            return f"d{cell.date()}" if cell.time() == time.min else f"m{cell.isoformat()}"
        case date():
            return f"d{cell}"
        case time() | timedelta():
            return f"h{cell}"
    raise ValueError(type(cell))


def _digits(number: float) -> str:
    """As a spreadsheet shows it, to fifteen digits: what lies beyond is noise of binary fractions."""
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text and math.isfinite(number) else text


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    piece: list[Row] = []
    size = total = 0
    for number, texts in rows:
        length = sum(map(len, texts))
        if length > MOST_CELL and any(len(text) > MOST_CELL + 1 for text in texts):
            raise Unreadable(f"row {number}: a cell holds more than {MOST_CELL} signs")
        size, total = size + length, total + length
        if total > MOST_TEXT:
            raise Unreadable(f"the workbook unpacks to more than a sheet can be; {AS_CSV}")
        piece.append((number, texts))
        if len(piece) == PIECE_ROWS or size > PIECE_TEXT:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _by_column(piece: list[Row], width: int) -> dict[str, object]:
    good = [row for row in piece if len(row[1]) <= width]
    columns = list(itertools.islice(itertools.zip_longest(*(texts for _, texts in good), fillvalue=""), width))
    columns += [("",) * len(good)] * (width - len(columns))
    return {
        "lines": [number for number, _ in good],
        "columns": columns,
        "wide": [(number, [text[1:] for text in texts]) for number, texts in piece if len(texts) > width],
    }


if __name__ == "__main__":
    main()
