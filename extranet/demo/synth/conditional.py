"""The Conditional Eligibility Extract of one week: a row a proof that a member owes."""

from dataclasses import dataclass
from datetime import date

import polars as pl

from extranet.demo.synth.cells import dollars
from extranet.demo.synth.draw import Choices, Dice

PERIOD = 95  # days of the reasonable opportunity period
EXTENSION, EXTENDED = 30, 0.05
LONGEST = 120  # days since the oldest period began, when the first file is drawn
PROOFS = (0.70, 0.22, 0.08)  # cases with one, two, three
TYPES = {
    "Income": 0.42,
    "Citizenship": 0.16,
    "Lawful Presence": 0.12,
    "Minimum Essential Coverage": 0.10,
    "Social Security Number": 0.09,
    "Residency": 0.05,
    "Incarceration": 0.03,
    "Deceased Status": 0.02,
    "American Indian/Alaska Native": 0.01,
}
SUBSIDY_ONLY = ("Income", "Minimum Essential Coverage", "American Indian/Alaska Native")
STATUSES = {"Outstanding": 0.57, "Pending": 0.12, "In Review": 0.16, "Rejected": 0.15}
REJECTS = ("Illegible", "Incomplete Doc", "Wrong Type", "Wrong Person", "Expired", "Too old")
NOTICES = ((85, "Final"), (70, "Reminder 3"), (50, "Reminder 2"), (30, "Reminder 1"), (0, "Initial"))


