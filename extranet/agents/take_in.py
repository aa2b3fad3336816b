"""Take a roster in: agents, agencies, addresses and the trail in one transaction. Reading 14,000 rows again that say
nothing new changes nothing."""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import BinaryIO
from uuid import UUID

from django.db import transaction

from extranet.agents.change_email import EmailChangeRefused, ask
from extranet.agents.compare import AGENT_FIELDS, Difference, EmailNews, Kind, Preview, preview
from extranet.agents.locking import hold_roster
from extranet.agents.models import Agency, AgencyMembership, Agent, EmailChange, RosterImport
from extranet.agents.naming import copied_name
from extranet.agents.reading import Roster, read_roster
from extranet.agents.refusal import Fault, RosterDropsTooMany, RosterRefused
from extranet.audit.actions import Action
from extranet.audit.record import Actor, Entry, JsonValue, record, record_many, record_refusal
from extranet.policy import local_day
from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.loader import current

BATCH = 500  # rows a statement; a database that takes fewer parameters gets smaller ones by itself
ACTIONS: Mapping[Kind, Action] = {
    Kind.ADDED: Action.AGENT_ADDED,
    Kind.CHANGED: Action.AGENT_CHANGED,
    Kind.SUSPENDED: Action.AGENT_SUSPENDED,
    Kind.DECERTIFIED: Action.AGENT_DECERTIFIED,
    Kind.RECERTIFIED: Action.AGENT_RECERTIFIED,
    Kind.ABSENT: Action.AGENT_DECERTIFIED,
}


@dataclass(frozen=True)
class TakenIn:
    """What happened. The gate already refuses ``access_ended``; who calls ends their sessions and links too.

    ``access_begun``: agents who are certified since this import; rows that waited for them can be delivered.
    """

    roster_import: RosterImport
    preview: Preview
    is_new: bool  # False: the same content was taken in before and nothing changed
    access_ended: tuple[Agent, ...]
    access_begun: tuple[Agent, ...]


def import_roster(
    *, file: BinaryIO, name: str, by: Actor, now: datetime, cutover: date | None = None, allow_drop: bool = False
) -> TakenIn:
    """Read and take in; a refusal is recorded and raised again as RosterRefused."""
    try:
        return take_in(read_roster(file, name), by=by, now=now, cutover=cutover, allow_drop=allow_drop)
    except RosterRefused as refusal:
        detail: dict[str, JsonValue] = {"faults": len(refusal.faults), "first": str(refusal.faults[0])[:200]}
        record_refusal(action=Action.ROSTER_REFUSED, now=now, actor=by, subject=name[:120], detail=detail)
        raise


@transaction.atomic
def take_in(
    roster: Roster, *, by: Actor, now: datetime, cutover: date | None = None, allow_drop: bool = False
) -> TakenIn:
    """Make the roster the list of agents. ``cutover``: everyone certified before that day was welcomed by an earlier
    system and gets no first mails. ``allow_drop``: ``by`` vouches for a file that ends many certifications.

    Raises RosterRefused, RosterDropsTooMany; nothing is changed then.
    """
    hold_roster()
    plan = preview(roster, today=local_day(now, current().zone))
    last = RosterImport.objects.order_by("-imported_at").first()
    marked = _mark_existing(cutover)
    if last is not None and last.sha256 == roster.sha256 and plan.changes_nothing and not marked:
        return TakenIn(last, plan, is_new=False, access_ended=(), access_begun=())
    if not allow_drop:
        _refuse_drop(plan)
    agents = _write_agents(plan, roster, now=now)
    _write_agencies(roster)
    _write_memberships(plan, agents, now=now)
    _write_addresses(plan, by=by, now=now)
    marked += _mark_existing(cutover)
    taken = _write_import(roster, plan, marked, by=by, now=now)
    _record_all(taken, plan, by=by, now=now, overridden=allow_drop and _drops_too_many(plan))
    return TakenIn(
        roster_import=taken,
        preview=plan,
        is_new=True,
        access_ended=tuple(agents[d.license] for d in plan.differences if d.ends_access),
        access_begun=tuple(agents[d.license] for d in plan.differences if d.begins_access),
    )


def _drops_too_many(plan: Preview) -> bool:
    return plan.drop_share > policy_in_force().roster_drop_share


def _refuse_drop(plan: Preview) -> None:
    if _drops_too_many(plan):
        share = policy_in_force().roster_drop_share
        reason = (
            f"would end the certification of {plan.dropped} of {plan.certified_before} agents, more than {share:.0%}; "
            "if this is meant, a person has to allow it by name"
        )
        raise RosterDropsTooMany([Fault(0, "", reason)])


