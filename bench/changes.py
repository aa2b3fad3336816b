"""What the comparison of two weeks costs: ``python bench/changes.py [--agents N] [--rows N]`` prints a table of ratios.

Beside it stands the least that any comparison by lines must do: split both weeks into lines and hash them. The rows are
drawn here, about as wide as those of the book (60 columns, 570 bytes), and as much changes as in life: 4 % of the rows.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from extranet.profile.loader import load
from extranet.reports.changes.compare import Side, compare
from extranet.reports.changes.record import read_changes
from extranet.reports.header import Header, header_of
from extranet.reports.lines import block_of, canonical

Week = list[bytes]
WIDTH = 8  # signs of a cell that holds nothing else
CHANGED, COME, GONE = 0.025, 0.015, 0.010  # shares of cases a week
P99_ROWS = 1_000


def header(as_of: date) -> Header:
    kind = load("covered_california").reports["book-of-business"]
    return header_of(kind, as_of=as_of, constants={"extract_date": as_of.isoformat()})


def row(head: Header, dice: random.Random, case: int, member: int, license: str) -> list[str]:
    known = {
        "case_number": f"50{case:08d}",
        "agent_license": license,
        "member_id": f"10{member:08d}",
        "coverage_type": "Health" if member % 2 else "Dental",
        "policy_id": f"77{case:08d}",
        "hios_plan_id": "40513CA0380004",
        "enrollment_status": "Enrolled",
        "conditional_flag": "N",
        "grace_month": "0",
        "net_premium": f"{dice.randrange(10_000, 90_000) / 100:.2f}",
    }
    return [known.get(key) or f"{dice.randrange(16**WIDTH):0{WIDTH}x}" for key in head.stable]


def two_weeks(head: Header, agents: int, rows: int, dice: random.Random) -> Iterator[tuple[bytes, bytes]]:
    """Blocks of each agent in both weeks; books are as uneven as in life."""
    sizes = [dice.paretovariate(1.1) for _ in range(agents)]
    scale, number = rows / sum(sizes), 0
    for agent, size in enumerate(sizes):
        license, old, new = f"1H{agent:05d}", [], []
        for _ in range(max(1, round(size * scale / 3))):
            number += 1
            case = [row(head, dice, number, 3 * number + n, license) for n in range(3)]
            chance = dice.random()
            if chance >= COME:
                old.append(case)
            if not COME <= chance < COME + GONE:
                new.append(changed(head, case, dice) if chance > 1 - CHANGED else case)
        yield block(old), block(new)


def changed(head: Header, case: list[list[str]], dice: random.Random) -> list[list[str]]:
    key = dice.choice(["net_premium", "enrollment_status", "grace_month", "conditional_flag"])
    value = {"net_premium": "999.00", "enrollment_status": "Terminated", "grace_month": "1", "conditional_flag": "Y"}
    place = head.stable.index(key)
    return [[*cells[:place], value[key], *cells[place + 1 :]] for cells in case]


def block(cases: list[list[list[str]]]) -> bytes:
    return block_of(canonical(cells) for case in cases for cells in case)


def spent(act: Callable[[], object]) -> float:
    begun = time.process_time()
    act()
    return time.process_time() - begun


def lines_hashed(weeks: list[tuple[bytes, bytes]]) -> None:
    for old, new in weeks:
        set(old.split(b"\n"))
        set(new.split(b"\n"))


def compared(weeks: list[tuple[bytes, bytes]], before: Header, after: Header) -> int:
    def nowhere(cases: list[str]) -> list[bool]:
        return [False] * len(cases)

    return sum(
        compare(before=Side(before, old), after=Side(after, new), elsewhere=nowhere).entries for old, new in weeks
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--agents", type=int, default=1_400)
    asked.add_argument("--rows", type=int, default=200_000)
    given = asked.parse_args()
    before, after, dice = header(date(2026, 11, 9)), header(date(2026, 11, 16)), random.Random(7)
    weeks = list(two_weeks(after, given.agents, given.rows, dice))
    rows = sum(new.count(b"\n") for _, new in weeks)
    size = sum(len(new) for _, new in weeks) / rows
    floor = min(spent(lambda: lines_hashed(weeks)) for _ in range(3))
    whole = min(spent(lambda: compared(weeks, before, after)) for _ in range(3))
    same = min(spent(lambda: compared([(new, new) for _, new in weeks], before, after)) for _ in range(3))
    shuffled = [(new, b"".join(sorted(new.splitlines(keepends=True)))) for _, new in weeks]
    moved = min(spent(lambda: compared(shuffled, before, after)) for _ in range(3))
    other = replace(before, stable=(*before.stable[1:], before.stable[0]))
    few = weeks[:100]
    few_rows = sum(new.count(b"\n") for _, new in few)
    layout = spent(lambda: compared([(turned(old), new) for old, new in few], other, after))
    entries = compared(weeks, before, after)
    told = [compare(before=Side(before, old), after=Side(after, new), elsewhere=None) for old, new in weeks]
    reading = spent(lambda: [read_changes(one.text) for one in told])
    old, new = next(two_weeks(after, 1, P99_ROWS, dice))
    large = min(spent(lambda: compared([(old, new)], before, after)) for _ in range(9))
    everything = [(block([]), new)]
    fresh = min(spent(lambda: compared(everything, before, after)) for _ in range(3))
    print(f"{given.agents:,} agents, {rows:,} rows of {size:.0f} bytes, {entries:,} cases differ\n")
    print("| what | us a row | beside the floor |\n|---|---|---|")
    for name, cpu, count in (
        ("the floor: both weeks split into lines, hashed", floor, rows),
        ("compare, as much changed as in life", whole, rows),
        ("compare, nothing changed", same, rows),
        ("compare, same rows in another order", moved, rows),
        ("compare, another layout: every line taken apart", layout, few_rows),
    ):
        print(f"| {name} | {cpu / count * 1e6:.2f} | {cpu / count / (floor / rows):.2f}x |")
    print(f"\np99 book of {P99_ROWS:,} rows: {large * 1e3:.2f} ms; every row of it new: {fresh * 1e3:.2f} ms")
    print(f"reading all {entries:,} entries again: {reading * 1e3:.0f} ms")
    print(f"sealed text before compression: {sum(len(one.text) for one in told) / max(1, entries):.0f} bytes a case")


def turned(block: bytes) -> bytes:
    """The first column last; nothing here is quoted."""
    return b"".join(b",".join([*line.split(b",")[1:], line.split(b",")[0]]) + b"\n" for line in block.splitlines())


if __name__ == "__main__":
    sys.exit(main())
