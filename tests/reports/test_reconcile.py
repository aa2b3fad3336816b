"""What was written is read back and counted: a planted wrong row, a lost one, a changed amount are all found."""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from extranet.reports.gather import Gathering, Portion
from extranet.reports.money import no_sums
from extranet.reports.pack import Packing, sheet_of_lines, sheet_of_quarantine
from extranet.reports.progress import silent
from extranet.reports.quarantine import quarantine_frames
from extranet.reports.reconcile import Expected, Found, reconcile
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.seal import Rings, rings_for_trial
from extranet.reports.sort_rows import sort_rows
from extranet.reports.sources.csv_file import CsvFile
from extranet.reports.spill import Spill
from tests.reports.exchange import ALICE, BOB, DORA, MONDAY, book_row, csv_text, report

ROWS = [book_row(ALICE, 1), book_row(BOB, 2), book_row(ALICE, 3), book_row(DORA, 4), book_row(ALICE, 5, res_zip="x")]
AGENTS = {ALICE: uuid4(), BOB: uuid4()}


class Bytes:
    def __init__(self, data: bytes) -> None:
        self.data = data

    def size(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]


class Press:
    """One small file, taken apart; tests spoil one part of it before it is packed."""

    def __init__(self, folder: Path) -> None:
        data, kind = csv_text(ROWS).encode(), report()
        self.spill = Spill(folder, expected_bytes=len(data))
        source = CsvFile(io.BytesIO(data), total=len(data))
        self.sorted = sort_rows(source, kind, as_of=MONDAY, agents=AGENTS, spill=self.spill, progress=silent)
        self.rings: Rings = rings_for_trial(self.sorted.owner_ids)
        self.publication: UUID = uuid4()
        self.with_quarantine = True

    def portions(self) -> Iterator[Portion]:
        return Gathering(self.spill, self.sorted.owners, self.sorted.left_out).portions()

    def of(self, license: str) -> Portion:
        return next(portion for portion in self.portions() if portion.owner.id == AGENTS[license])

    def others(self, *licenses: str) -> list[Portion]:
        left_out = {AGENTS[license] for license in licenses}
        return [portion for portion in self.portions() if portion.owner.id not in left_out]

    def reconciled(self, portions: Iterable[Portion] | None = None) -> Found:
        target, found = io.BytesIO(), self.sorted
        packing = Packing(target, found.header, publication=self.publication, rings=self.rings)
        for part in self.portions() if portions is None else portions:
            owner = part.owner
            packing.add(sheet_of_lines(owner.id, owner.agent_id, rows=part.rows, cases=part.cases, text=part.text))
        if self.with_quarantine:
            for frame in quarantine_frames(self.spill, self.publication, report().layout):
                packing.add(sheet_of_quarantine(frame.owner, rows=frame.rows, text=frame.text))
        packing.finish()
        owners = {owner.id: owner for owner in found.owners}
        expected = Expected(found.header, owners, found.rows_in, found.quarantined, found.sums)
        return reconcile(Bytes(target.getvalue()), expected, rings=self.rings, progress=silent)


@pytest.fixture
def press(tmp_path: Path) -> Press:
    return Press(tmp_path)


def test_an_honest_pack_agrees(press: Press) -> None:
    found = press.reconciled()
    assert (found.delivered, found.unassigned, found.quarantined, found.agents, found.frames) == (3, 1, 1, 2, 5)
    assert str(found.sums["member_premium"]) == "1681.20"
    assert set(found.sums) == set(no_sums(press.sorted.header))


def test_bobs_row_planted_in_alices_frame_is_found(press: Press) -> None:
    alice, bob = press.of(ALICE), press.of(BOB)
    planted = replace(
        alice, rows=alice.rows + bob.rows, stable=alice.stable + bob.stable, volatile=alice.volatile + bob.volatile
    )
    with pytest.raises(IntegrityBroken, match="1 rows lie in the frame of another agent"):
        press.reconciled([planted, *press.others(ALICE, BOB)])


def test_two_agents_books_exchanged_are_found(press: Press) -> None:
    alice, bob = press.of(ALICE), press.of(BOB)
    swapped = [replace(alice, owner=bob.owner), replace(bob, owner=alice.owner)]
    with pytest.raises(IntegrityBroken, match="frame of another agent"):
        press.reconciled([*swapped, *press.others(ALICE, BOB)])


def test_a_lost_row_is_found(press: Press) -> None:
    alice = press.of(ALICE)
    first, volatile = alice.stable.splitlines(keepends=True)[0], alice.volatile.splitlines(keepends=True)[0]
    shorter = replace(alice, rows=1, stable=first, volatile=volatile)
    with pytest.raises(IntegrityBroken, match="5 rows came in and 4 are in the pack"):
        press.reconciled([shorter, *press.others(ALICE)])


def test_a_lost_frame_is_found(press: Press) -> None:
    with pytest.raises(IntegrityBroken):
        press.reconciled(list(press.portions())[:-1])


def test_a_changed_amount_is_found(press: Press) -> None:
    alice = press.of(ALICE)
    changed = replace(alice, stable=alice.stable.replace(b"336.24", b"336.25", 1))
    with pytest.raises(IntegrityBroken) as caught:
        press.reconciled([changed, *press.others(ALICE)])
    assert caught.value.lines == ["the sum of member_premium does not agree"]
    assert caught.value.exit_code == 4


def test_a_lost_quarantine_is_found(press: Press) -> None:
    press.with_quarantine = False
    with pytest.raises(IntegrityBroken, match="0 are in quarantine"):
        press.reconciled()


def test_a_frame_that_says_too_many_rows_is_found(press: Press) -> None:
    first, *rest = press.portions()
    with pytest.raises(IntegrityBroken):
        press.reconciled([replace(first, rows=first.rows + 1), *rest])
