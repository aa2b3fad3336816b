"""What the API answers with, and how rows become it."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from ninja import Field, Schema

from extranet.reports.listing import Publication, StagedUpload

State = Literal["waiting", "published", "held", "refused", "failed"]


class ProblemAnswer(Schema):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What to do, in a sentence.")
    lines: list[str] = Field(description="One fault a line, where there are several.")


class UploadAnswer(Schema):
    """A file that was sent, and how it ended."""

    id: UUID
    kind: str
    as_of: date
    name: str
    size: int
    sha256: str
    release: bool
    state: State
    exit_code: int | None = Field(description="As `extranet publish` would have ended; null while it waits.")
    lines: list[str] = Field(description="What to know of it: counts and faults by line and column, never a value.")
    publication: UUID | None
    sent_at: datetime
    ended_at: datetime | None


class PublicationAnswer(Schema):
    """A statewide file as it was published."""

    id: UUID
    kind: str
    as_of: date
    revision: int
    state: str
    sha256: str
    rows_in: int
    delivered: int
    unassigned: int
    quarantined: int
    agents: int
    held_for: list[str]
    received_at: datetime
    received_by: str
    released_at: datetime | None
    released_by: str


class PublicationsAnswer(Schema):
    """A part of the list, newest day first."""

    total: int
    publications: list[PublicationAnswer]


class RecalledAnswer(Schema):
    """What was taken back, and what agents see of that report now."""

    recalled: UUID
    shown_now: UUID | None


def upload_answer(row: StagedUpload) -> UploadAnswer:
    return UploadAnswer(
        id=row.id,
        kind=row.kind,
        as_of=row.as_of,
        name=row.name,
        size=row.size,
        sha256=row.sha256,
        release=row.release,
        state=row.outcome or "waiting",  # type: ignore[arg-type]  # the outcomes of a report's upload
        exit_code=row.exit_code,
        lines=list(row.message),
        publication=row.publication_id,
        sent_at=row.uploaded_at,
        ended_at=row.finished_at,
    )


def publication_answer(row: Publication) -> PublicationAnswer:
    same = ("id", "kind", "as_of", "revision", "rows_in", "delivered", "unassigned", "quarantined", "agents")
    told = ("received_at", "received_by", "released_at", "released_by")
    facts = {name: getattr(row, name) for name in (*same, *told)}
    return PublicationAnswer(
        **facts, state=str(row.state), sha256=row.input_sha256, held_for=[str(line) for line in row.held_for]
    )
