"""What was written is read back and counted: a planted wrong row, a lost one, a changed amount are all found."""

import io
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID, uuid4

import polars as pl
import pytest

from extranet.profile.layouts import ReportKind
from extranet.reports.assign import OWNER, assign
from extranet.reports.checks import check
from extranet.reports.header import Header, header_of
from extranet.reports.pack import Contents, write_pack
from extranet.reports.progress import silent
from extranet.reports.reading import read
from extranet.reports.reconcile import Expected, Found, money_sums, reconcile
from extranet.reports.refusals import IntegrityBroken
from extranet.reports.seal import Rings, rings_for_trial
from extranet.reports.split import Portion, quarantine_text, split
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

    def __init__(self, kind: ReportKind) -> None:
        self.file = read(csv_text(ROWS).encode(), kind.layout)
        self.checked = check(self.file, kind, as_of=MONDAY)
        self.rows, self.owners = assign(self.checked.good, column=kind.agent_column, agents=AGENTS)
        self.header: Header = header_of(kind, as_of=MONDAY, constants=self.checked.constants)
        self.rings: Rings = rings_for_trial(AGENTS.values())
        self.publication: UUID = uuid4()
        self.quarantine = quarantine_text(self.file, self.checked)

    def portions(self) -> Iterator[Portion]:
        return split(self.rows, self.owners, self.header)

    def reconciled(self, portions: Iterator[Portion] | None = None) -> Found:
        target = io.BytesIO()
        parts = self.portions() if portions is None else portions
        contents = Contents(self.header, parts, len(self.owners), self.quarantine, self.checked.quarantined)
        write_pack(target, contents, publication=self.publication, rings=self.rings, progress=silent)
        sums = money_sums(self.file.rows, self.header)
        owners = {owner.id: owner for owner in self.owners}
        expected = Expected(self.header, owners, self.file.count, self.checked.quarantined, sums)
        return reconcile(Bytes(target.getvalue()), expected, rings=self.rings, progress=silent)


@pytest.fixture
def press() -> Press:
    return Press(report())


def test_an_honest_pack_agrees(press: Press) -> None:
    found = press.reconciled()
    assert (found.delivered, found.unassigned, found.quarantined, found.agents, found.frames) == (3, 1, 1, 2, 5)
    assert str(found.sums["member_premium"]) == "1681.20"


def test_bobs_row_planted_in_alices_frame_is_found(press: Press) -> None:
    place = next(place for place, owner in enumerate(press.owners) if owner.id == AGENTS[ALICE])
    planted = pl.when(pl.col("agent_license") == BOB).then(place).otherwise(pl.col(OWNER))
    press.rows = press.rows.with_columns(planted.alias(OWNER))
    with pytest.raises(IntegrityBroken, match="1 rows lie in the frame of another agent"):
        press.reconciled()


def test_two_agents_books_exchanged_are_found(press: Press) -> None:
    first, second, *rest = press.portions()
    swapped = [replace(first, text=second.text, rows=second.rows), replace(second, text=first.text, rows=first.rows)]
    with pytest.raises(IntegrityBroken, match="frame of another agent"):
        press.reconciled(iter([*swapped, *rest]))


def test_a_lost_row_is_found(press: Press) -> None:
    press.rows = press.rows.head(3)
    with pytest.raises(IntegrityBroken, match="5 rows came in and 4 are in the pack"):
        press.reconciled()


def test_a_lost_frame_is_found(press: Press) -> None:
    with pytest.raises(IntegrityBroken):
        press.reconciled(iter(list(press.portions())[:-1]))


def test_a_changed_amount_is_found(press: Press) -> None:
    changed = pl.when(pl.col("member_id") == "1003900001").then(pl.lit("336.25")).otherwise(pl.col("member_premium"))
    press.rows = press.rows.with_columns(changed.alias("member_premium"))
    with pytest.raises(IntegrityBroken) as caught:
        press.reconciled()
    assert caught.value.lines == ["the sum of member_premium does not agree"]
    assert caught.value.exit_code == 4


def test_a_lost_quarantine_is_found(press: Press) -> None:
    press.quarantine = b""
    with pytest.raises(IntegrityBroken, match="0 are in quarantine"):
        press.reconciled()


def test_a_frame_that_says_too_many_rows_is_found(press: Press) -> None:
    first, *rest = press.portions()
    with pytest.raises(IntegrityBroken, match="does not hold what its index says"):
        press.reconciled(iter([replace(first, rows=first.rows + 1), *rest]))
