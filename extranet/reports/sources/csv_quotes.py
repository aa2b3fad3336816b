"""Quotes in a piece of CSV, as places: which line breaks end a record, and whether cells are quoted only at need.

A piece begins at the beginning of a record. Everything here is arithmetic on places of bytes, not a loop over cells.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from extranet.reports.sources.chunk import Places

Bytes = npt.NDArray[np.uint8]
_PROBE = 65_536  # bytes
_LOOKED_AT = 1_000  # quoted cells at a time
QUOTE, COMMA, NEWLINE, RETURN = 34, 44, 10, 13


@dataclass(frozen=True)
class Quotes:
    """Places of all quotes of a piece. ``opening`` and ``closing``: of the cells that are quoted, pairwise; a cell that
    is open at the end of the piece has no closing one."""

    places: Places
    opening: Places
    closing: Places

    @property
    def is_open(self) -> bool:
        """True if the piece ends inside a quoted cell."""
        return len(self.opening) > len(self.closing)

    def outside(self, places: Places) -> Places:
        """Those of the places that do not lie in a quoted cell."""
        if not len(self.places):
            return places
        found: Places = places[np.searchsorted(self.places, places) % 2 == 0]
        return found


def quotes_of(data: bytes) -> Quotes:
    """All quotes, taken as CSV has it: doubled ones inside a quoted cell stand for a quote."""
    if b'"' not in data:
        nothing: Places = np.empty(0, np.int64)
        return Quotes(nothing, nothing, nothing)
    places = _places_of_quotes(data)
    even, odd = places[0::2], places[1::2]
    closes_really = np.ones(len(odd), bool)
    opens_really = np.ones(len(even), bool)
    doubled = (
        odd[: len(even) - 1] + 1 == even[1:]
    )  # a quote that closes and at once one that opens: one sign of the cell
    closes_really[: len(doubled)] = ~doubled
    opens_really[1 : len(doubled) + 1] = ~doubled
    return Quotes(places, even[opens_really], odd[closes_really])


def _places_of_quotes(data: bytes) -> Places:
    """Where they are rare, jumping from one to the next is several times faster than looking at every byte."""
    if count_of(data[:_PROBE], QUOTE) > _PROBE // 500:
        return np.flatnonzero(as_bytes(data) == QUOTE)
    found, place = list[int](), data.find(b'"')
    while place >= 0:
        found.append(place)
        place = data.find(b'"', place + 1)
    return np.array(found, np.int64)


def is_well_formed(data: bytes, quotes: Quotes) -> bool:
    """True if every quoted cell begins behind a comma or a line break and ends before one."""
    if not len(quotes.places):
        return True
    signs = as_bytes(data)
    before = signs[quotes.opening[quotes.opening > 0] - 1]
    after = signs[quotes.closing[quotes.closing + 1 < len(signs)] + 1]
    begins = (before == COMMA) | (before == NEWLINE) | (before == RETURN)
    ends = (after == COMMA) | (after == NEWLINE) | (after == RETURN)
    return bool(begins.all() and ends.all())


def is_sparing(data: bytes, quotes: Quotes) -> bool:
    """True if no cell is quoted without need. Ends soon after the first that is."""
    longest = len(quotes.closing)
    return all(
        any(sign in cell for sign in (b",", b'"', b"\n", b"\r"))
        for place in range(0, longest, _LOOKED_AT)
        for cell in _cells(data, quotes, place, min(place + _LOOKED_AT, longest))
    )


def _cells(data: bytes, quotes: Quotes, first: int, last: int) -> list[bytes]:
    pairs = zip(quotes.opening[first:last].tolist(), quotes.closing[first:last].tolist(), strict=True)
    return [data[begins + 1 : ends] for begins, ends in pairs]


def commas_inside(data: bytes, quotes: Quotes) -> int:
    """How many commas stand in quoted cells."""
    if not len(quotes.places):
        return 0
    if len(quotes.places) > len(data) // 100:  # many: behind an odd number of quotes is inside
        signs = as_bytes(data)
        is_inside = np.cumsum(signs == QUOTE, dtype=np.uint8) & 1
        return int(np.count_nonzero((signs == COMMA) & is_inside.view(np.bool_)))
    pairs = zip(quotes.opening.tolist(), quotes.closing.tolist(), strict=False)
    return sum(data.count(b",", first, last) for first, last in pairs)


def count_of(data: bytes, sign: int) -> int:
    """How often one sign stands there; ``bytes.count`` is many times slower for signs that stand often."""
    return int(np.count_nonzero(as_bytes(data) == sign))


def as_bytes(data: bytes) -> Bytes:
    return np.frombuffer(data, np.uint8)
