"""How far a publication has come: a piece of its page, and of the page of its upload."""

from django.db.models import Q

from extranet.reports.listing import Publication, PublicationState, StagedUpload
from extranet.reports.progress import Reached

STATES = {
    PublicationState.RECEIVED: "It is being read and checked.",
    PublicationState.CHECKED: "It is checked. Every agent's part is being sealed, opened again and counted.",
}
WAITS = "It has arrived and waits for its turn."
STAGES = {
    "read": "Reading and checking",
    "seal": "Sealing each agent's part",
    "pack": "Writing the pack",
    "reconcile": "Opening every part again and counting",
    "sign": "Signing the counts",
    "index": "Writing the index",
}


def is_under_way(row: Publication) -> bool:
    return row.state in STATES


def publication_of(upload: StagedUpload) -> Publication | None:
    """The publication that is being made of the upload; its digest is known once it was read to its end."""
    mine = Publication.objects.filter(kind=upload.kind, as_of=upload.as_of, state__in=STATES)
    mine = mine.filter(Q(input_sha256=upload.sha256) | Q(input_sha256="", received_by=upload.uploaded_by))
    return mine.order_by("-revision").first()


def progress_of_upload(upload: StagedUpload) -> dict[str, object]:
    """The same for the page of an upload, which may still be arriving."""
    if upload.arrived_at is None:
        return {"words": f"It is still arriving: {upload.size:,} of {upload.announced:,} bytes are here."}
    return progress_of(publication_of(upload))


def progress_of(row: Publication | None) -> dict[str, object]:
    """What staff/progress.html shows. None: it has not begun."""
    if row is None:
        return {"words": WAITS}
    words = STATES.get(PublicationState(row.state), "")
    if not words:
        return {"is_over": True}
    if not row.progress:
        return {"words": words}
    reached = Reached(*(row.progress[name] for name in ("stage", "done", "total", "rate", "left")))
    percent = int(reached.share * 100) if reached.is_counted else None
    return {"words": words, "stage": STAGES.get(reached.stage, ""), "percent": percent, "detail": reached.words}
