"""What stands of a day: this very content, other content, or what a dead run left."""

from datetime import date

from extranet.profile.layouts import ReportKind
from extranet.reports.manifest import manifest_name, store
from extranet.reports.models import Publication, PublicationState
from extranet.reports.outcome import held_lines
from extranet.reports.refusals import Conflict, PublicationHeld
from extranet.reports.run import Input

IN_PROGRESS = (PublicationState.RECEIVED, PublicationState.CHECKED)
LIVING = (PublicationState.SEALED, PublicationState.RELEASED)


def standing(report: ReportKind, as_of: date, file: Input) -> Publication | None:
    """The publication of this very content, if it stands. Raises Conflict, PublicationHeld."""
    rows = Publication.objects.filter(kind=report.slug, as_of=as_of)
    if not rows.filter(state__in=(*LIVING, PublicationState.HELD)).exists():
        return None  # nothing that this content could be: no need to read all of it only for its digest
    living = rows.filter(state__in=LIVING).first()
    if living is not None:
        if living.input_sha256 == file.sha256():
            return living
        raise Conflict(
            f"{report.slug} of {as_of} is {living.state} with other content (revision {living.revision});"
            f" recall {living.id} first, then publish the correction"
        )
    held = rows.filter(state=PublicationState.HELD, input_sha256=file.sha256()).first()
    if held is not None:
        raise PublicationHeld(held.id, *held_lines(held))
    return None


def unfinished_rows() -> list[Publication]:
    """Rows of runs that are under way or dead, and those whose removal was killed."""
    return list(Publication.objects.filter(state__in=(*IN_PROGRESS, PublicationState.REFUSED)))


def discard_unfinished(rows: list[Publication]) -> None:
    """Remove what a dead run left. First the row is taken from the run by a conditional update, so that one that was
    sealed this very moment keeps its pack; then its objects go, then the row, so that a kill in between leaves a trace.
    """
    place = store()
    place.sweep()
    for row in rows:
        mine = Publication.objects.filter(id=row.id)
        if not mine.filter(state__in=(*IN_PROGRESS, PublicationState.REFUSED)).update(state=PublicationState.REFUSED):
            continue
        for name in (manifest_name(row.pack), row.pack):
            place.delete(name)
        mine.filter(state=PublicationState.REFUSED).delete()


def move(row: Publication, before: PublicationState, after: PublicationState, *names: str) -> None:
    """The next state with what belongs to it, by one conditional update; raises Conflict if the row is elsewhere."""
    changes = {name: getattr(row, name) for name in names}
    if not Publication.objects.filter(id=row.id, state=before).update(state=after, **changes):
        raise Conflict(f"publication {row.id} is no longer {before}: another run took it over")
    row.state = after
