"""What a roster would change: the same answer serves the preview and the import, so that one cannot promise the other's
lie. The roster is a full snapshot: who is missing is no longer certified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from extranet.agents.models import (
    AgencyMembership,
    Agent,
    CertificationStatus,
    EmailChange,
    FormerLicense,
    RosterImport,
)
from extranet.agents.reading import Roster, RosterRow
from extranet.agents.refusal import Fault, RosterRefused
from extranet.profile.loader import current

ABSENT = "absent"  # reason of a certification that ended because the roster no longer has the license
AGENT_FIELDS = (
    "npn",
    "first_name",
    "last_name",
    "phone",
    "agency_name",
    "status",
    "status_on",
    "status_reason",
    "certified_on",
)
Values = Mapping[str, object]


class Kind(StrEnum):
    ADDED = "added"
    CHANGED = "changed"
    SUSPENDED = "suspended"
    DECERTIFIED = "decertified"
    RECERTIFIED = "recertified"
    ABSENT = "absent"


@dataclass(frozen=True)
class Difference:
    """One agent who would change. ``fields``: name of the field to what it is and what it becomes."""

    kind: Kind
    license: str
    name: str
    status_before: str  # blank for an added one
    status_after: str
    fields: Mapping[str, tuple[str, str]]
    row: RosterRow | None  # None: absent
    agent: Agent | None  # None: added
    values: Values = field(repr=False)  # of the agent's row after the import

    @property
    def ends_access(self) -> bool:
        """A certified agent who would no longer be."""
        certified = CertificationStatus.CERTIFIED
        return self.status_before == certified and self.status_after != certified

    @property
    def begins_access(self) -> bool:
        """An agent who would be certified and was not before."""
        certified = CertificationStatus.CERTIFIED
        return self.status_before != certified and self.status_after == certified


@dataclass(frozen=True)
class EmailNews:
    """The roster's word on an address has changed. ``kept``: the agent confirmed another one since the last roster."""

    agent: Agent
    old_email: str
    new_email: str
    kept: bool

    @property
    def license(self) -> str:
        return self.agent.license

    @property
    def starts(self) -> bool:
        """Whether a change of address begins; not where the roster has come round to the address in force."""
        return not self.kept and self.new_email.casefold() != self.old_email.casefold()


@dataclass(frozen=True)
class Preview:
    """What would change, in the order of the file, the absent at the end."""

    differences: tuple[Difference, ...]
    email_news: tuple[EmailNews, ...]
    perhaps_renamed: tuple[tuple[str, str], ...]  # licenses of one NPN: an absent one and an added one
    certified_before: int

    def of(self, kind: Kind) -> list[Difference]:
        return [difference for difference in self.differences if difference.kind == kind]

    @property
    def added(self) -> list[Difference]:
        return self.of(Kind.ADDED)

    @property
    def changed(self) -> list[Difference]:
        return self.of(Kind.CHANGED)

    @property
    def suspended(self) -> list[Difference]:
        return self.of(Kind.SUSPENDED)

    @property
    def decertified(self) -> list[Difference]:
        return self.of(Kind.DECERTIFIED)

    @property
    def recertified(self) -> list[Difference]:
        return self.of(Kind.RECERTIFIED)

    @property
    def absent(self) -> list[Difference]:
        return self.of(Kind.ABSENT)

    @property
    def email_changes(self) -> list[EmailNews]:
        """Addresses for which a change would start (waiting time, veto of the old address)."""
        return [news for news in self.email_news if news.starts]

    @property
    def emails_kept(self) -> list[EmailNews]:
        return [news for news in self.email_news if news.kept]

    @property
    def dropped(self) -> int:
        """Certified agents whose certification would end; suspended ones come back and do not count."""
        return sum(d.ends_access and d.kind != Kind.SUSPENDED for d in self.differences)

    @property
    def drop_share(self) -> float:
        return self.dropped / self.certified_before if self.certified_before else 0.0

    @property
    def changes_nothing(self) -> bool:
        return not self.differences and not self.email_news

    @property
    def counts(self) -> dict[str, int]:
        """How many of each kind, for the record and the command line."""
        kinds = {kind.value: len(self.of(kind)) for kind in Kind}
        return {**kinds, "email_changes": len(self.email_changes), "emails_kept": len(self.emails_kept)}


def preview(roster: Roster, *, today: date) -> Preview:
    """What ``take_in`` would do, changing nothing. ``today`` in the exchange's zone. Raises RosterRefused for a license
    that was given up by a rename: it belongs to its account for ever."""
    _refuse_former(roster)
    agents = {agent.license: agent for agent in Agent.objects.all()}
    homes = _open_homes()
    differences = [_difference(row, agents.get(row.license), homes, today) for row in roster.rows]
    listed = {row.license for row in roster.rows}
    differences += [_absent(agent, homes, today) for agent in agents.values() if agent.license not in listed]
    found = tuple(difference for difference in differences if difference is not None)
    return Preview(
        differences=found,
        email_news=_email_news(roster, agents),
        perhaps_renamed=_perhaps_renamed(found),
        certified_before=sum(agent.is_certified for agent in agents.values()),
    )


