"""Who belonged to which agency, and when: intervals that the roster writes and the books are opened by.

An interval holds its first moment and not its last. Whoever left an agency is out of its manager's sight at once.
"""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from extranet.agents.models import Agency, AgencyMembership, AgencyRole, Agent


def open_membership(agent: Agent) -> AgencyMembership | None:
    """The agency the agent belongs to today; None for an agency of one."""
    return AgencyMembership.objects.select_related("agency").filter(agent=agent, until_at__isnull=True).first()


def is_member_at(agent: Agent, agency: Agency, moment: datetime) -> bool:
    """Whether the agent belonged to the agency at that moment."""
    return _at(moment).filter(agent=agent, agency=agency).exists()


def manages(manager: Agent, agent: Agent, now: datetime) -> bool:
    """Whether the manager may ask for that agent's books: certified, manager of the agency that the agent is in now.

    Which weeks is another question: ``is_member_at`` with the moment of that week's switch. Nobody manages oneself.
    """
    return managed_by(manager, now).filter(pk=agent.pk).exists()


def managed_by(manager: Agent, now: datetime) -> QuerySet[Agent]:
    """The other agents of the agency that this certified manager manages now; empty for everybody else."""
    if not manager.is_certified:
        return Agent.objects.none()
    agencies = _at(now).filter(agent=manager, role=AgencyRole.AGENCY_MANAGER).values("agency")
    members = _at(now).filter(agency__in=agencies).values("agent")
    return Agent.objects.filter(pk__in=members).exclude(pk=manager.pk).order_by("last_name", "first_name", "license")


def under_one_manager(*, manager: str, agent: str, since: str, now: datetime) -> Exists:
    """A condition for a query over another table, whose fields ``manager``, ``agent`` and ``since`` are named here: the
    one manages the other now, and has done so without a break since that moment. Certification is asked apart."""
    still = Q(until_at__isnull=True) | Q(until_at__gt=now)
    theirs = Q(agency__memberships__until_at__isnull=True) | Q(agency__memberships__until_at__gt=now)
    return Exists(
        AgencyMembership.objects.filter(
            still,
            theirs,
            agent=OuterRef(agent),
            from_at__lte=OuterRef(since),
            agency__memberships__agent=OuterRef(manager),
            agency__memberships__role=AgencyRole.AGENCY_MANAGER,
            agency__memberships__from_at__lte=OuterRef(since),
        )
    )


def _at(moment: datetime) -> QuerySet[AgencyMembership]:
    return AgencyMembership.objects.filter(from_at__lte=moment).filter(
        Q(until_at__isnull=True) | Q(until_at__gt=moment)
    )
