"""One cell of a roster against its column: text as it will be stored, or the reason why not."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from extranet.agents.models import Agency, Agent
from extranet.agents.workbooks import NumberCell
from extranet.profile.layouts import Column

LICENSES = ("license", "agency_license")
LONGEST: Mapping[str, int | None] = {
    **{field.name: field.max_length for field in Agent._meta.concrete_fields},
    **{f"agency_{field.name}": field.max_length for field in Agency._meta.concrete_fields},
}
"""What the tables can hold, by key of the column."""


class CellRefused(Exception):
    """The cell cannot be stored; the message is the reason."""


def checked(column: Column, cell: object) -> str:
    """The cell as it will be stored, blank for blank. Raises CellRefused."""
    text = _visible(unicodedata.normalize("NFC", str(cell))).strip()
    if not text:
        if column.required:
            raise CellRefused("is blank")
        return ""
    if not text.isprintable():  # no mail carries such a name
        raise CellRefused("holds a line break or control sign")
    if isinstance(cell, NumberCell):
        _certain(column, cell)
    return _typed(column, _limited(column, text))


def _visible(text: str) -> str:
    """Every kind of blank as a blank; signs that only a program sees (widthless, turning the line round) are gone."""
    kinds = ((sign, unicodedata.category(sign)) for sign in text)
    return "".join(" " if kind == "Zs" else sign for sign, kind in kinds if kind != "Cf")


def _limited(column: Column, text: str) -> str:
    longest = LONGEST.get(column.key)
    if longest is not None and len(text) > longest:
        raise CellRefused(f"is longer than {longest} signs")
    return text


def _certain(column: Column, cell: NumberCell) -> None:
    """Refuse a number of which nobody can say what text it was.

    Excel drops leading zeros and takes ``0E12345`` for 0 and ``1E00006`` for 1000000.
    """
    if column.type != "text" or not column.pattern or not cell.is_whole:
        raise CellRefused(f"is the number {cell}; format the column as text")
    if column.key in LICENSES and cell % 10**6 == 0:
        raise CellRefused(f"is the number {cell}, which may have been typed with an E; format the column as text")
    if not re.fullmatch(column.pattern, str(cell)):
        raise CellRefused(f"is the number {cell}; signs may be lost, format the column as text")


def _typed(column: Column, text: str) -> str:
    if column.type == "date":
        return _day(text)
    if column.type == "enum":
        return _one_of(column, text)
    if column.key in LICENSES:
        text = text.upper()
    if column.pattern and not re.fullmatch(column.pattern, text):
        raise CellRefused(f"{text!r} is not of the form {column.pattern}")
    return _address(text) if column.key == "email" else text


def _day(text: str) -> str:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise CellRefused(f"{text!r} is not a day written like 2026-11-18")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise CellRefused(f"{text!r} is no day of the calendar") from None


def _one_of(column: Column, text: str) -> str:
    for value in column.allowed:
        if value.casefold() == text.casefold():
            return value
    raise CellRefused(f"{text!r} is not one of {', '.join(column.allowed)}")


def _address(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise CellRefused(f"{text!r} is not an e-mail address") from None
    return text
