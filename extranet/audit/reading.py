"""Reading the trail: the one door to its rows for pages, the service center and the doctor (AU-9).

Nobody outside this package sees the rows themselves, so nobody else can write one past ``record``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from extranet.audit.actions import Action
from extranet.audit.models import Batch, Event
from extranet.audit.record import Actor, JsonValue, record

LINES = 50  # of one page


@dataclass(frozen=True)
class Line:
    """One event as it was recorded."""

    id: int
    at: datetime
    action: str
    actor_kind: str
    actor: str
    network: str
    subject: str
    detail: Mapping[str, Any]
    count: int

    @property
    def facts(self) -> str:
        """The plain facts of ``detail`` as one line for people, with how often it happened."""
        facts = [f"{key}: {value}" for key, value in self.detail.items() if isinstance(value, str | int)]
        return ", ".join([*([f"{self.count} times"] if self.count > 1 else []), *facts])


@dataclass(frozen=True)
class Wanted:
    """Which events. Blank and None: all of them. ``since`` and ``until`` are half open; ``before`` is an event's id."""

    action: str = ""
    actor: str = ""
    subject: str = ""
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None

    def facts(self) -> dict[str, JsonValue]:
        """What was looked for, for the event that tells of the look."""
        texts = {"action": self.action, "actor": self.actor, "subject": self.subject}
        chosen: dict[str, JsonValue] = {key: value for key, value in texts.items() if value}
        return {**chosen, **({"since": self.since.isoformat()} if self.since else {})}


@dataclass(frozen=True)
class Page:
    """Events, the newest first; ``older`` is what ``before`` must be for the next page, None on the last."""

    lines: list[Line]
    older: int | None


@transaction.atomic
def read(*, wanted: Wanted, by: Actor, now: datetime) -> Page:
    """One page of the trail. That it was read stands in the trail, in the same transaction; not yet on this page."""
    found = list(_chosen(wanted).order_by("-id")[: LINES + 1])
    record(action=Action.AUDIT_READ, now=now, actor=by, detail=wanted.facts())
    lines = [_line(event) for event in found[:LINES]]
    return Page(lines, lines[-1].id if len(found) > LINES else None)


def about(*, names: Iterable[str], numbers: Iterable[str], limit: int, but: Iterable[Action] = ()) -> list[Line]:
    """The newest events of or by somebody under these names, or about these requests, but not of these actions.

    The caller records the look.
    """
    own = list(names)
    mine = Event.objects.filter(Q(subject__in=[*own, *numbers]) | Q(actor__in=own)).exclude(action__in=list(but))
    return [_line(event) for event in mine.order_by("-at", "-id")[:limit]]


def how_many(*, action: Action, since: datetime) -> int:
    """So many events of that action since then."""
    return Event.objects.filter(action=action, at__gt=since).count()


def newest(*, action: Action, since: datetime, limit: int) -> list[Line]:
    """The newest events of that action since then."""
    return [_line(event) for event in Event.objects.filter(action=action, at__gt=since).order_by("-id")[:limit]]


def last_verification_failed() -> bool:
    """Whether the newest verification found faults: that stays until one finds none."""
    last = Event.objects.filter(action=Action.AUDIT_VERIFIED).order_by("-id").first()
    return last is not None and not last.detail.get("ok", False)


def sealed_events() -> int:
    """How many events an export would hold now."""
    return sum(Batch.objects.values_list("count", flat=True))


def newest_batch() -> Batch | None:
    """For ``checkpoints.agree_with``: whether the newest seal stands in the checkpoints."""
    return Batch.objects.order_by("-number").first()


def newest_moment() -> datetime | None:
    """When the last event happened, by the clock of who recorded it."""
    return Event.objects.order_by("-id").values_list("at", flat=True).first()


def seal_is_late(*, now: datetime, within: timedelta) -> bool:
    """Whether events younger than the newest seal have waited longer than ``within`` for the next."""
    batch = newest_batch()
    if batch is None:
        return False
    return Event.objects.filter(at__gt=batch.sealed_at, at__lt=now - within).exists()


def _chosen(wanted: Wanted) -> QuerySet[Event]:
    conditions = {
        "action": wanted.action,
        "actor": wanted.actor,
        "subject": wanted.subject,
        "at__gte": wanted.since,
        "at__lt": wanted.until,
        "id__lt": wanted.before,
    }
    return Event.objects.filter(**{name: value for name, value in conditions.items() if value not in ("", None)})


def _line(event: Event) -> Line:
    return Line(
        id=event.pk,
        at=event.at,
        action=event.action,
        actor_kind=event.actor_kind,
        actor=event.actor,
        network=event.network,
        subject=event.subject,
        detail=event.detail,
        count=event.count,
    )
