"""Rows as wide as the header, and those that are not: told apart by counting commas, without taking rows apart."""

from dataclasses import dataclass, field

import numpy as np

from extranet.reports.sources.chunk import MisshapenRow, Places
from extranet.reports.sources.csv_pieces import Piece
from extranet.reports.sources.csv_quotes import COMMA, as_bytes, commas_inside, count_of
from extranet.reports.sources.csv_slowly import cells_of


@dataclass(frozen=True)
class Straight:
    """A piece in which every row has the right number of commas, the line of each, and the rows that had not."""

    piece: Piece
    lines: Places
    odd: list[MisshapenRow] = field(default_factory=list)


def straight(piece: Piece, width: int) -> Straight:
    """``width``: cells of the header. The piece has ends. Blank lines are no rows. Raises csv.Error, UnicodeDecodeError
    where a row of another width is no text."""
    assert piece.ends is not None  # noqa: S101 -- the caller's promise
    parting = count_of(piece.data, COMMA) - commas_inside(piece.data, piece.quotes)
    has_blank = bool((piece.ends == piece.starts).any())
    if parting == len(piece.ends) * (width - 1) and not has_blank:
        # The parser refuses a row that is too long; with the right sum there is then none that is too short.
        return Straight(piece, piece.lines)
    commas = piece.quotes.outside(np.flatnonzero(as_bytes(piece.data) == COMMA))
    counts = np.diff(np.searchsorted(commas, piece.ends), prepend=0)
    return _without(piece, counts != width - 1)


def _without(piece: Piece, is_odd: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Straight:
    assert piece.ends is not None  # noqa: S101 -- the caller's promise
    starts, ends, lines = piece.starts, piece.ends, piece.lines
    slices = zip(starts[is_odd].tolist(), ends[is_odd].tolist(), strict=True)
    odd = [cells_of(piece.data[first:last]) for first, last in slices]
    rows = [MisshapenRow(line, cells) for line, cells in zip(lines[is_odd].tolist(), odd, strict=True) if cells]
    kept = zip(starts[~is_odd].tolist(), ends[~is_odd].tolist(), strict=True)
    data = b"".join([piece.data[first : last + 1] for first, last in kept])
    return Straight(Piece.of(data, piece.line, is_last=piece.is_last), lines[~is_odd], rows)
