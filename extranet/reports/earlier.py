"""The week before, as the second pass needs it: each agent's lines of then, one range read an agent.

What the comparison tells is sealed for the same agent only; a case that is gone is asked for in digests of the new
file, so that its new owner is never named.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import numpy as np

from extranet.keyring.ring import KeyHandle, KeyMissing
from extranet.reports.changes.compare import Side, compare
from extranet.reports.gather import Portion
from extranet.reports.header import Header
from extranet.reports.identity import digest_of_case
from extranet.reports.lines import split_frame
from extranet.reports.manifest import store
from extranet.reports.models import Frame, Publication
from extranet.reports.pack import Sheet, sheet_of_changes
from extranet.reports.seal import AMENDED, LINES, Place, handle_for, unseal
from extranet.reports.sort_rows import Sorted
from extranet.vault.packs import HEADER_FRAME
from extranet.vault.stores import Reader

_Where = tuple[UUID, str, int, int, bytes, int]  # owner, frame, offset, length, wrapped key, its version


@dataclass
class Earlier:
    """An opened publication of before. ``agents`` have lines in it."""

    publication: Publication
    header: Header
    _reader: Reader = field(repr=False)
    _frames: Mapping[UUID, list[_Where]] = field(repr=False)

    @property
    def agents(self) -> Collection[UUID]:
        return self._frames.keys()

    def side_of(self, agent_id: UUID, handle: KeyHandle) -> Side | None:
        """The agent's lines of then, none if there were none; None if their key was destroyed. ``handle`` is the
        agent's newest key, which most often is the one."""
        try:
            blocks = [self._stable(agent_id, where, handle) for where in self._frames.get(agent_id, ())]
        except KeyMissing:
            return None
        return Side(self.header, b"".join(blocks))

    def _stable(self, agent_id: UUID, where: _Where, newest: KeyHandle) -> bytes:
        owner, frame, offset, length, wrapped, version = where
        handle = newest if newest.version == version else handle_for(frame, agent_id, version)
        place = Place(self.publication.kind, self.publication.id, owner, frame)
        return split_frame(unseal(self._reader.read(offset, length), wrapped, place, handle))[1]


@contextmanager
def opened_earlier(row: Publication) -> Iterator[Earlier]:
    """The released publication that a new one is compared with."""
    with store().open(row.pack) as reader:
        own = Frame.objects.get(publication=row, owner=row.id, frame=HEADER_FRAME)
        handle = handle_for(HEADER_FRAME, own.holder, own.key_version)
        place = Place(row.kind, row.id, row.id, HEADER_FRAME)
        text = unseal(reader.read(own.offset, own.length), bytes(own.wrapped_key), place, handle)
        yield Earlier(row, Header.from_bytes(text), reader, _frames_of(row))


def _frames_of(row: Publication) -> dict[UUID, list[_Where]]:
    names = ("agent_id", "owner", "frame", "offset", "length", "wrapped_key", "key_version")
    frames = Frame.objects.filter(publication=row, frame__in=[LINES, AMENDED], agent__isnull=False)
    found = defaultdict(list)
    for agent_id, owner, frame, offset, length, wrapped, version in (
        frames.order_by("offset").values_list(*names).iterator(chunk_size=2_000)
    ):
        found[agent_id].append((owner, frame, offset, length, bytes(wrapped), version))
    return dict(found)


class Comparing:
    """Puts each agent's changes behind the agent's lines; at the end those of agents who have no line any more.

    ``keys``: the newest key of every agent who has lines now or had then and is certified. ``counts`` adds up.
    """

    def __init__(self, earlier: Earlier, sorted: Sorted, keys: Mapping[UUID, KeyHandle]) -> None:
        self._earlier, self._sorted, self._keys = earlier, sorted, keys
        self.counts: dict[str, int] = defaultdict(int)

    def __call__(self, portions: Iterator[Portion]) -> Iterator[Portion | Sheet]:
        seen = set()
        for portion in portions:
            yield portion
            if (agent_id := portion.owner.agent_id) is not None:
                seen.add(agent_id)
                yield from self._changes(agent_id, portion.stable)
        for agent_id in sorted((self._earlier.agents & self._keys.keys()) - seen):
            yield from self._changes(agent_id, b"")

    def _changes(self, agent_id: UUID, stable: bytes) -> Iterator[Sheet]:
        before = self._earlier.side_of(agent_id, self._keys[agent_id])
        if before is None:
            return
        after = Side(self._sorted.header, stable)
        found = compare(before=before, after=after, elsewhere=self._stands_elsewhere)
        for name, count in found.counts.items():
            self.counts[name] += count
        yield sheet_of_changes(agent_id, entries=found.entries, text=found.text, counts=found.counts)

    def _stands_elsewhere(self, case_numbers: list[str]) -> list[bool]:
        """Asked of cases that this agent has no longer: whoever has them now is not told."""
        digests, cases = digest_of_case(case_numbers, self._sorted.seeds), self._sorted.cases
        if not len(cases):
            return [False] * len(digests)
        places = np.minimum(np.searchsorted(cases, digests), len(cases) - 1)
        return [bool(there) for there in cases[places] == digests]