def _mark_existing(cutover: date | None) -> int:
    if cutover is None:
        return 0
    return Agent.objects.filter(existing=False, certified_on__lt=cutover).update(existing=True)


def _write_agents(plan: Preview, roster: Roster, *, now: datetime) -> dict[str, Agent]:
    """Insert and update in bulk; the agents of all differences by license. The address is not among the fields: a
    change of it that ends at the same moment is not undone."""
    agents = {d.license: _agent(d, now) for d in plan.differences}
    Agent.objects.bulk_create([agents[d.license] for d in plan.added], batch_size=BATCH)
    changed = [agents[d.license] for d in plan.differences if d.kind != Kind.ADDED]
    Agent.objects.bulk_create(
        changed, batch_size=BATCH, update_conflicts=True, unique_fields=["id"], update_fields=list(AGENT_FIELDS)
    )
    return agents


def _agent(difference: Difference, now: datetime) -> Agent:
    email = difference.row.email if difference.row else ""
    agent = difference.agent or Agent(license=difference.license, email=email, roster_email=email, created_at=now)
    for key, value in difference.values.items():
        setattr(agent, key, value)
    return agent


def _write_agencies(roster: Roster) -> None:
    """Agencies by license; of several spellings of a name the first row's counts."""
    names: dict[str, str] = {}
    for row in roster.rows:
        if row.agency_license:
            names.setdefault(row.agency_license, row.agency_name)
    known = dict(Agency.objects.values_list("license", "name"))
    rows = [Agency(license=license, name=name) for license, name in names.items() if known.get(license) != name]
    Agency.objects.bulk_create(
        rows, batch_size=BATCH, update_conflicts=True, unique_fields=["license"], update_fields=["name"]
    )


def _write_memberships(plan: Preview, agents: Mapping[str, Agent], *, now: datetime) -> None:
    """End the intervals that are over and begin the new ones, at the same moment."""
    moved = [d for d in plan.differences if d.kind == Kind.ADDED or {"agency_license", "role"} & d.fields.keys()]
    for batch in _batches([agents[d.license].id for d in moved]):
        AgencyMembership.objects.filter(agent__in=batch, until_at__isnull=True).update(until_at=now)
    agencies = dict(Agency.objects.values_list("license", "id"))
    begun = [
        AgencyMembership(
            agent=agents[d.license], agency_id=agencies[d.row.agency_license], role=d.row.role, from_at=now
        )
        for d in moved
        if d.row is not None and d.row.agency_license
    ]
    AgencyMembership.objects.bulk_create(begun, batch_size=BATCH)


def _batches(ids: list[UUID]) -> Iterable[list[UUID]]:
    return (ids[start : start + BATCH] for start in range(0, len(ids), BATCH))


def _write_addresses(plan: Preview, *, by: Actor, now: datetime) -> None:
    for news in plan.email_news:
        _write_address(news, by=by, now=now)


def _write_address(news: EmailNews, *, by: Actor, now: datetime) -> None:
    Agent.objects.filter(pk=news.agent.pk).update(roster_email=news.new_email)
    if news.starts:
        with suppress(EmailChangeRefused):  # a change that was waiting has just put that very address in force
            ask(agent=news.agent, new_email=news.new_email, source="roster", by=by, now=now)
    elif not news.kept:  # the roster is back at the address in force: its own earlier word no longer waits
        waiting = EmailChange.objects.filter(agent=news.agent, state=EmailChange.State.WAITING, source="roster")
        waiting.update(state=EmailChange.State.REPLACED, ended_at=now)


def _write_import(roster: Roster, plan: Preview, marked: int, *, by: Actor, now: datetime) -> RosterImport:
    counts = {**plan.counts, "marked_existing": marked}
    return RosterImport.objects.create(
        sha256=roster.sha256, imported_at=now, imported_by=by.name, rows=len(roster.rows), counts=counts
    )


def _record_all(taken: RosterImport, plan: Preview, *, by: Actor, now: datetime, overridden: bool) -> None:
    detail = {"sha256": taken.sha256, "rows": taken.rows, **taken.counts, "allowed_drop": overridden}
    record(action=Action.ROSTER_IMPORTED, now=now, actor=by, subject=str(taken.id), detail=detail)
    record_many(
        (Entry(ACTIONS[d.kind], subject=copied_name(d.license), detail=_detail(d)) for d in plan.differences),
        now=now,
        actor=by,
    )


def _detail(difference: Difference) -> dict[str, str | list[str]]:
    """Which fields changed, not their values; the status in full, because access hangs on it."""
    reason = "absent" if difference.kind == Kind.ABSENT else ""
    return {
        "fields": sorted(difference.fields),
        "before": difference.status_before,
        "after": difference.status_after,
        **({"reason": reason} if reason else {}),
    }
