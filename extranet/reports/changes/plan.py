"""How the lines of two publications are laid beside each other: which cell stands where on each side."""

from dataclasses import dataclass

from extranet.profile.meanings import Meaning
from extranet.reports.changes.blocks import Row
from extranet.reports.header import BookColumn, Header

Identity = tuple[str, ...]


@dataclass(frozen=True)
class Shared:
    """One column that both sides hold in their stable lines, and its place in each."""

    column: BookColumn
    before: int
    after: int


@dataclass(frozen=True)
class Plan:
    """Made once for two headers. ``who`` names the member in words; ``facts`` is what is told of a row that came or
    went. ``declared`` are the meanings of changed rows and all others."""

    same: bool
    width_before: int
    width_after: int
    case_before: int
    case_after: int
    identity: tuple[tuple[Shared, ...], ...]
    compared: tuple[Shared, ...]
    who: tuple[Shared, ...]
    facts: tuple[Shared, ...]
    declared: tuple[Meaning, ...]


def plan_of(before: Header, after: Header) -> Plan:
    """Columns are those of the newer side; constant and volatile ones never count as a change, nor does the license,
    which only says whose row it is."""
    keys = (before.case_column, after.case_column, *(key for part in after.identity for key in part))
    shared = _shared(before, after)
    who, facts = _told(after, set(keys))
    return Plan(
        same=before.stable == after.stable,
        width_before=len(before.stable),
        width_after=len(after.stable),
        case_before=before.stable.index(before.case_column),
        case_after=after.stable.index(after.case_column),
        identity=_identity(after.identity or before.identity, shared),
        compared=tuple(one for key, one in shared.items() if key != after.agent_column),
        who=tuple(shared[key] for key in who if key in shared),
        facts=tuple(shared[key] for key in facts if key in shared),
        declared=after.meanings,
    )


def identity_before(plan: Plan, row: Row) -> Identity:
    """What makes a row of the older side the same row: of each part the first alternative that is filled."""
    return tuple(next((row[one.before] for one in part if row[one.before]), "") for part in plan.identity)


def identity_after(plan: Plan, row: Row) -> Identity:
    return tuple(next((row[one.after] for one in part if row[one.after]), "") for part in plan.identity)


def waiting_before(plan: Plan, row: Row) -> tuple[Identity, bool]:
    """The identity by the last alternatives, and whether the row has no other: a policy that has no number yet."""
    last = tuple(row[part[-1].before] for part in plan.identity)
    return last, last == identity_before(plan, row)


def waiting_after(plan: Plan, row: Row) -> tuple[Identity, bool]:
    last = tuple(row[part[-1].after] for part in plan.identity)
    return last, last == identity_after(plan, row)


def _identity(parts: tuple[tuple[str, ...], ...], shared: dict[str, Shared]) -> tuple[tuple[Shared, ...], ...]:
    """Without an identity a row is only the same row as one that says the same all through."""
    if not parts:
        return tuple((one,) for one in shared.values())
    return tuple(tuple(shared[key] for key in part if key in shared) for part in parts if set(part) & set(shared))


def _shared(before: Header, after: Header) -> dict[str, Shared]:
    columns = {column.key: column for column in after.columns}
    old = {key: place for place, key in enumerate(before.stable)}
    return {key: Shared(columns[key], old[key], place) for place, key in enumerate(after.stable) if key in old}


def _told(after: Header, identity: set[str]) -> tuple[list[str], list[str]]:
    shown = [one for one in after.columns if one.shown and one.key not in (after.case_column, after.agent_column)]
    who = [column.key for column in shown if column.searchable or column.key in identity]
    return who, [column.key for column in shown if column.key not in who]
