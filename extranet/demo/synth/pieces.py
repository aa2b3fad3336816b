"""The exchange, made a piece of its cases at a time and carried through all weeks: memory does not grow with it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from extranet.demo.synth.cases import Cases
from extranet.demo.synth.conditional import Proofs
from extranet.demo.synth.draw import Choices, Dice, salt
from extranet.demo.synth.households import Households
from extranet.demo.synth.material import Material
from extranet.demo.synth.plans import Shelf
from extranet.demo.synth.policies import Book
from extranet.demo.synth.roster import Agents
from extranet.demo.synth.weeks import ADDED, TO_NEW_AGENTS, Life

PIECE = 20_000  # about 45,000 rows of 60 texts a week
BOOK, CONDITIONAL = "book-of-business", "conditional-eligibility"


@dataclass(frozen=True)
class PieceWeek:
    """The rows of one piece in one week by report, and the numbers of its cases that may differ from last week's."""

    week: int
    cases: int
    rows: Mapping[str, pl.DataFrame]
    touched: pl.Series


@dataclass(frozen=True)
class Exchange:
    """All that decides what the files hold. ``cases`` is their number in the first week."""

    material: Material
    dice: Dice
    mondays: tuple[date, ...]
    agents: Agents
    cases: int

    @cached_property
    def added(self) -> int:
        """New cases a week."""
        return max(1, round(self.cases * ADDED))

    @property
    def all_cases(self) -> int:
        """Of all weeks, those that have gone again too."""
        return self.cases + self.added * (len(self.mondays) - 1)

    def pieces(self) -> Iterator[tuple[int, Iterator[PieceWeek]]]:
        """(cases done when this piece is, its weeks in order)."""
        for start in range(0, self.all_cases, PIECE):
            stop = min(start + PIECE, self.all_cases)
            yield stop, self._weeks(pl.int_range(start, stop, eager=True))

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self.material, self.dice)

    @cached_property
    def _holders(self) -> pl.Series:
        """The agent of each place in a book; cases take the places in no visible order."""
        sizes = pl.DataFrame({"agent": range(len(self.agents.sizes)), "size": self.agents.sizes})
        return (
            sizes.select(pl.col("agent").repeat_by("size"))
            .filter(pl.col("agent").list.len() > 0)
            .explode("agent")
            .to_series()
        )

    def _agent_of(self, numbers: pl.Series, born: pl.Series) -> pl.Series:
        """Who has the case first. Some of the last week's new cases go to agents who are new themselves."""
        step = int(self.cases * 0.6180339887) | 1
        while math.gcd(step, self.cases) != 1:
            step += 2
        place = (numbers * step + salt(self.dice.seed, "places") % self.cases) % self.cases
        weights = Choices([[float(size) for size in self.agents.sizes]])
        later = weights.pick(self.dice.chance("agent of a new case", numbers))
        new = pl.Series(self.agents.new or [0], dtype=pl.Int64)
        newly = new.gather(self.dice.whole("new agent of a new case", numbers, 0, len(new) - 1))
        last = (born > 0) & (born == len(self.mondays) - 1) & bool(self.agents.new)
        to_new = last & (self.dice.chance("to a new agent", numbers) < TO_NEW_AGENTS)
        first = self._holders.gather(place)
        return pl.select(
            pl.when(numbers < self.cases).then(first).when(to_new).then(newly).otherwise(later)
        ).to_series()

    def _weeks(self, numbers: pl.Series) -> Iterator[PieceWeek]:
        households = Households(self.material, self._shelf, self.dice, self.mondays[0])
        cases = households.cases(numbers)
        born = ((numbers - self.cases) // self.added + 1).clip(lower_bound=0)
        life = Life(self.dice, self.mondays, self.agents.sizes, self.agents.new)
        names = self.agents.table.with_columns(name=pl.col("first_name") + " " + pl.col("last_name"))
        case_texts = Cases(self.material, self.dice, households, names, self.mondays[0], cases)
        book = Book(self.material, self.dice, households, self._shelf, self.mondays[0], cases)
        proofs = Proofs(self.dice, self.mondays, cases, self.material.coverage_sources)
        state = life.begin(cases, born, self._agent_of(numbers, born))
        for week, monday in enumerate(self.mondays):
            if week:
                state = life.step(state, week)
            owed = proofs.owed(state)
            texts, money = case_texts.texts(state, owed, monday), book.premiums.of_cases(state)
            rows = {
                BOOK: book.week(state, texts, money, monday),
                CONDITIONAL: proofs.week(
                    owed, texts=texts, members=book.members, insured=book.insured(state, money), monday=monday
                ),
            }
            touched = state["touched"] | state["proven"] | (state["was"] != state["alive"])
            yield PieceWeek(week, int(state["alive"].sum()), rows, texts["case_number"].filter(touched))
