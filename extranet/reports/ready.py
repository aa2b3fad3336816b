"""Tell agents that their book is ready: counts only, never a consumer's data; once an agent and publication."""

from datetime import date, datetime
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django_tasks import task

from extranet.agents.models import Agent, CertificationStatus
from extranet.mail.catalogue import BookReadyMail
from extranet.mail.outbox import AddressRefused, post
from extranet.policy import onboarding_cutoff
from extranet.profile.loader import current
from extranet.reports.models import Current, Frame, Publication, PublicationState
from extranet.reports.seal import AMENDED, CHANGES, LINES

BATCH = 200  # mails a transaction: short enough that nobody waits for it

log = structlog.get_logger(__name__)


@task()
def tell_agents(publication_id: str, now: datetime) -> int:
    """The worker gives ``now``. Safe to repeat: the key of each mail is unique."""
    return post_ready_mails(publication_id=UUID(publication_id), now=now)


def post_ready_mails(*, publication_id: UUID, now: datetime) -> int:
    """One mail to every agent with rows in the publication, while it is the one shown; how many were told."""
    told = 0
    last = None
    while batch := list(_readers(publication_id, now, after=last)[:BATCH]):
        with transaction.atomic():
            row = _shown(publication_id)
            if row is None:  # recalled, or replaced by a newer week, while we were at it
                return told
            changed = _changed(row, batch)
            told += sum(_post(agent, row, changed.get(agent.pk), now) for agent in batch)
        last = batch[-1].pk
    return told


def mail_key(publication_id: UUID, agent: Agent | None = None) -> str:
    """Key of the mail; without an agent the beginning of all keys of that publication. It holds the agent's own id: a
    license may change before a run that was cut short is repeated."""
    return f"book_ready:{publication_id}:{agent.pk if agent else ''}"


def _shown(publication_id: UUID) -> Publication | None:
    row = Publication.objects.filter(id=publication_id, state=PublicationState.RELEASED).first()
    return row if row and Current.objects.filter(publication=row).exists() else None


def _readers(publication_id: UUID, now: datetime, *, after: UUID | None) -> QuerySet[Agent]:
    """Certified agents with rows, in the order of their ids. Who was certified today is not onboarded yet (J4)."""
    own = Q(frames__publication_id=publication_id, frames__frame__in=[LINES, AMENDED])
    onboarded = Q(existing=True) | Q(certified_on__lt=_cutoff(now))
    agents = Agent.objects.filter(own, onboarded, status=CertificationStatus.CERTIFIED)
    if after is not None:
        agents = agents.filter(pk__gt=after)
    return agents.annotate(rows=Sum("frames__rows"), cases=Sum("frames__cases")).order_by("pk")


def _cutoff(now: datetime) -> date:
    return onboarding_cutoff(now, current().zone)


def _changed(row: Publication, batch: list[Agent]) -> dict[UUID, dict[str, int]]:
    """Counts of changes by agent; none where the week that they are against has been taken back since."""
    released = Publication.objects.filter(state=PublicationState.RELEASED)
    if row.compared_with is None or not released.filter(id=row.compared_with).exists():
        return {}
    rows = Frame.objects.filter(publication=row, frame=CHANGES, agent__in=batch)
    amended = Frame.objects.filter(publication__in=[row.id, row.compared_with], frame=AMENDED, agent__in=batch)
    late = set(amended.values_list("agent_id", flat=True))  # rows that came after the comparison are not in its counts
    return {agent_id: counts for agent_id, counts in rows.values_list("agent_id", "counts") if agent_id not in late}


def _post(agent: Agent, row: Publication, changed: dict[str, int] | None, now: datetime) -> int:
    profile = current()
    mail = BookReadyMail(
        report_title=profile.reports[row.kind].title,
        as_of=row.as_of,
        rows=agent.rows,  # type: ignore[attr-defined]  # annotated
        cases=agent.cases,  # type: ignore[attr-defined]
        compared=changed is not None,
        **{name: changed[name] for name in ("added", "gone", "changed")} if changed else {},
    )
    username = f"{profile.username_prefix}{agent.license}"
    try:
        key = mail_key(row.id, agent)
        post(mail, to=agent.email, about=username, key=key, language=agent.language, now=now)
    except AddressRefused:
        log.warning("no usable address", license=agent.license)
        return 0
    return 1