def _refuse_former(roster: Roster) -> None:
    renamed = dict(FormerLicense.objects.values_list("license", "agent__license"))
    header = current().roster.by_key["license"].header
    faults = [
        Fault(row.line, header, f"{row.license} was renamed to {renamed[row.license]}; list the new number")
        for row in roster.rows
        if row.license in renamed
    ]
    if faults:
        raise RosterRefused(faults)


def _open_homes() -> dict[UUID, tuple[str, str]]:
    """Agency license and role of everybody who is in an agency now."""
    rows = AgencyMembership.objects.filter(until_at__isnull=True)
    return {agent: (agency, role) for agent, agency, role in rows.values_list("agent", "agency__license", "role")}


def _difference(
    row: RosterRow, agent: Agent | None, homes: Mapping[UUID, tuple[str, str]], today: date
) -> Difference | None:
    values = _values(row, agent, today)
    fields = _changed_fields(values, agent, home=_home(row), before=homes.get(agent.id) if agent else None)
    if agent is not None and not fields:
        return None
    before = agent.status if agent else ""
    name = f"{row.first_name} {row.last_name}"
    return Difference(_kind(before, row.status), row.license, name, before, row.status, fields, row, agent, values)


def _values(row: RosterRow, agent: Agent | None, today: date) -> Values:
    """The agent's fields after the import. A blank day keeps what is known."""
    same_status = agent is not None and agent.status == row.status
    status_on = row.status_on or (agent.status_on if agent and same_status else today)
    certified_on = row.certified_on or (agent.certified_on if agent else status_on)
    texts = {key: getattr(row, key) for key in ("npn", "first_name", "last_name", "phone", "agency_name", "status")}
    return {**texts, "status_on": status_on, "status_reason": "", "certified_on": certified_on}


def _home(row: RosterRow) -> tuple[str, str] | None:
    return (row.agency_license, row.role) if row.agency_license else None


def _changed_fields(
    values: Values, agent: Agent | None, *, home: tuple[str, str] | None, before: tuple[str, str] | None
) -> dict[str, tuple[str, str]]:
    if agent is None:
        return {}
    pairs = {key: (str(getattr(agent, key)), str(value)) for key, value in values.items()}
    for place, key in enumerate(("agency_license", "role")):
        pairs[key] = (before[place] if before else "", home[place] if home else "")
    return {key: (old, new) for key, (old, new) in pairs.items() if old != new}


def _kind(before: str, after: str) -> Kind:
    status = CertificationStatus
    if not before:
        return Kind.ADDED
    if after == status.CERTIFIED and before in (status.SUSPENDED, status.DECERTIFIED):
        return Kind.RECERTIFIED
    if after == before:
        return Kind.CHANGED
    return {status.SUSPENDED: Kind.SUSPENDED, status.DECERTIFIED: Kind.DECERTIFIED}.get(status(after), Kind.CHANGED)


def _absent(agent: Agent, homes: Mapping[UUID, tuple[str, str]], today: date) -> Difference | None:
    ended = CertificationStatus.DECERTIFIED
    if agent.status == ended:
        return None
    values = {key: getattr(agent, key) for key in AGENT_FIELDS}
    values |= {"status": ended.value, "status_on": today, "status_reason": ABSENT}
    fields = _changed_fields(values, agent, home=None, before=homes.get(agent.id))
    return Difference(Kind.ABSENT, agent.license, agent.full_name, agent.status, ended, fields, None, agent, values)


def _email_news(roster: Roster, agents: Mapping[str, Agent]) -> tuple[EmailNews, ...]:
    """Where the roster says another address than it said last time.

    A roster that has not changed its word is never news, however often it is read: the agent's own address stands.
    """
    last = RosterImport.objects.order_by("-imported_at").values_list("imported_at", flat=True).first()
    waiting = dict(  # proved ones: what nobody has confirmed holds up nothing
        EmailChange.objects.filter(state=EmailChange.State.WAITING, proved_at__isnull=False)
        .exclude(source="roster")
        .values_list("agent", "asked_at")
    )
    return tuple(
        EmailNews(agent, agent.email, row.email, kept=_is_newer(agent, waiting.get(agent.id), last))
        for row in roster.rows
        if (agent := agents.get(row.license)) and row.email.casefold() != agent.roster_email.casefold()
    )


def _is_newer(agent: Agent, asked_at: datetime | None, last_import: datetime | None) -> bool:
    """Whether the agent's own word came after the last roster: then nobody knows that the new roster is newer."""
    own = [moment for moment in (agent.email_confirmed_at, asked_at) if moment is not None]
    return bool(own) and (last_import is None or max(own) >= last_import)


def _perhaps_renamed(differences: tuple[Difference, ...]) -> tuple[tuple[str, str], ...]:
    gone = {d.values["npn"]: d.license for d in differences if d.kind == Kind.ABSENT and d.values["npn"]}
    return tuple(
        (gone[d.values["npn"]], d.license) for d in differences if d.kind == Kind.ADDED and d.values["npn"] in gone
    )
