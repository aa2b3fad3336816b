"""What a reader of values does not tell about a workbook: formulas, errors, how far a sheet reaches.

A formula without a value and an error both look like a blank cell to it; two cells far apart make it allot all between.
"""

import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from extranet.reports.sources.within import Unreadable
from extranet.reports.sources.workbook_parts import DAMAGED

PLACES_KEPT = 3
_SEPARATOR = "|"
_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_VALUES = ("v", "is", "f")
_WORKBOOK = "xl/workbook.xml"
Start = Callable[[str, dict[str, str]], None]
End = Callable[[str], None]
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
    for name in (name for name in parts if name.startswith("xl/") and name.endswith(".xml")):
        _parse(parts[name])
    targets = {link.get("Id", ""): link.get("Target", "") for link in _elements(parts, _RELATIONS, "Relationship")}
    found = []
    for sheet in _elements(parts, _WORKBOOK, "sheet"):
        target = posixpath.normpath(posixpath.join("/xl", targets.get(sheet.get("id", ""), ""))).lstrip("/")
        if target not in parts:
            raise Unreadable(DAMAGED)
        found.append(_Scan(Sheet(sheet.get("name", ""))).of(parts[target]))
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


def _parse(data: bytes, start: Start | None = None, end: End | None = None) -> None:
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.StartElementHandler, parser.EndElementHandler = start, end
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


class _Scan:
    """Walks one sheet, from its first element to the last."""

    def __init__(self, sheet: Sheet) -> None:
        self._sheet = sheet
        self._row = self._column = 0
        self._cell: dict[str, str] | None = None

    def of(self, data: bytes) -> Sheet:
        _parse(data, self._start, self._end)
        return self._sheet

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        bare = _bare(name)
        if bare == "c":
            self._cell = attributes
            self._go_to(attributes.get("r", ""))
        elif bare in _VALUES and self._cell is not None:
            self._filled(bare, self._cell)
        elif bare == "row":
            self._row, self._column = _number(attributes.get("r", ""), self._row + 1), 0

    def _end(self, name: str) -> None:
        if _bare(name) == "c":
            self._cell = None

    def _go_to(self, place: str) -> None:
        """A cell without a place follows the one before it."""
        if match := _PLACE.fullmatch(place):
            self._column, self._row = _column_number(match[1]), int(match[2])
        elif place:
            raise Unreadable(DAMAGED)
        else:
            self._column += 1

    def _filled(self, what: str, cell: dict[str, str]) -> None:
        sheet, row = self._sheet, self._row
        sheet.first_row = min(sheet.first_row or row, row)
        sheet.filled_rows += row != sheet.last_row
        sheet.last_row, sheet.last_column = max(sheet.last_row, row), max(sheet.last_column, self._column)
        if what == "f":
            sheet.formulas += 1
            self._keep(sheet.formula_places)
        elif cell.get("t") == "e":
            sheet.errors += 1
            self._keep(sheet.error_places)

    def _keep(self, places: list[str]) -> None:
        if len(places) < PLACES_KEPT:
            places.append(f"{column_name(self._column)}{self._row}")


def _number(text: str, otherwise: int) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 7 else otherwise


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number
