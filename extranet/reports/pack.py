"""Write the pack of a publication: header first, then each owner's frames, then the quarantine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from extranet.reports.header import Header
from extranet.reports.models import Frame
from extranet.reports.seal import CHANGES, LINES, QUARANTINE, UNASSIGNED, Place, Rings, SealedFrame, seal
from extranet.vault.packs import HEADER_FRAME, PackSummary, PackWriter, Writable


@dataclass(frozen=True)
class Packed:
    """The finished pack. ``frames`` makes its index rows, not saved yet, one after the other: there may be many."""

    summary: PackSummary
    frames: Callable[[], Iterator[Frame]]


@dataclass(frozen=True)
class Sheet:
    """One frame to be sealed. ``rows`` are lines of a report or entries of changes."""

    owner: UUID
    frame: str
    rows: int
    text: bytes = field(repr=False)
    agent_id: UUID | None = None
    cases: int = 0
    counts: dict[str, int] = field(default_factory=dict)


class Packing:
    """One pack on its way. The caller makes the target durable."""

    def __init__(self, target: Writable, header: Header, *, publication: UUID, rings: Rings) -> None:
        self._kind, self._publication, self._rings, self._header = header.kind, publication, rings, header
        self._writer = PackWriter(target, kind=header.kind, publication=publication)
        self._told: list[tuple[bool, int, dict[str, int]]] = []  # of each frame: an agent's, cases, counts
        self.add(Sheet(publication, HEADER_FRAME, 0, header.to_bytes()))

    def add(self, sheet: Sheet) -> None:
        """Seal and append one frame."""
        self.append(sheet, seal(sheet.text, self.place_of(sheet), self._rings.of(sheet.frame, sheet.owner)))

    def place_of(self, sheet: Sheet) -> Place:
        return Place(self._kind, self._publication, sheet.owner, sheet.frame)

    def append(self, sheet: Sheet, done: SealedFrame) -> None:
        """One frame that was sealed for its place."""
        self._writer.add(
            sheet.owner,
            sheet.frame,
            rows=sheet.rows,
            sealed=done.sealed,
            wrapped_key=done.wrapped_key,
            key_version=done.key_version,
        )
        self._told.append((sheet.agent_id is not None, sheet.cases, sheet.counts))

    def finish(self) -> Packed:
        meta = {"as_of": self._header.as_of.isoformat()}
        return Packed(self._writer.finish(meta), self._frames)

    def _frames(self) -> Iterator[Frame]:
        for entry, (is_agents, cases, counts) in zip(self._writer.entries(), self._told, strict=True):
            yield Frame(
                publication_id=self._publication,
                agent_id=entry.owner if is_agents else None,
                owner=entry.owner,
                frame=entry.frame,
                offset=entry.offset,
                length=entry.length,
                rows=entry.rows,
                cases=cases,
                counts=counts,
                wrapped_key=entry.wrapped_key,
                key_version=entry.key_version,
            )


def sheet_of_lines(owner: UUID, agent_id: UUID | None, *, rows: int, cases: int, text: bytes) -> Sheet:
    return Sheet(owner, LINES if agent_id else UNASSIGNED, rows, text, agent_id, cases)


def sheet_of_changes(agent_id: UUID, *, entries: int, text: bytes, counts: dict[str, int]) -> Sheet:
    return Sheet(agent_id, CHANGES, entries, text, agent_id, counts=counts)


def sheet_of_quarantine(owner: UUID, *, rows: int, text: bytes) -> Sheet:
    return Sheet(owner, QUARANTINE, rows, text)
