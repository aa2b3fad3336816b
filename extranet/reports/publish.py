"""Publish a statewide file: the one way for command line, staff upload, inbox and API (J2).

receive -> first pass (run.py) -> checked -> second pass -> proof -> sealed or held -> release. A kill anywhere leaves
at most a row in progress and a pack that nobody reads; the same command removes both and begins again.
"""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from django.db import transaction
from django.db.models import Max

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record, record_refusal
from extranet.profile.layouts import ReportKind
from extranet.profile.loader import current
from extranet.reports.amend import amend_publication
from extranet.reports.inbox import clear_from_inbox
from extranet.reports.manifest import pack_name
from extranet.reports.models import Publication, PublicationState
from extranet.reports.outcome import ALREADY, RELEASED, SEALED, Outcome, held_lines, outcome_of
from extranet.reports.progress import Progress, silent, told
from extranet.reports.refusals import PublicationHeld, ReportsRefused, UsageRefused
from extranet.reports.release import open_to_all, require_release_allowed
from extranet.reports.release import release as release_publication
from extranet.reports.run import Elsewhere, Input
from extranet.reports.seal_publication import publication_facts, seal_publication
from extranet.reports.sources.input_file import opened
from extranet.reports.standing import discard_unfinished, standing, unfinished_rows
from extranet.reports.trial import trial
from extranet.reports.turn import turn
from extranet.reports.vouching import NoLongerVouched

__all__ = ["Outcome", "publish"]

Vouched = Callable[[datetime], None]


@dataclass(frozen=True)
class _Order:
    """What was asked for, by whom."""

    report: ReportKind
    as_of: date
    by: Actor
    now: datetime
    release: bool
    progress: Progress
    vouched: Vouched | None


def publish(
    *,
    kind: str,
    source: Path | BinaryIO | Elsewhere,
    as_of: date,
    by: Actor,
    now: datetime,
    release: bool = False,
    dry_run: bool = False,
    progress: Progress = silent,
    vouched: Vouched | None = None,
) -> Outcome:
    """Publish the file as the report ``kind`` of the day ``as_of``. Not inside a transaction; safe to repeat.

    ``source``: a path, a file that can be read from its beginning again, or rows that another engine reads. Raises
    UsageRefused, PublicationRefused (nothing changed), Conflict, PublicationHeld (sealed, waits for a person),
    IntegrityBroken. A trial (``dry_run``) writes nothing, no audit event either. A file in ``inbox/`` is removed once
    its pack is durable. ``vouched`` is asked at the moment of the release: where it raises NoLongerVouched, the file is
    sealed and waits for a person.
    """
    order = _Order(report_named(kind), as_of, by, now, release, progress, vouched)
    if release:
        require_release_allowed(by=by, received_by=by.name)
    try:
        with nullcontext(source) if isinstance(source, Elsewhere) else opened(source) as file:
            return trial(file, order.report, as_of, progress) if dry_run else _in_turn(file, source, order)
    except PublicationHeld:
        clear_from_inbox(source)
        raise
    except ReportsRefused as error:
        if not dry_run:
            detail = {"as_of": as_of.isoformat(), "reason": type(error).__name__, "first": error.lines[0]}
            record_refusal(action=Action.PUBLICATION_REFUSED, now=now, actor=by, subject=kind, detail=detail)
        raise


def _in_turn(file: Input, source: Path | BinaryIO | Elsewhere, order: _Order) -> Outcome:
    clock = _clock(order.now)
    with turn(now=order.now):
        row, status = standing(order.report, order.as_of, file), ALREADY
        if row is None:
            row, status = _receive(file, order), SEALED
            progress = told(row.id, clock=clock, then=order.progress)
            seal_publication(row, file, order.report, by=order.by, now=order.now, progress=progress)
        clear_from_inbox(source)
        amend_publication(row, by=order.by, now=order.now)  # somebody may have been certified while it was sealed
        return _ended(row, status, order, clock)


def _clock(began_at: datetime) -> Callable[[], datetime]:
    """The moments of a run, reckoned from when it began by a clock that never jumps."""
    began = time.monotonic()
    return lambda: began_at + timedelta(seconds=time.monotonic() - began)


def report_named(kind: str) -> ReportKind:
    """Raises UsageRefused."""
    reports = current().reports
    if kind not in reports:
        raise UsageRefused(f"there is no report {kind!r}; there are: {', '.join(reports)}")
    return reports[kind]


def _receive(file: Input, order: _Order) -> Publication:
    """A row in progress, so that staff see it. We hold the turn: every other row in progress is of a dead run."""
    discard_unfinished(unfinished_rows())
    of_day = Publication.objects.filter(kind=order.report.slug, as_of=order.as_of)
    with transaction.atomic():
        row = Publication(
            kind=order.report.slug,
            as_of=order.as_of,
            revision=(of_day.aggregate(last=Max("revision"))["last"] or 0) + 1,
            state=PublicationState.RECEIVED,
            input_bytes=file.size,
            layout_version=str(order.report.version),
            received_at=order.now,
            received_by=order.by.name,
        )
        row.pack = pack_name(row)
        row.save(force_insert=True)
        detail = publication_facts(row)
        record(action=Action.PUBLICATION_RECEIVED, now=order.now, actor=order.by, subject=str(row.id), detail=detail)
    return row


def _ended(row: Publication, status: str, order: _Order, clock: Callable[[], datetime]) -> Outcome:
    if row.state == PublicationState.HELD:
        raise PublicationHeld(row.id, *held_lines(row))
    if order.release and row.state == PublicationState.SEALED:
        try:
            gate = partial(order.vouched, clock()) if order.vouched else open_to_all
            row = release_publication(publication_id=row.id, by=order.by, now=order.now, gate=gate)
        except NoLongerVouched as error:
            waiting = outcome_of(row, status)
            return replace(waiting, lines=[*error.lines, *waiting.lines])
        status = RELEASED
    return outcome_of(row, status)
