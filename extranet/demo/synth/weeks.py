"""What happens to cases from week to week. A case's state is a row; a week takes the row of the week before and the
chances of that week, so the same exchange comes out however it is cut into pieces.

Months are counted through the years (year * 12 + month - 1); days are days, moments are seconds since 1970 (UTC).
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from extranet.demo.synth.draw import Choices, Dice

GONE, ADDED, MOVES = 0.010, 0.015, 0.002  # shares of all cases a week
EVENTS = {  # shares of all cases a week; most ask for a living policy
    "terminated": 0.003,
    "behind": 0.004,
    "plan": 0.003,
    "premium": 0.005,
    "subsidy": 0.005,
    "home": 0.004,
    "conditional": 0.004,
}
EFFECTUATED, CAUGHT_UP, PROVEN = 0.25, 0.08, 0.05  # shares of those who wait, owe, must prove, a week
PROOF_LEAVES = 0.5  # a proof that was accepted stands one week or more in the file, then leaves it
TO_NEW_AGENTS = 0.2  # of the last week's moves and new cases

STATUSES = {
    "Enrolled": 0.875,
    "Sent to Issuer": 0.020,
    "Pending": 0.012,
    "Pending Termination": 0.010,
    "Terminated": 0.050,
    "Cancelled": 0.020,
    "Reinstated": 0.013,
}
WAITING, LIVING, ENDED = ("Pending", "Sent to Issuer"), ("Enrolled", "Reinstated"), ("Terminated", "Cancelled")
REASONS = {"Non-payment": 0.45, "Voluntary": 0.35, "Eligibility": 0.15, "Death": 0.01, "Other": 0.04}
GRACE = (0.95, 0.025, 0.015, 0.01)
CONDITIONAL = 0.10
DAY = 86_400


def month_of(day: date) -> int:
    return day.year * 12 + day.month - 1


@dataclass(frozen=True)
class Life:
    """The weeks of an exchange. ``sizes`` weigh which agent a case moves to; ``new`` came in the last week."""

    dice: Dice
    mondays: tuple[date, ...]
    sizes: list[int]
    new: list[int]

    def begin(self, cases: pl.DataFrame, born: pl.Series, agent: pl.Series) -> pl.DataFrame:
        """The state of each case in the week in which it first appears."""
        dice, keys = self.dice, cases["case"]
        fresh = born > 0
        monday = pl.Series(self.mondays).gather(born)
        days = pl.select(
            pl.when(fresh).then(dice.whole("new days", keys, 1, 6)).otherwise(dice.whole("days", keys, 7, 300))
        )
        since = pl.select(pl.when(fresh).then(days.to_series()).otherwise(dice.whole("since", keys, 7, 1_500)))
        frame = pl.DataFrame(
            {
                "ci": cases["ci"],
                "case": keys,
                "born": born,
                "alive": born == 0,
                "agent": agent,
                "month": monday.dt.year().cast(pl.Int64) * 12 + monday.dt.month().cast(pl.Int64) - 1,
                "status": self._first_status(keys, fresh),
                "grace": Choices([GRACE]).pick(dice.chance("grace", keys)),
                "reason": pl.Series(list(REASONS)).gather(
                    Choices([list(REASONS.values())]).pick(dice.chance("reason", keys))
                ),
                "early": dice.chance("early", keys),
                "when": dice.chance("when", keys),
                "since": since.to_series(),
                "days": days.to_series(),
                "moment": dice.whole("moment", keys, 0, DAY - 1),
                "has_other": cases["plan"] != cases["plan_next"],
                "is_conditional": dice.chance("conditional", keys) < CONDITIONAL,
                "monday": monday,
            }
        )
        return _first_dates(frame)

    def _first_status(self, keys: pl.Series, fresh: pl.Series) -> pl.Series:
        chance = self.dice.chance("status", keys)
        usual = pl.Series(list(STATUSES)).gather(Choices([list(STATUSES.values())]).pick(chance))
        waiting = pl.when(chance < 0.5).then(pl.lit(WAITING[0])).otherwise(pl.lit(WAITING[1]))
        return pl.select(pl.when(fresh).then(waiting).otherwise(usual)).to_series()

    def step(self, state: pl.DataFrame, week: int) -> pl.DataFrame:
        """The state one week later. ``touched``: its policies changed; ``proven``: only a proof did; ``was``: alive in
        the week before."""
        monday, before = self.mondays[week], self.mondays[week - 1]
        state = state.with_columns(was=pl.col("alive"), touched=False)
        if monday.year > before.year:
            state = _new_year(state, monday)
        draws = {
            name: self.dice.chance(f"{name} {week}", state["case"])
            for name in ("gone", "event", "work", "proof", "move")
        }
        state = state.with_columns([part.alias(f"u_{name}") for name, part in draws.items()])
        here = pl.col("alive") & (pl.col("born") < week)
        state = state.with_columns(
            alive=(pl.col("alive") & ~(here & (pl.col("u_gone") < GONE))) | (pl.col("born") == week),
            here=here & (pl.col("u_gone") >= GONE),
            event=_event(),
        )
        state = _policy_events(state, month_of(monday))
        state = _household_events(state, week)
        state = self._moves(state, week)
        return _stamped(state, monday, self.dice.whole(f"moment {week}", state["case"], 0, 6 * DAY - 1))

    def _moves(self, state: pl.DataFrame, week: int) -> pl.DataFrame:
        """A few cases choose another agent; in the last week some choose a newly certified one."""
        keys = state["case"]
        usual = Choices([[float(size) for size in self.sizes]]).pick(self.dice.chance(f"agent {week}", keys))
        target = usual
        if self.new and week == len(self.mondays) - 1:
            newly = pl.Series(self.new, dtype=pl.Int64).gather(
                self.dice.whole(f"new agent {week}", keys, 0, len(self.new) - 1)
            )
            chosen = self.dice.chance(f"to new {week}", keys) < TO_NEW_AGENTS
            target = pl.select(pl.when(chosen).then(newly).otherwise(usual)).to_series()
        days = self.dice.whole(f"delegated {week}", keys, 1, 6)
        moves = pl.col("here") & (pl.col("u_move") < MOVES) & (pl.col("target") != pl.col("agent"))
        delegated = pl.lit(self.mondays[week]) - pl.duration(days=pl.col("ago"))
        return (
            state.with_columns(target.alias("target"), days.alias("ago"))
            .with_columns(moves=moves)
            .with_columns(
                agent=pl.when("moves").then("target").otherwise("agent"),
                delegated_on=pl.when("moves").then(delegated).otherwise("delegated_on"),
                touched=pl.col("touched") | pl.col("moves"),
            )
        )


def _first_dates(frame: pl.DataFrame) -> pl.DataFrame:
    """Start and end of coverage in the plan year of the week, what is paid, and since when it all is so."""
    january, status = pl.col("month") // 12 * 12, pl.col("status")
    later = january + ((pl.col("month") - january + 1) * pl.col("when")).floor().cast(pl.Int64)
    next_month = pl.min_horizontal(pl.col("month") + 1, january + 11)
    start = pl.when(status.is_in(WAITING)).then(next_month).when(pl.col("early") < 0.7).then(january).otherwise(later)
    frame = frame.with_columns(start=start).with_columns(last=pl.max_horizontal("start", pl.col("month") - 1))
    ended = pl.col("start") + ((pl.col("last") - pl.col("start") + 1) * pl.col("when")).floor().cast(pl.Int64)
    cancelled = pl.when(pl.col("early") < 0.6).then(pl.lit("Retroactive cancel")).otherwise(pl.lit("Non-payment"))
    ending = pl.when(pl.col("early") < 0.7).then(pl.lit("Voluntary")).otherwise(pl.lit("Eligibility"))
    grace = pl.when((status == "Enrolled") & (pl.col("born") == 0)).then("grace").otherwise(0)
    return frame.with_columns(
        end=pl.when(status == "Terminated").then(ended).when(status == "Pending Termination").then("month"),
        reason=pl.when(status == "Terminated")
        .then("reason")
        .when(status == "Cancelled")
        .then(cancelled)
        .when(status == "Pending Termination")
        .then(ending),
        grace=grace,
        paid=pl.col("month") - grace,
        switched=pl.lit(None, dtype=pl.Int64),
        old_plan=pl.lit(False),
        price=pl.lit(0, dtype=pl.Int64),
        subsidy=pl.lit(0, dtype=pl.Int64),
        home=pl.lit(False),
        proof=pl.when("is_conditional").then(1).otherwise(0),
        proof_week=pl.col("born"),
        delegated_on=pl.col("monday") - pl.duration(days=pl.col("since")),
        updated=pl.col("monday").cast(pl.Int64) * DAY - pl.col("days") * DAY + pl.col("moment"),
        touched=pl.lit(False),
        proven=pl.lit(False),
        moves=pl.lit(False),
        was=pl.lit(False),
    ).drop("since", "days", "moment", "early", "when", "last", "month", "monday", "is_conditional")


def _new_year(state: pl.DataFrame, monday: date) -> pl.DataFrame:
    """A new plan year: ended coverage has left, the rest begins again in January; every row changes."""
    january = monday.year * 12
    return state.with_columns(
        alive=pl.col("alive") & ~pl.col("status").is_in((*ENDED, "Pending Termination")),
        start=pl.max_horizontal("start", pl.lit(january)),
        switched=pl.max_horizontal("switched", pl.when(pl.col("switched").is_not_null()).then(january)),
        old_plan=pl.lit(False),
        touched=pl.col("alive"),
    )


def _event() -> pl.Expr:
    """The name of this week's event, blank for most."""
    name, edge = pl.lit(None, dtype=pl.String), 0.0
    for event, share in EVENTS.items():
        within = (pl.col("u_event") >= edge) & (pl.col("u_event") < edge + share)
        name = pl.when(within).then(pl.lit(event)).otherwise(name)
        edge += share
    return name


