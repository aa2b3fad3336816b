"""Who has what in a pack, sealed in the pack itself: what the index knows beyond the trailer, so that it can be made
anew from packs when the database is lost.

Canonical CSV, a line a frame of lines or changes: owner, frame, agent (Y or N), licenses, rows, cases, counts.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

from extranet.reports.lines import block_of, canonical, frame_text, parse_frame
from extranet.reports.refusals import IntegrityBroken

_COLUMNS = 7


@dataclass(frozen=True)
class Entry:
    """One frame of an owner. ``licenses``: those that stand in its rows, for an agent the ones to be known by."""

    owner: UUID
    frame: str
    is_agents: bool
    licenses: tuple[str, ...]
    rows: int
    cases: int
    counts: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        counts = json.dumps(self.counts, sort_keys=True) if self.counts else ""
        licenses, kind = " ".join(self.licenses), "Y" if self.is_agents else "N"
        return canonical([str(self.owner), self.frame, kind, licenses, str(self.rows), str(self.cases), counts])


def contents_text(lines: list[str]) -> bytes:
    """The text of the frame from the lines of its entries: there may be many, and a line is smaller than an entry."""
    return frame_text(len(lines), block_of(lines), b"")


def entries_of(text: bytes) -> Iterator[Entry]:
    """What ``contents_text`` was made of. Raises IntegrityBroken."""
    rows, _ = parse_frame(text, stable=_COLUMNS, volatile=0)
    try:
        for owner, frame, kind, licenses, count, cases, counts in rows:
            told = json.loads(counts) if counts else {}
            yield Entry(UUID(owner), frame, kind == "Y", tuple(licenses.split()), int(count), int(cases), told)
    except ValueError as error:
        raise IntegrityBroken("the list of contents of a pack cannot be read") from error
