"""Write the pack of a publication: header first, then each owner's frame, then the quarantine."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from extranet.reports.header import Header
from extranet.reports.models import Frame
from extranet.reports.progress import Progress
from extranet.reports.seal import LINES, QUARANTINE, UNASSIGNED, Place, Rings, seal
from extranet.reports.split import Portion
from extranet.vault.packs import HEADER_FRAME, PackSummary, PackWriter, Writable


@dataclass(frozen=True)
class Packed:
    """The finished pack and its index rows, not saved yet."""

    summary: PackSummary
    frames: list[Frame]


@dataclass(frozen=True)
class Contents:
    """What goes into a pack. ``quarantine`` is blank where no row had a fault."""

    header: Header
    portions: Iterable[Portion]
    owners: int
    quarantine: bytes
    quarantined: int


def write_pack(target: Writable, contents: Contents, *, publication: UUID, rings: Rings, progress: Progress) -> Packed:
    """Seal and append everything. The caller makes the target durable."""
    kind = contents.header.kind
    writer = PackWriter(target, kind=kind, publication=publication)
    frames: list[Frame] = []

    def add(text: bytes, owner: UUID, frame: str, rows: int, *, agent_id: UUID | None = None, cases: int = 0) -> None:
        done = seal(text, Place(kind, publication, owner, frame), rings.of(frame, owner))
        entry = writer.add(
            owner, frame, rows=rows, sealed=done.sealed, wrapped_key=done.wrapped_key, key_version=done.key_version
        )
        frames.append(
            Frame(
                publication_id=publication,
                agent_id=agent_id,
                owner=owner,
                frame=frame,
                offset=entry.offset,
                length=entry.length,
                rows=rows,
                cases=cases,
                wrapped_key=done.wrapped_key,
                key_version=done.key_version,
            )
        )

    add(contents.header.to_bytes(), publication, HEADER_FRAME, 0)
    for number, portion in enumerate(contents.portions, start=1):
        owner = portion.owner
        frame = LINES if owner.agent_id else UNASSIGNED
        add(portion.text, owner.id, frame, portion.rows, agent_id=owner.agent_id, cases=portion.cases)
        progress("seal", number, contents.owners)
    if contents.quarantine:
        add(contents.quarantine, publication, QUARANTINE, contents.quarantined)
    return Packed(writer.finish({"as_of": contents.header.as_of.isoformat()}), frames)
