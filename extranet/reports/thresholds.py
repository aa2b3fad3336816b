"""Signs of a wrong file that only a person can judge: the publication is sealed and held (SI-10, policy.py)."""

from datetime import date

from extranet.policy import Policy
from extranet.reports.models import Publication, PublicationState


def suspicions(*, kind: str, as_of: date, rows: int, quarantined: int, delivered: int, policy: Policy) -> list[str]:
    """Why a person must look; empty if nobody must."""
    found = []
    if quarantined > rows * policy.quarantined_share:
        found.append(f"{quarantined} of {rows} rows are faulty, more than {policy.quarantined_share:.0%}")
    if not delivered:
        found.append("no row belongs to a certified agent")
    before = last_released(kind, before=as_of)
    if before and abs(rows - before.rows_in) > before.rows_in * policy.rows_change_share:
        found.append(
            f"{rows} rows against {before.rows_in} in the publication of {before.as_of}:"
            f" a change of more than {policy.rows_change_share:.0%}"
        )
    return found


def last_released(kind: str, *, before: date) -> Publication | None:
    """The newest released publication of an earlier day."""
    released = Publication.objects.filter(kind=kind, state=PublicationState.RELEASED, as_of__lt=before)
    return released.order_by("-as_of", "-revision").first()
