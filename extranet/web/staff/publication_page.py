"""One publication: what came in and where it went, what is wrong in it, and who may show it to the agents."""

from decimal import Decimal
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from extranet.profile.loader import current
from extranet.reports.fault_list import cut_words
from extranet.reports.listing import Publication, PublicationState
from extranet.reports.overrule import LONGEST_REASON, checked_reason
from extranet.reports.recall import RECALLABLE
from extranet.reports.refusals import UsageRefused
from extranet.reports.release import RELEASABLE, require_release_allowed
from extranet.reports.stops import Side, Stop
from extranet.web.access import PUBLISHERS, PortalRequest, access, actor_of
from extranet.web.dates import day, moment
from extranet.web.staff.publications import report_title, state_words
from extranet.web.staff.under_way import is_under_way, progress_of

SHOWN_FAULTS = 200
SUM_COLUMNS = ({"label": "Column"}, {"label": "Sum of all rows", "numeric": True})
STOP_COLUMNS = (
    {"label": "What"},
    {"label": "Week before", "numeric": True},
    {"label": "This file", "numeric": True},
    {"label": "Difference", "numeric": True},
    {"label": "Limit", "numeric": True},
)
FAULT_COLUMNS = ({"label": "Line", "numeric": True}, {"label": "Column"}, {"label": "Reason"})


class ReleaseForm(forms.Form):
    """One button; with a held file also the reason, which stays in the trail."""

    reason = forms.CharField(
        label="Why is this file right all the same?",
        max_length=LONGEST_REASON,
        help_text="It stays in the trail for ever. Write nothing about a consumer.",
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say why; the trail keeps it."},
    )

    def __init__(self, *args: object, is_held: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # what forms.Form takes, handed on
        if not is_held:
            del self.fields["reason"]

    def clean_reason(self) -> str:
        try:
            return checked_reason(self.cleaned_data["reason"], is_held=True)
        except UsageRefused as refused:
            raise forms.ValidationError(f"{_sentence(refused.lines[0])}.") from refused


@access(PUBLISHERS)
@require_safe
def publication(request: PortalRequest, publication_id: UUID) -> HttpResponse:
    return page_of(request, found(publication_id))


def found(publication_id: UUID) -> Publication:
    """The row, or the page that says there is none."""
    row = Publication.objects.filter(id=publication_id).first()
    if row is None:
        raise Http404
    return row


def page_of(
    request: PortalRequest,
    row: Publication,
    *,
    form: ReleaseForm | None = None,
    refused: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with a form that was filled in or why an act was refused."""
    is_held = row.state == PublicationState.HELD
    context = {
        "title": f"{report_title(row.kind)} of {day(row.as_of)}",
        "publication": row,
        "state": state_words(row),
        "refused": "; ".join(refused or []),
        "facts": _facts(row),
        "reconciled": _reconciled(row),
        "sum_columns": SUM_COLUMNS,
        "sums": _sums(row),
        "fault_columns": FAULT_COLUMNS,
        "faults": [(f"{fault['line']:,}", fault["column"], fault["reason"]) for fault in row.faults[:SHOWN_FAULTS]],
        "more_faults": len(row.faults) > SHOWN_FAULTS,
        "cut_words": _sentence(cut_words(row)),
        "progress": progress_of(row) if is_under_way(row) else None,
        "stop_columns": STOP_COLUMNS,
        "stops": [_stop(Stop.from_json(stop)) for stop in row.stops],
        "is_held": is_held,
        "is_releasable": row.state in RELEASABLE,
        "is_recallable": row.state in RECALLABLE,
        "why_not": _why_not(request, row),
        "form": form or ReleaseForm(is_held=is_held),
    }
    return render(request, "staff/publication.html", context, status=status)


def _why_not(request: PortalRequest, row: Publication) -> str:
    """Why this person cannot release it; nothing if they can."""
    try:
        is_held = row.state == PublicationState.HELD
        require_release_allowed(by=actor_of(request), received_by=row.received_by, is_held=is_held)
    except UsageRefused as refused:
        return refused.lines[0]
    return ""


def _stop(stop: Stop) -> tuple[str, list[tuple[str, ...]]]:
    """Its sentence, and a line of a table for each line of figures."""
    return _sentence(stop.text), [_cells(side) for side in stop.sides]


def _cells(side: Side) -> tuple[str, ...]:
    return tuple(text or "–" for text in (side.label, side.before, side.now, side.difference, side.limit))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _facts(row: Publication) -> list[tuple[str, str]]:
    acts = [("Received", row.received_at, row.received_by), ("Sealed", row.sealed_at, "")]
    acts += [("Released", row.released_at, row.released_by), ("Recalled", row.recalled_at, row.recalled_by)]
    told = [(label, f"{moment(at)} by {by}" if by else moment(at)) for label, at, by in acts if at]
    return [
        ("State", state_words(row)),
        ("Revision", str(row.revision)),
        *told,
        *([("Overruled", f"by {row.overruled_by}: {row.overruled_reason}")] if row.overruled_by else []),
        (
            "File",
            f"{row.input_bytes:,} bytes, SHA-256 {row.input_sha256}"
            if row.input_bytes
            else f"a table, SHA-256 of its rows {row.input_sha256}",
        ),
        ("Number", str(row.id)),
    ]


def _reconciled(row: Publication) -> list[tuple[str, str]]:
    """What was counted when the sealed parts were opened again; empty before that."""
    rows = row.manifest.get("rows")
    if not rows:
        return []
    sides = rows["delivered"] + rows["unassigned"] + rows["quarantined"]
    agree = "agrees" if sides == rows["in"] else "does not agree"
    return [
        ("Rows in the file", f"{rows['in']:,}"),
        (
            "Delivered",
            f"{rows['delivered']:,}, in {_many(row.cases, 'case')}, to {_many(row.manifest['agents'], 'agent')}",
        ),
        ("Unassigned", f"{rows['unassigned']:,} of licenses that are not certified; kept sealed"),
        ("Quarantined", f"{rows['quarantined']:,} faulty; kept sealed"),
        ("Sum", f"{sides:,}: {agree} with the rows in the file"),
        ("Sealed parts opened again", f"{row.manifest['pack']['frames']:,}"),
    ]


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _sums(row: Publication) -> list[tuple[str, str]]:
    report = current().reports.get(row.kind)
    headers = {key: column.header for key, column in report.layout.by_key.items()} if report else {}
    return [(headers.get(key, key), f"{Decimal(amount):,.2f}") for key, amount in row.manifest.get("sums", {}).items()]
