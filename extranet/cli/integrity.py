"""``audit verify``, ``audit export``, ``files verify``: whether the trail and the packs are what they were."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TextIO

import click
from django.db import transaction

from extranet.audit import chain
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.cli.answers import Answer, act, moment
from extranet.cli.exit_codes import INTEGRITY
from extranet.cli.publications import progress_on_terminal
from extranet.reports.files_verify import verify_files, verify_packs
from extranet.reports.rebuild import rebuild_index


@click.group()
def audit() -> None:
    """The audit trail."""


@click.group()
def files() -> None:
    """The packs that hold the books."""


@act(audit)
@moment
def verify(now: datetime) -> Answer:
    """Recompute the chain: every event, every batch, every checkpoint."""
    found = chain.verify(now=now, by=Actor.shell())
    facts = {
        "ok": found.ok,
        "batches": found.batches,
        "events": found.events,
        "unsealed": found.unsealed,
        "faults": found.faults,
    }
    line = f"{found.events} events in {found.batches} batches, {found.unsealed} not sealed yet"
    verdict = "the trail is whole" if found.ok else _faults(found.faults)
    return Answer(facts, [line, verdict], exit_code=0 if found.ok else INTEGRITY, complaints=found.faults)


@act(audit)
@click.option("--to", "to", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
@click.option("--from-batch", type=click.IntRange(1), default=1, show_default=True)
@moment
def export(to: Path, from_batch: int, now: datetime) -> Answer:
    """Write sealed events and batches as JSON lines, for the archive."""
    with to.open("w", encoding="utf-8") as stream:
        written = _export(stream, from_batch, now)
    return Answer({"events": written, "file": str(to)}, [f"{written} events in {to}"])


@act(files, name="verify")
@click.option("--offline", is_flag=True, help="Without the database: signatures, digests, indexes; opens no frame.")
def verify_all(offline: bool) -> Answer:
    """Open every frame of every pack."""
    found = verify_packs(progress=progress_on_terminal) if offline else verify_files(progress=progress_on_terminal)
    facts = {"packs": found.packs, "frames": found.frames, "shredded": found.shredded, "faults": found.faults}
    line = f"{found.frames} frames in {found.packs} packs, {found.shredded} of them destroyed on purpose"
    verdict = _faults(found.faults) if found.faults else ("all as they were signed" if offline else "all open")
    return Answer(facts, [line, verdict], exit_code=INTEGRITY if found.faults else 0, complaints=found.faults)


@act(files)
@moment
def rebuild(now: datetime) -> Answer:
    """Make the index of all packs anew, after the database was lost."""
    done = rebuild_index(by=Actor.shell(), now=now)
    facts = {"publications": done.publications, "agents": done.agents, "faults": done.faults}
    lines = [f"{done.publications} publications and {done.agents} agents made anew; release what agents shall see"]
    return Answer(facts, lines, exit_code=INTEGRITY if done.faults else 0, complaints=done.faults)


def _export(stream: TextIO, from_batch: int, now: datetime) -> int:
    with transaction.atomic():
        detail = {"export": True, "from_batch": from_batch}
        record(action=Action.AUDIT_READ, now=now, actor=Actor.shell(), detail=detail)
    return chain.export(stream=stream, first=from_batch)


def _faults(found: Sequence[str]) -> str:
    return f"{len(found)} fault{'' if len(found) == 1 else 's'}"
