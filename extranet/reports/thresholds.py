"""Signs of a wrong file that only a person can judge: the publication is sealed and held (SI-10, policy.py).

This is where the week before is fetched; stops.py compares.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from uuid import UUID

from django.db.models import Sum

from extranet.agents.models import CertificationStatus
from extranet.policy import Policy, monday_on_or_before
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from extranet.reports.figures import Figures
from extranet.reports.models import Frame, Publication, PublicationState
from extranet.reports.seal import AMENDED, LINES
from extranet.reports.stops import Arrived, OldBook, Stop, Week, stops


def suspicions(
    *,
    kind: str,
    as_of: date,
    figures: Figures,
    quarantined: int,
    delivered: int,
    books: Mapping[UUID, int],
    policy: Policy,
    rows_in: int | None = None,
) -> list[Stop]:
    """Why a person must look; empty if nobody must. ``[stop.text]`` is for ``held_for``, ``[stop.to_json()]`` for
    ``stops`` of the publication.

    ``books``: rows of this file by agent id. ``rows_in`` counts rows of another width too, which the figures do not;
    without it they count as none. Two statements, whatever the number of agents.
    """
    profile = current()
    file = Arrived(
        as_of=as_of,
        expected=expected_day(as_of, profile),
        rows=figures.rows if rows_in is None else rows_in,
        quarantined=quarantined,
        delivered=delivered,
        figures=figures,
        books=books,
        headers={column.key: column.header for column in profile.reports[kind].layout.columns},
    )
    before = last_released(kind, before=as_of)
    return stops(file, _week(before, policy) if before else None, policy)


def last_released(kind: str, *, before: date) -> Publication | None:
    """The newest released publication of an earlier day."""
    released = Publication.objects.filter(kind=kind, state=PublicationState.RELEASED, as_of__lt=before)
    return released.order_by("-as_of", "-revision").first()


def expected_day(as_of: date, profile: Profile) -> date:
    """The day of that week on which a report is expected: its Monday, or what the calendar says. A day to which the
    calendar has moved the next Monday is expected too."""
    monday = monday_on_or_before(as_of)
    following = profile.expected_on(monday + timedelta(days=7))
    return following if as_of == following else profile.expected_on(monday)


def _week(row: Publication, policy: Policy) -> Week:
    return Week(row.as_of, row.rows_in, Figures.from_json(row.figures), _books(row, policy))


def _books(row: Publication, policy: Policy) -> Mapping[UUID, OldBook]:
    """Who is no longer certified gets no rows by our own doing, so that says nothing about the file."""
    frames = Frame.objects.filter(publication=row, frame__in=(LINES, AMENDED))
    certified = frames.filter(agent__status=CertificationStatus.CERTIFIED)
    summed = certified.values_list("agent_id", "agent__license").annotate(held=Sum("rows"))
    return {
        agent_id: OldBook(license, rows) for agent_id, license, rows in summed.filter(held__gte=policy.book_shrink_rows)
    }
