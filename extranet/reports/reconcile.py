"""Open the written pack again and count: nothing lost, nothing doubled, nobody holds another's row.

Read back from the store, not from memory: what is proved is what will be served.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from uuid import UUID

import polars as pl

from extranet.reports.header import Header
from extranet.reports.lines import parse_block, split_frame
from extranet.reports.money import Sums, add, money_columns, money_sums, no_sums
from extranet.reports.owner import Owner
from extranet.reports.progress import Progress
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.seal import CHANGES, CONTENTS, QUARANTINE, Place, Rings, unseal
from extranet.vault.packs import HEADER_FRAME, FrameEntry, PackDamaged, Readable, read_frame, read_trailer
from extranet.vault.sealing import Unopenable

BATCH_BYTES = 16 * 1024 * 1024  # text of many frames parsed at once; bounds the memory


@dataclass(frozen=True)
class Expected:
    """What came in, counted before anything was gathered. ``sums`` of the money columns over all rows of full width."""

    header: Header
    owners: dict[UUID, Owner]
    rows_in: int
    quarantined: int
    sums: Sums


@dataclass
class Found:
    """What the pack holds. ``sums`` has Decimal dollars by column key."""

    sums: Sums
    delivered: int = 0
    unassigned: int = 0
    quarantined: int = 0
    agents: int = 0
    frames: int = 0


@dataclass
class _Batch:
    """Blocks of several owners behind each other."""

    stable: list[bytes] = field(default_factory=list)
    volatile: list[bytes] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    size: int = 0


def reconcile(reader: Readable, expected: Expected, *, rings: Rings, progress: Progress) -> Found:
    """Every frame opened and counted. Raises IntegrityBroken with each thing that does not agree."""
    found = Found(no_sums(expected.header))
    try:
        for batch in _batches(reader, expected, found, rings, progress):
            _count(batch, expected, found)
    except (PackDamaged, Unopenable) as error:
        raise IntegrityBroken(f"the pack cannot be read back: {error}") from error
    faults = list(_differences(expected, found))
    if faults:
        raise IntegrityBroken(*faults)
    return found


def _differences(expected: Expected, found: Found) -> Iterator[str]:
    total = found.delivered + found.unassigned + found.quarantined
    if total != expected.rows_in:
        yield f"{expected.rows_in} rows came in and {total} are in the pack"
    if found.quarantined != expected.quarantined:
        yield f"{expected.quarantined} rows were faulty and {found.quarantined} are in quarantine"
    for key, amount in expected.sums.items():
        if found.sums[key] != amount:
            yield f"the sum of {key} does not agree"


def _batches(reader: Readable, expected: Expected, found: Found, rings: Rings, progress: Progress) -> Iterator[_Batch]:
    trailer, batch = read_trailer(reader), _Batch()
    for number, entry in enumerate(trailer.entries, start=1):
        found.frames += 1
        place = Place(trailer.kind, trailer.publication, entry.owner, entry.frame)
        text = unseal(read_frame(reader, entry), entry.wrapped_key, place, rings.of(entry.frame, entry.owner))
        _take(entry, text, batch, expected, found)
        if batch.size > BATCH_BYTES:
            yield batch
            batch = _Batch()
            progress("reconcile", number, len(trailer.entries))
    yield batch
    progress("reconcile", found.frames, found.frames)


def _take(entry: FrameEntry, text: bytes, batch: _Batch, expected: Expected, found: Found) -> None:
    if entry.frame == HEADER_FRAME:
        if Header.from_bytes(text) != expected.header:
            raise IntegrityBroken("the header in the pack is another one")
    elif entry.frame == QUARANTINE:
        _count_quarantine(text, expected.header, found)
    elif entry.frame not in (CHANGES, CONTENTS):  # of these it is to prove that they open
        rows, stable, volatile = split_frame(text)
        if rows != entry.rows or entry.owner not in expected.owners:
            raise IntegrityBroken(f"the frame of {entry.owner} does not hold what its index says")
        batch.stable.append(stable)
        batch.volatile.append(volatile)
        batch.owners.append(expected.owners[entry.owner])
        batch.rows.append(rows)
        batch.size += len(text)


def _count(batch: _Batch, expected: Expected, found: Found) -> None:
    header, total = expected.header, sum(batch.rows)
    if not total:
        return
    wanted = [header.agent_column, *money_columns(header)]
    rows = _parse(batch.stable, header.stable, wanted, total)
    if header.volatile:
        rows = rows.hstack(_parse(batch.volatile, header.volatile, wanted, total))
    _only_their_own(rows[header.agent_column], batch)
    add(found.sums, money_sums(rows, money_columns(header)))
    for owner, count in zip(batch.owners, batch.rows, strict=True):
        found.delivered += count if owner.agent_id else 0
        found.unassigned += 0 if owner.agent_id else count
        found.agents += owner.agent_id is not None


def _parse(blocks: list[bytes], keys: tuple[str, ...], wanted: list[str], total: int) -> pl.DataFrame:
    """The wanted columns of all blocks as text, or at least the first, for the count. A row too many or too few in a
    frame shifts all behind it: seen by license."""
    block = b"".join(blocks)
    places = [place for place, key in enumerate(keys) if key in wanted] or [0]
    try:
        rows = pl.read_csv(
            io.BytesIO(block),
            has_header=False,
            columns=places,
            schema=dict.fromkeys(keys, pl.String),
            empty_string_is_null=False,
            extra_columns="raise",
            quote_char='"' if b'"' in block else None,
        )
    except pl.exceptions.PolarsError as error:
        raise IntegrityBroken("the lines of a frame cannot be parsed") from error
    if rows.height != total:
        raise IntegrityBroken(f"frames say {total} rows and hold {rows.height}")
    return rows.select(keys[place] for place in places if keys[place] in wanted)


def _only_their_own(licenses: pl.Series, batch: _Batch) -> None:
    """Every row's license is one that its owner holds."""
    owner_of = [(license, place) for place, owner in enumerate(batch.owners) for license in owner.licenses]
    known = pl.DataFrame(owner_of, schema={"license": pl.String, "place": pl.Int64}, orient="row")
    there = pl.DataFrame({"place": list(range(len(batch.rows))), "rows": batch.rows})
    held = there.select(pl.col("place").repeat_by("rows").explode()).with_columns(licenses.alias("license"))
    strangers = held.join(known, on=["license", "place"], how="anti")
    if strangers.height:
        raise IntegrityBroken(f"{strangers.height} rows lie in the frame of another agent")


def _count_quarantine(text: bytes, header: Header, found: Found) -> None:
    _, block, _ = split_frame(text)
    heading, *rows = parse_block(block, None)
    found.quarantined += len(rows)
    full = [row for row in rows if len(row) == len(heading)]
    table = pl.DataFrame(full, schema=dict.fromkeys(heading, pl.String), orient="row")
    add(found.sums, money_sums(table, money_columns(header)))
