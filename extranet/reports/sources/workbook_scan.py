"""What a reader of values does not tell about a workbook: formulas, errors, how far a sheet reaches.

A formula without a value and an error both look like a blank cell to it; two cells far apart make it allot all between.
"""

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from extranet.reports.sources.within import Unreadable
from extranet.reports.sources.workbook_parts import DAMAGED

PLACES_KEPT = 3
_SEPARATOR = "|"
_DIGITS = "0123456789"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_VALUES = ("v", "is", "f")
_WORKBOOK = "xl/workbook.xml"
Start = Callable[[str, dict[str, str]], None]
_RELATIONS = "xl/_rels/workbook.xml.rels"


@dataclass
class Sheet:
    """What one sheet holds. Rows and columns count from 1; 0 while nothing is filled."""

    name: str
    filled_rows: int = 0
    first_row: int = 0
    last_row: int = 0
    last_column: int = 0
    formulas: int = 0
    errors: int = 0
    formula_places: list[str] = field(default_factory=list)
    error_places: list[str] = field(default_factory=list)


def sheets_of(parts: dict[str, bytes]) -> list[Sheet]:
    """Every sheet that the workbook names. Raises Unreadable, for any part that is not whole too."""
    parts = dict(parts)
    targets = {link.get("Id", ""): link.get("Target", "") for link in _elements(parts, _RELATIONS, "Relationship")}
    found = []
    for sheet in _elements(parts, _WORKBOOK, "sheet"):
        target = posixpath.normpath(posixpath.join("/xl", targets.get(sheet.get("id", ""), ""))).lstrip("/")
        if target not in parts:  # or named twice
            raise Unreadable(DAMAGED)
        found.append(_scanned(Sheet(sheet.get("name", "")), parts.pop(target)))
    for name in (name for name in parts if name.startswith("xl/") and name.endswith(".xml")):
        _parse(parts[name])
    return found


def column_name(number: int) -> str:
    """1 is A, 27 is AA."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def _elements(parts: dict[str, bytes], part: str, wanted: str) -> list[dict[str, str]]:
    """The attributes of every element of that name, without their namespaces."""
    found: list[dict[str, str]] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if _bare(name) == wanted:
            found.append({_bare(key): value for key, value in attributes.items()})

    _parse(parts.get(part, b""), start)
    return found


def _parse(data: bytes, start: Start | None = None) -> None:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartElementHandler = start
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError) as error:
        raise Unreadable(DAMAGED) from error


def _no_doctype(*_: object) -> None:
    """Entities are declared there, by which some bytes become gigabytes; no spreadsheet writes one."""
    raise Unreadable("the workbook declares document types, as no spreadsheet does; save it anew with one")


def _bare(name: str) -> str:
    return name.rpartition(_SEPARATOR)[2]


def _scanned(sheet: Sheet, data: bytes) -> Sheet:
    """Walks one sheet, a million cells a second: hence one flat function, and no regular expression a cell."""
    names: dict[str, str] = {}
    columns: dict[str, int] = {}
    kind, row, column = "", 0, 0

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal kind, row, column
        what = names.get(name)
        if what == "c":
            kind, place = attributes.get("t", ""), attributes.get("r", "")
            letters = place.rstrip(_DIGITS)
            column = (columns.get(letters) or _column(letters, columns)) if place else column + 1
            row = int(place[len(letters) :]) if place else row
        elif what == "row":
            row, column = int(attributes.get("r", row + 1)), 0
        elif what:
            _filled(sheet, what, kind, row, column)
        elif not names:  # the root: everything else of a sheet has its namespace
            space = name.rpartition(_SEPARATOR)[0]
            names.update({f"{space}{_SEPARATOR}{bare}" if space else bare: bare for bare in ("c", "row", *_VALUES)})

    _parse(data, start)
    return sheet


def _filled(sheet: Sheet, what: str, kind: str, row: int, column: int) -> None:
    if row != sheet.last_row:
        sheet.filled_rows += 1
        sheet.first_row = min(sheet.first_row or row, row)
        sheet.last_row = max(sheet.last_row, row)
    sheet.last_column = max(sheet.last_column, column)
    if what == "f":
        sheet.formulas += 1
        _keep(sheet.formula_places, row, column)
    elif kind == "e":
        sheet.errors += 1
        _keep(sheet.error_places, row, column)


def _keep(places: list[str], row: int, column: int) -> None:
    if len(places) < PLACES_KEPT:
        places.append(f"{column_name(column)}{row}")


def _column(letters: str, known: dict[str, int]) -> int:
    """Raises ValueError for what is no column."""
    number = 0
    for letter in letters:
        number = 26 * number + _LETTERS.index(letter) + 1
    if not 0 < len(letters) < 4:
        raise ValueError("no column")
    known[letters] = number
    return number
