"""What only the agent knows: a login, and a book with cases in it."""

from datetime import date, datetime, timedelta
from uuid import uuid4

from extranet.credentials.models import Account
from extranet.profile.loader import current
from extranet.reports.models import Current, Frame, Publication, PublicationState

CASES = 137
KNOWN = {"last_login_on": "2026-11-11", "cases": str(CASES)}
"""Five days before the Monday of the tests."""


def give_own_facts(account: Account, *, now: datetime, cases: int = CASES) -> None:
    """The last login five days ago; the newest book with so many cases, as its index says."""
    Account.objects.filter(pk=account.pk).update(last_login=now - timedelta(days=5))
    Frame.objects.create(
        publication=_newest_book(now),
        agent=account.agent,
        owner=account.agent_id or uuid4(),
        frame="lines",
        offset=0,
        length=0,
        rows=cases * 2,
        cases=cases,
        wrapped_key=b"",
        key_version=1,
    )


def _newest_book(now: datetime) -> Publication:
    kind = next(iter(current().reports))
    there = Current.objects.filter(kind=kind).first()
    if there is not None:
        return there.publication
    publication = Publication.objects.create(
        kind=kind,
        as_of=date(2026, 11, 16),
        state=PublicationState.RELEASED,
        layout_version="1",
        received_at=now,
        received_by="test",
        released_at=now,
    )
    Current.objects.create(kind=kind, publication=publication, switched_at=now)
    return publication