def _policy_events(state: pl.DataFrame, month: int) -> pl.DataFrame:
    """Effectuated, fallen behind, caught up, terminated, another plan, another premium."""
    status, event, here = pl.col("status"), pl.col("event").fill_null(""), pl.col("here")
    living = here & status.is_in(LIVING)
    begins = here & status.is_in(WAITING) & (pl.col("u_work") < EFFECTUATED)
    behind = living & (event == "behind")
    unpaid = behind & (pl.col("grace") == 3)
    ends = (living & (event == "terminated")) | unpaid
    pays = living & (pl.col("grace") > 0) & (event != "behind") & (pl.col("u_work") < CAUGHT_UP)
    other_plan = living & (event == "plan") & pl.col("switched").is_null() & pl.col("has_other")
    costs = living & (event == "premium")
    grace = (
        pl.when(behind).then(pl.min_horizontal(pl.col("grace") + 1, pl.lit(3))).when(pays).then(0).otherwise("grace")
    )
    following = min(month + 1, month // 12 * 12 + 11)
    return state.with_columns(
        status=pl.when(ends).then(pl.lit("Terminated")).when(begins).then(pl.lit("Enrolled")).otherwise(status),
        reason=pl.when(unpaid).then(pl.lit("Non-payment")).when(ends).then(pl.lit("Voluntary")).otherwise("reason"),
        end=pl.when(ends).then(pl.max_horizontal("start", "switched", pl.lit(month - 1))).otherwise("end"),
        grace=pl.when(ends).then(0).otherwise(grace),
        paid=pl.when(behind)
        .then(month - grace)
        .when(pays | begins)
        .then(pl.max_horizontal("start", pl.lit(month)))
        .otherwise("paid"),
        switched=pl.when(other_plan).then(following).otherwise("switched"),
        old_plan=pl.col("old_plan") | other_plan,
        price=pl.col("price") + costs.cast(pl.Int64),
        touched=pl.col("touched") | begins | behind | ends | pays | other_plan | costs,
    )


def _household_events(state: pl.DataFrame, week: int) -> pl.DataFrame:
    """Another subsidy, another home, something to prove, something proven."""
    event, here = pl.col("event").fill_null(""), pl.col("here")
    living = here & pl.col("status").is_in(LIVING)
    subsidy, home = living & (event == "subsidy"), here & (event == "home") & ~pl.col("home")
    must_prove = living & (event == "conditional") & (pl.col("proof") == 0)
    proven = here & (pl.col("proof") == 1) & (pl.col("u_proof") < PROVEN)
    leaves = here & (pl.col("proof") == 2) & (pl.col("u_proof") < PROOF_LEAVES)
    return state.with_columns(
        subsidy=pl.col("subsidy") + subsidy.cast(pl.Int64),
        home=pl.col("home") | home,
        proof=pl.when(must_prove).then(1).when(proven).then(2).when(leaves).then(0).otherwise("proof"),
        proof_week=pl.when(must_prove).then(week).otherwise("proof_week"),
        proven=proven,
        touched=pl.col("touched") | subsidy | home | must_prove | leaves,
    )


def _stamped(state: pl.DataFrame, monday: date, ago: pl.Series) -> pl.DataFrame:
    """Touched cases were updated in the six days before the extract."""
    moment = (monday - date(1970, 1, 1)).days * DAY - 1 - pl.col("moment")
    return (
        state.with_columns(ago.alias("moment"), touched=pl.col("touched") & pl.col("alive"))
        .with_columns(updated=pl.when("touched").then(moment).otherwise("updated"))
        .drop("u_gone", "u_event", "u_work", "u_proof", "u_move", "here", "event", "target", "ago", "moment")
    )