@dataclass(frozen=True)
class Proofs:
    """What the cases of one piece must prove. ``mondays`` are the days of all files,
    ``sources`` the names of other coverage."""

    dice: Dice
    mondays: tuple[date, ...]
    cases: pl.DataFrame
    sources: tuple[str, ...]

    def owed(self, state: pl.DataFrame) -> pl.DataFrame:
        """A row a proof of the living cases that must prove something, with its days; in the order of the cases."""
        must = (state["proof"] > 0) & state["alive"]
        rows = self.cases.select("ci", "case", "size").with_columns(state["proof"], state["proof_week"]).filter(must)
        count = 1 + Choices([PROOFS]).pick(self.dice.chance("proofs", rows["case"]))
        rows = rows.with_columns(slot=pl.int_ranges(0, count, eager=True)).explode("slot")
        rows = rows.with_columns(key=pl.col("case") * 4 + pl.col("slot"))
        member = (self.dice.chance("who proves", rows["key"]) * rows["size"]).floor().cast(pl.Int64)
        kind = Choices([list(TYPES.values())]).pick(self.dice.chance("what to prove", rows["key"]))
        rows = rows.with_columns(member.alias("m"), pl.Series(list(TYPES)).gather(kind).alias("verification_type"))
        rows = rows.unique(["ci", "m", "verification_type"], keep="first", maintain_order=True)
        return self._days(rows)

    def _days(self, rows: pl.DataFrame) -> pl.DataFrame:
        """A period that began before the first file, or in the week in which the case became conditional."""
        known = pl.Series(self.mondays).gather(rows["proof_week"])
        before = self.dice.whole("period began", rows["key"], 7, LONGEST)
        lately = self.dice.whole("period begins", rows["key"], 1, 6)
        days = pl.when(rows["proof_week"] == 0).then(before).otherwise(lately)
        extended = self.dice.chance("extended", rows["key"]) < EXTENDED
        return (
            rows.with_columns(known.alias("known"), days.alias("elapsed"), extended.alias("is_extended"))
            .with_columns(rop_start=pl.col("known") - pl.duration(days=pl.col("elapsed")))
            .with_columns(
                due=pl.col("rop_start") + pl.duration(days=PERIOD + pl.when("is_extended").then(EXTENSION).otherwise(0))
            )
        )

    def week(
        self, owed: pl.DataFrame, *, texts: pl.DataFrame, members: pl.DataFrame, insured: pl.DataFrame, monday: date
    ) -> pl.DataFrame:
        """The file's rows as text. ``texts``: of the cases; ``insured``: what each case would lose."""
        people = members.select("ci", "m", "member_id", "first_name", "last_name")
        contact = members.filter(pl.col("m") == 0).select(
            "ci", primary_contact=pl.col("first_name") + " " + pl.col("last_name")
        )
        rows = self._where_it_stands(owed).join(people, on=["ci", "m"], how="left", maintain_order="left")
        rows = rows.join(contact, on="ci", how="left", maintain_order="left")
        rows = rows.join(insured, on="ci", how="left", maintain_order="left")
        of_case = texts[rows["ci"]].select(
            "extract_date",
            "case_number",
            "application_id",
            "agent_license",
            "language_written",
            "communication_preference",
            phone="home_phone",
        )
        subsidy = pl.col("verification_type").is_in(SUBSIDY_ONLY)
        lost = subsidy | (pl.col("verification_type") == "Social Security Number")
        rows = rows.with_columns(
            consequence=pl.when(lost).then(pl.lit("Lose APTC/CSR")).otherwise(pl.lit("Coverage terminated")),
            at_risk=pl.when(lost).then("applied").otherwise(0),
            csr_level=pl.when(pl.col("level") == "AI/AN").then(pl.lit("none")).otherwise("level"),
            days_remaining=(pl.col("due") - pl.lit(monday)).dt.total_days().cast(pl.String),
        )
        rows = rows.with_columns(dollars(rows["at_risk"]).alias("aptc_at_risk"), due_date=pl.col("due").cast(pl.String))
        return pl.concat([rows.with_columns(pl.col("rop_start").cast(pl.String)), of_case], how="horizontal")

    def _where_it_stands(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Status, documents and notices, as they were when the case became conditional; a proof that was accepted
        since says so."""
        dice, keys = self.dice, rows["key"]
        drawn = pl.Series(list(STATUSES)).gather(
            Choices([list(STATUSES.values())]).pick(dice.chance("proof stands", keys))
        )
        late = (rows["known"] > rows["due"]) & (dice.chance("late", keys) < 0.8)
        fresh = rows["proof_week"] > 0
        status = (
            pl.when(rows["proof"] == 2)
            .then(pl.lit("Verified"))
            .when(fresh)
            .then(pl.lit("Outstanding"))
            .when(late)
            .then(pl.lit("Expired"))
            .otherwise(drawn)
        )
        source = pl.Series(self.sources).gather(dice.whole("source", keys, 0, len(self.sources) - 1))
        reject = pl.Series(REJECTS).gather(dice.whole("reject", keys, 0, len(REJECTS) - 1))
        some = dice.chance("some documents", keys)
        sent = (pl.col("elapsed") * dice.chance("document day", keys)).floor().cast(pl.Int64)
        notice, notice_days = _notices()
        status_is = pl.col("status")
        documents = (
            pl.when(status_is.is_in(["Verified", "In Review"]))
            .then(pl.lit("Fully Uploaded"))
            .when((status_is == "Rejected") & (some < 0.5))
            .then(pl.lit("Fully Uploaded"))
            .when((status_is == "Rejected") | ((status_is == "Outstanding") & ~fresh & (some < 0.2)))
            .then(pl.lit("Partially Uploaded"))
            .otherwise(pl.lit("None"))
        )
        rows = rows.with_columns(status=status).with_columns(document_status=documents, last_notice=notice)
        return rows.with_columns(
            mec_source=pl.when(pl.col("verification_type") == "Minimum Essential Coverage").then(source),
            reject_reason=pl.when(status_is == "Rejected").then(reject),
            last_document_date=pl.when(pl.col("document_status") != "None").then(
                (pl.col("rop_start") + pl.duration(days=sent)).cast(pl.String)
            ),
            last_notice_date=(pl.col("rop_start") + pl.duration(days=notice_days)).cast(pl.String),
            due_date_type=pl.when("is_extended").then(pl.lit("admin")).otherwise(pl.lit("notice")),
            extended=pl.when("is_extended").then(pl.lit("Y")).otherwise(pl.lit("N")),
        )


def _notices() -> tuple[pl.Expr, pl.Expr]:
    """The newest notice by the days that had gone, and the day of the period on which it went out."""
    name, days = pl.lit("Initial"), pl.lit(0)
    for day, notice in reversed(NOTICES):
        reached = pl.col("elapsed") >= day
        name = pl.when(reached).then(pl.lit(notice)).otherwise(name)
        days = pl.when(reached).then(pl.lit(day)).otherwise(days)
    return name, days
