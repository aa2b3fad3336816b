"""How lines of two publications are laid beside each other: the columns that both have, and what is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from extranet.profile.meanings import Meaning
from extranet.reports.changes.blocks import Row
from extranet.reports.header import BookColumn, Header

Identity = tuple[str, ...]
Places = tuple[int, ...]


@dataclass(frozen=True)
class Plan:
    """Made once for two headers. Places count in lines of the shared columns only, in the order of the newer side.

    ``take_before`` and ``take_after`` make such a line of one of that side; None where it is one already. ``name`` is
    the member's, ``which`` tells rows of one member apart; ``facts`` is what is told of a row that came or went.
    """

    columns: tuple[BookColumn, ...]
    take_before: Places | None
    take_after: Places | None
    case: int
    identity: tuple[Places, ...]
    compared: Places
    name: Places
    which: Places
    facts: Places
    declared: tuple[Meaning, ...]

    def identity_of(self, row: Row) -> Identity:
        """What makes a row the same row: of each part the first alternative that is filled."""
        return tuple([next((row[place] for place in part if row[place]), "") for part in self.identity])

    def waiting(self, row: Row) -> tuple[Identity, bool]:
        """The identity by the last alternatives, and whether the row has no other: a policy without a number yet."""
        last = tuple([row[part[-1]] for part in self.identity])
        return last, last == self.identity_of(row)


def plan_of(before: Header, after: Header) -> Plan:
    """Constant and volatile columns never count as a change, nor does the license, which only says whose row it is."""
    shared = [key for key in after.stable if key in set(before.stable)]
    at = {key: place for place, key in enumerate(shared)}
    by_key = {column.key: column for column in after.columns}
    name, which, facts = ([key for key in keys if key in at] for keys in _told(after))
    return Plan(
        columns=tuple(by_key[key] for key in shared),
        take_before=_take(before.stable, shared),
        take_after=_take(after.stable, shared),
        case=at[after.case_column],
        identity=_identity(after.identity or before.identity, at),
        compared=tuple(at[key] for key in shared if key != after.agent_column),
        name=tuple(at[key] for key in name),
        which=tuple(at[key] for key in which),
        facts=tuple(at[key] for key in facts),
        declared=after.meanings,
    )


def _take(stable: Sequence[str], shared: Sequence[str]) -> Places | None:
    places = tuple(stable.index(key) for key in shared)
    return None if places == tuple(range(len(stable))) else places


def _identity(parts: Sequence[Sequence[str]], at: dict[str, int]) -> tuple[Places, ...]:
    """Without an identity a row is only the same row as one that says the same all through."""
    if not parts:
        return tuple((place,) for place in at.values())
    return tuple(tuple(at[key] for key in part if key in at) for part in parts if set(part) & set(at))


def _told(after: Header) -> tuple[list[str], list[str], list[str]]:
    """Of the columns that are shown: those that one searches by, those of the identity, and the others."""
    identity = {key for part in after.identity for key in part}
    shown = [one for one in after.columns if one.shown and one.key not in (after.case_column, after.agent_column)]
    name = [column.key for column in shown if column.searchable]
    which = [column.key for column in shown if column.key in identity and not column.searchable]
    return name, which, [column.key for column in shown if column.key not in (*name, *which)]
