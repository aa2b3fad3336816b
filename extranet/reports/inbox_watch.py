"""The folder ``inbox/`` of the data folder, watched: a file and its checksum file in, a result file beside it out.

Files lie there in clear. Each is claimed by one rename, sealed into an upload, removed, and published by the worker as
every other upload. A kill anywhere is finished by the next look: a claimed file is taken once under its mark. A file
that is refused does not stay in clear either: its sender has the original (docs/decisions/0011-ways-in.md).
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import BinaryIO

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record_refusal
from extranet.jobs.leases import Busy, heartbeat, named_lock
from extranet.policy import local_day
from extranet.profile.in_force import zone
from extranet.reports.inbox_files import (
    Claimed,
    Dropped,
    NotTaken,
    claim,
    claimed,
    forget,
    inbox,
    is_told,
    look,
    names_with_sum,
    open_claimed,
    sweep_unwritten,
    write_result,
)
from extranet.reports.models import StagedUpload
from extranet.reports.once import Asked, CutOff, receive_once
from extranet.reports.staging import LARGEST
from extranet.vault.processes import own_mark

INBOX = Actor.system("inbox")
WAY = "inbox"
PIECE = 1024 * 1024
LEASE_SECONDS = 120
BEAT = timedelta(seconds=30)
REFUSED = 3


@dataclass(frozen=True)
class Looked:
    """What one look did."""

    taken: int
    refused: int
    told: int


def watch(*, now: datetime) -> Looked:
    """Take what is whole, tell how earlier files ended. Not inside a transaction; any number may look at a time.

    Raises NoRoom: the files wait where they are.
    """
    if not inbox().is_dir():
        return Looked(0, 0, 0)
    try:
        with (
            named_lock(WAY, holder=own_mark(), now=now, seconds=LEASE_SECONDS) as held,
            heartbeat(lambda passed: held.renew(now=now + passed, seconds=LEASE_SECONDS), every=BEAT),
        ):
            return _look(now)
    except Busy:
        return Looked(0, 0, 0)


def _look(now: datetime) -> Looked:
    """Those of a killed run first: they came first."""
    sweep_unwritten()
    taken = refused = 0
    for name in ("", *names_with_sum()):
        if name and not _claim(name, now):
            continue
        for file in list(claimed()):
            took = _take(file, now)
            taken, refused = taken + took, refused + (not took)
    return Looked(taken, refused, _tell(now))


def _claim(name: str, now: datetime) -> bool:
    """Whether it is ours now. What cannot be taken under that name stays, and is told once."""
    try:
        dropped = look(name)
    except NotTaken as error:
        if not is_told(name):
            _refuse(name, [str(error)], now, exit_code=2)
        return False
    return dropped is not None and claim(dropped)


def _take(file: Claimed, now: datetime) -> bool:
    """Seal it into an upload, once under its mark, and remove it; refused if it is not what its sum says."""
    try:
        with open_claimed(file) as source:
            _seal(source, file.dropped, file.mark, now)
    except (CutOff, NotTaken) as error:
        _refuse(file.dropped.name, [str(error)], now, exit_code=REFUSED)
        forget(file)
        return False
    forget(file)
    return True


def _seal(source: BinaryIO, dropped: Dropped, mark: str, now: datetime) -> None:
    """Raises NotTaken, CutOff."""
    size = source.seek(0, os.SEEK_END)
    source.seek(0)
    if not 0 < size <= LARGEST:
        raise NotTaken(f"the file is empty or larger than {LARGEST // 1024**3} GB")
    if dropped.as_of > local_day(now, zone()):
        raise NotTaken("the day of the extract has not come yet")
    asked = Asked(dropped.kind, dropped.as_of, dropped.name, size, sha256=dropped.sha256)
    try:
        chunks = iter(lambda: source.read(PIECE), b"")
        receive_once(chunks=chunks, asked=asked, key=mark, way=WAY, by=INBOX, now=now)
    except CutOff:
        raise CutOff(f"it is not the file that {dropped.name}.sha256 is of; send both again, the sum last") from None


def _refuse(name: str, lines: list[str], now: datetime, *, exit_code: int) -> None:
    facts = {"status": "refused", "exit_code": exit_code, "lines": lines, "ended_at": now.isoformat()}
    write_result(name, _text(name, facts))
    detail = {"way": WAY, "first": lines[0]}
    record_refusal(action=Action.PUBLICATION_REFUSED, now=now, actor=INBOX, subject=name, detail=detail)


def _tell(now: datetime) -> int:
    """Write the results of uploads that ended; again after a kill, which writes the same."""
    rows = list(_untold())
    for row in rows:
        write_result(row.name, _text(row.name, _facts(row)))
        StagedUpload.objects.filter(id=row.id, told_at=None).update(told_at=now)
    return len(rows)


def _untold() -> Iterator[StagedUpload]:
    ended = StagedUpload.objects.filter(way=WAY, told_at=None, finished_at__isnull=False)
    return ended.select_related("publication").order_by("finished_at").iterator()


def _facts(row: StagedUpload) -> dict[str, object]:
    facts: dict[str, object] = {
        "status": row.outcome,
        "exit_code": row.exit_code,
        "lines": row.message,
        "sha256": row.sha256,
        "bytes": row.size,
        "ended_at": row.finished_at.isoformat() if row.finished_at else None,
    }
    if (publication := row.publication) is not None:
        names = ("rows_in", "delivered", "unassigned", "quarantined", "agents")
        counts = {name: getattr(publication, name) for name in names}
        facts |= {"publication": str(publication.id), "state": str(publication.state), "counts": counts}
    return facts


def _text(name: str, facts: dict[str, object]) -> str:
    return json.dumps({"file": name, **facts}, indent=2, ensure_ascii=False) + "\n"
