"""Find publications: for lists, and by what a person types."""

import re
from uuid import UUID

from django.db.models import QuerySet

from extranet.reports.models import Publication, PublicationState, StagedUpload
from extranet.reports.refusals import UsageRefused

__all__ = [
    "Publication",
    "PublicationState",
    "StagedUpload",
    "find",
    "publications",
    "waiting_for_release",
    "with_packs",
]
"""Whoever shows publications takes the classes from here: the tables of frames stay inside this package."""


def publications(*, kind: str | None = None) -> QuerySet[Publication]:
    """All, newest day first, of one kind or of all."""
    rows = Publication.objects.order_by("-as_of", "kind", "-revision")
    return rows.filter(kind=kind) if kind else rows


def with_packs() -> QuerySet[Publication]:
    """Those whose pack must be in the store: they are read, or may be once they are released."""
    states = [PublicationState.RELEASED, PublicationState.SEALED, PublicationState.HELD]
    return Publication.objects.filter(state__in=states).exclude(pack="")


def waiting_for_release() -> QuerySet[Publication]:
    """Those that are durable and reconciled and wait for a person, newest day first."""
    return publications().filter(state=PublicationState.SEALED)


def find(text: str) -> Publication:
    """The publication with that id, with the only id that begins so (at least four signs), or the newest revision of
    ``KIND:DATE``. Raises UsageRefused."""
    kind, _, day = text.strip().partition(":")
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        row = publications(kind=kind).filter(as_of=day).first()
        if row is not None:
            return row
    digits = text.strip().lower().replace("-", "")
    if re.fullmatch(r"[0-9a-f]{4,32}", digits):
        low, high = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f"))
        rows = list(Publication.objects.filter(id__gte=low, id__lte=high)[:2])
        if len(rows) == 1:
            return rows[0]
    raise UsageRefused(f"no publication, or more than one, is meant by {text!r}; see `extranet publications`")
