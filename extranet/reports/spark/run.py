"""The second pass on a cluster: executors seal by owner, the driver puts their frames into one pack and each data key
under the key of whom the frame is for.

Sealed bytes pass the driver and are not opened on the way, but for the comparison with the week before, which is made
here agent by agent: what an agent had is sealed under a key that no executor may hold.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from pyspark.sql import DataFrame, Row
from pyspark.sql.pandas.types import from_arrow_schema

from extranet.reports.contents import contents_text
from extranet.reports.gather import Portion
from extranet.reports.lines import split_frame
from extranet.reports.owner import Owner
from extranet.reports.pack import Packed, Packing, Sheet, sheet_of_quarantine
from extranet.reports.progress import Progress
from extranet.reports.run import Run
from extranet.reports.seal import CONTENTS, LINES, QUARANTINE, UNASSIGNED, Rings, SealedFrame, sealed_elsewhere
from extranet.reports.seal_books import Compare, entry_of, sheet_of
from extranet.reports.spark.first_pass import Read
from extranet.reports.spark.seal_rows import FRAMES, SealOrder, seal_quarantine, seal_rows
from extranet.reports.spark.session import kept, told_apart
from extranet.vault.boxes import BoxKey
from extranet.vault.packs import Writable
from extranet.vault.sealing import open_frame

SCHEMA = from_arrow_schema(FRAMES)


@dataclass(frozen=True)
class SparkRun(Run):
    """On a cluster: the rows wait on its encrypted disks."""

    read: Read = field(repr=False)

    def seal(
        self, target: Writable, *, publication: UUID, rings: Rings, progress: Progress, compare: Compare | None = None
    ) -> Packed:
        header, key = self.sorted.header, BoxKey()
        packing = Packing(target, header, publication=publication, rings=rings)
        order = SealOrder(
            publication=publication,
            layout=self.report.layout,
            header=header,
            public=key.public_bytes,
            names={True: LINES, False: UNASSIGNED},
            quarantine=QUARANTINE,
        )
        with told_apart():
            self._books(_Frames(packing, rings, key), order, compare, progress)
            if self.sorted.quarantined:
                self._quarantine(_Frames(packing, rings, key), order)
        return packing.finish()

    def _books(self, frames: "_Frames", order: SealOrder, compare: Compare | None, progress: Progress) -> None:
        done, total = 0, self.sorted.delivered + self.sorted.unassigned
        contents: list[str] = []
        sealing = self.read.good.repartition("owner").sortWithinPartitions("owner", "line")
        with kept(sealing.mapInArrow(partial(seal_rows, order=order), SCHEMA)) as sealed:
            progress("seal", 0, total)
            sealed.count()  # all executors at once; what follows takes partition by partition
            owners = {owner.id: owner for owner in self.sorted.owners}
            portions = frames.portions(sealed, owners, is_opened=compare is not None)
            for part in portions if compare is None else compare(portions):
                sheet = part if isinstance(part, Sheet) else sheet_of(part)
                frames.take(sheet)
                contents.append(entry_of(sheet, part).line())
                if isinstance(part, Portion):
                    done += part.rows
                    progress("seal", done, total)
        frames.packing.add(Sheet(order.publication, CONTENTS, len(contents), contents_text(contents)))

    def _quarantine(self, frames: "_Frames", order: SealOrder) -> None:
        """Few rows: one executor, so that the frames are numbered."""
        rows = self.read.faulty.repartition(1).sortWithinPartitions("line")
        for row in rows.mapInArrow(partial(seal_quarantine, order=order), SCHEMA).toLocalIterator():
            sheet = sheet_of_quarantine(UUID(bytes=bytes(row.owner)), rows=row.rows, text=b"")
            frames.put(sheet, row)


@dataclass
class _Frames:
    """Frames on their way from the cluster into the pack."""

    packing: Packing
    rings: Rings
    key: BoxKey
    waiting: dict[UUID, Row] = field(default_factory=dict)

    def portions(self, sealed: DataFrame, owners: dict[UUID, Owner], *, is_opened: bool) -> Iterator[Portion]:
        """Each owner's lines; without their text unless they are to be compared."""
        for row in sealed.toLocalIterator(prefetchPartitions=True):
            owner = owners[UUID(bytes=bytes(row.owner))]
            portion = Portion(owner, row.rows, row.cases, b"", b"")
            self.waiting[owner.id] = row
            if is_opened:
                place = self.packing.place_of(sheet_of(portion))
                text = open_frame(bytes(row.sealed), self.key.open(bytes(row.box), place.aad), place.aad)
                portion = Portion(owner, row.rows, row.cases, *split_frame(text)[1:])
            yield portion

    def take(self, sheet: Sheet) -> None:
        """Lines are sealed already, changes are sealed here."""
        if sheet.frame in (LINES, UNASSIGNED):
            self.put(sheet, self.waiting.pop(sheet.owner))
        else:
            self.packing.add(sheet)

    def put(self, sheet: Sheet, row: Row) -> None:
        """The sealed bytes as they are; the data key moves from its box under the key of the owner."""
        place, handle = self.packing.place_of(sheet), self.rings.of(sheet.frame, sheet.owner)
        data_key = self.key.open(bytes(row.box), place.aad)
        done: SealedFrame = sealed_elsewhere(bytes(row.sealed), data_key, place, handle)
        self.packing.append(sheet, done)
