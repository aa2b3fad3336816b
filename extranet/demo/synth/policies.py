"""The rows of the Book of Business of one week: a row a member on a policy, all cells as the text in the file."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from extranet.demo.synth.cells import dollars, first_day, last_day, yes
from extranet.demo.synth.draw import Choices, Dice
from extranet.demo.synth.households import Households
from extranet.demo.synth.material import Material
from extranet.demo.synth.people import People
from extranet.demo.synth.plans import VARIANTS, Shelf
from extranet.demo.synth.premiums import Premiums
from extranet.demo.synth.weeks import ENDED, WAITING

MEMBER_PRIME, POLICY_PRIME = 9_999_999_967, 9_999_999_967
OTHER_REASONS = {
    "Loss of coverage": 0.55,
    "Moved": 0.12,
    "Birth or adoption": 0.08,
    "Marriage": 0.06,
    "Income change": 0.12,
    "Released from incarceration": 0.01,
    "Citizenship or lawful presence gained": 0.02,
    "American Indian/Alaska Native": 0.01,
    "Other qualifying event": 0.03,
}
RENEWALS = {
    "Auto-renewed": 0.55,
    "Active renewal": 0.20,
    "Not started": 0.15,
    "Conditional renewal": 0.07,
    "Opted out": 0.02,
    "Not renewable": 0.01,
}
FIRST_RENEWAL_MONTH = 10
INSURED = ("Enrolled", "Reinstated", "Sent to Issuer", "Pending Termination")


PARTS = ("health", "next health", "dental")


@dataclass(frozen=True)
class Book:
    """The members and policies of some cases, and their rows in any week."""

    material: Material
    dice: Dice
    households: Households
    shelf: Shelf
    first_monday: date
    cases: pl.DataFrame

    @cached_property
    def members(self) -> pl.DataFrame:
        people = People(material=self.material, dice=self.dice)
        named = people.named_members(self.cases, self.households.members(self.cases))
        number = self.dice.numbers("member", named["key"], prime=MEMBER_PRIME).cast(pl.String).str.zfill(10)
        place = self.cases["region"].gather(named["ci"])
        return named.with_columns(
            member_id="1" + number,
            date_of_birth=pl.col("date_of_birth").cast(pl.String),
            is_primary_contact=pl.when(pl.col("m") == 0).then(pl.lit("Y")).otherwise(pl.lit("N")),
            factor=pl.col("factor") * self.shelf.region_factors.gather(place),
            child=pl.col("kind") == 2,
        )

    @cached_property
    def premiums(self) -> Premiums:
        return Premiums(self.material, self.dice, self.households, self.shelf, self.cases, self.members)

    def week(self, state: pl.DataFrame, texts: pl.DataFrame, money: pl.DataFrame, monday: date) -> pl.DataFrame:
        """The rows of all living cases. ``texts`` and ``money`` have a row a case."""
        parts = [self._part(part, state, texts, money, monday) for part in PARTS]
        return pl.concat(parts).sort("ci", "m", "order").drop("ci", "m", "order")

    def insured(self, state: pl.DataFrame, money: pl.DataFrame) -> pl.DataFrame:
        """A row a case, for the other report: what is taken and lost with the coverage."""
        living = state["status"].is_in(INSURED)
        current = (
            pl.when(state["switched"].is_not_null())
            .then(money["next health applied"])
            .otherwise(money["health applied"])
        )
        level = (
            pl.when(state["switched"].is_not_null()).then(money["next health level"]).otherwise(money["health level"])
        )
        return self.cases.select("ci").with_columns(
            current.alias("applied"),
            level.alias("level"),
            yes(living).alias("health_enrolled"),
            yes(living & self.cases["dental"]).alias("dental_enrolled"),
        )

    def _part(
        self, part: str, state: pl.DataFrame, texts: pl.DataFrame, money: pl.DataFrame, monday: date
    ) -> pl.DataFrame:
        """The rows of one kind of policy."""
        only = state["alive"]
        switched = state["switched"].is_not_null()
        exists = {
            "health": only & (~switched | state["old_plan"]),
            "dental": only & self.cases["dental"],
            "next health": only & switched,
        }[part]
        place = exists.gather(self.members["ci"])
        people = self.members.with_columns(self.premiums.of_members(part, state)).filter(place)
        policy = self._policy(part, state, money, monday)
        at = people["ci"]
        rows = pl.concat([people, texts[at], policy[at]], how="horizontal")
        member = self.dice.numbers("issuer member", people["key"] * 4 + PARTS.index(part), prime=MEMBER_PRIME)
        rows = rows.with_columns(
            issuer_member_id=pl.when(pl.col("policy_id").is_not_null()).then(
                "X" + member.cast(pl.String).str.zfill(10)
            ),
            gross=pl.col("cents").sum().over("ci"),
        )
        amounts = {
            "member_premium": dollars(rows["cents"]),
            "policy_premium": dollars(rows["gross"]),
            "net_premium": dollars(rows["gross"] - rows["applied"]),
            "max_aptc": dollars(rows["credit"]),
            "applied_aptc": dollars(rows["applied"]),
        }
        return rows.with_columns([cell.alias(name) for name, cell in amounts.items()]).drop(
            "cents", "gross", "applied", "credit", "key", "case", "kind", "age", "factor", "child"
        )

    def _policy(self, part: str, state: pl.DataFrame, money: pl.DataFrame, monday: date) -> pl.DataFrame:
        """A row a case: plan, status and days of its policy of this kind."""
        dental, following = part == "dental", part == "next health"
        left = state["old_plan"] & (part == "health")
        status = pl.select(pl.when(left).then(pl.lit("Terminated")).otherwise(state["status"]).alias("s")).to_series()
        first = state["switched"] if following else state["start"]
        start = first_day(pl.max_horizontal(first, pl.lit(monday.year * 12)))
        end_of_year = pl.lit(date(monday.year, 12, 31))
        switch_end = pl.max_horizontal(start, first_day(pl.lit(state["switched"])) - pl.duration(days=1))
        end = (
            pl.when(left)
            .then(switch_end)
            .when(status == "Cancelled")
            .then(start)
            .when(state["end"].is_not_null())
            .then(pl.max_horizontal(last_day(pl.lit(state["end"])), start))
        ).otherwise(end_of_year)
        paid_month = pl.lit(state["paid"] + state["grace"] if dental else state["paid"])
        paid = pl.min_horizontal(last_day(paid_month), end)
        number = self.dice.numbers("policy", self.cases["case"] * 4 + PARTS.index(part), prime=POLICY_PRIME)
        grace = pl.lit(0) if dental else pl.when(left).then(0).otherwise(state["grace"])
        frame = pl.select(
            pl.when(status != "Pending").then("7" + number.cast(pl.String).str.zfill(10)).alias("policy_id"),
            status.alias("enrollment_status"),
            start.cast(pl.String).alias("coverage_start"),
            end.cast(pl.String).alias("coverage_end"),
            pl.when(~status.is_in((*WAITING, "Cancelled")) & (paid >= start))
            .then(paid)
            .cast(pl.String)
            .alias("paid_through"),
            grace.cast(pl.String).alias("grace_month"),
            pl.when(left)
            .then(pl.lit("Voluntary"))
            .when(status.is_in((*ENDED, "Pending Termination")))
            .then(state["reason"])
            .alias("term_reason"),
            self._why(first, following).alias("enrollment_reason"),
            pl.lit("Dental" if dental else "Health").alias("coverage_type"),
            pl.lit(PARTS.index(part)).alias("order"),
            (pl.lit(0) if dental else money[f"{part} applied"]).cast(pl.Int64).alias("applied"),
            money["credit"],
        )
        plan = self._dental_plan() if dental else self._health_plan(part, money)
        return pl.concat([frame, plan, self._renewal(part, plan, status, monday)], how="horizontal").drop("id14")

    def _why(self, first: pl.Series, following: bool) -> pl.Expr:
        """Most coverage that begins in January was chosen in open enrollment."""
        other = Choices([list(OTHER_REASONS.values())]).pick(
            self.dice.chance(f"reason {following}", self.cases["case"])
        )
        named = pl.lit(pl.Series(list(OTHER_REASONS)).gather(other))
        return pl.when(first % 12 == 0).then(pl.lit("Open enrollment")).otherwise(named)

    def _dental_plan(self) -> pl.DataFrame:
        chosen = self.material.dental[self.cases["dental_plan"]]
        return chosen.select(
            pl.col("hios_plan_id").alias("id14"), "hios_plan_id", pl.col("issuer").alias("issuer_name"), "plan_name"
        ).with_columns(
            pl.lit(None, dtype=pl.String).alias("metal_level"),
            pl.lit(None, dtype=pl.String).alias("network_type"),
            pl.lit("none").alias("csr_level"),
        )

    def _health_plan(self, part: str, money: pl.DataFrame) -> pl.DataFrame:
        """The plan, in the variant of the household's cost sharing (two more digits, another number in the name)."""
        chosen = self.material.plans[self.cases["plan" if part == "health" else "plan_next"]]
        level = money[f"{part} level"]
        suffix = level.replace_strict({**VARIANTS, "AI/AN": "03"}, default="", return_dtype=pl.String)
        name: pl.Expr = pl.lit(chosen["plan_name"])
        for number in VARIANTS:
            varied = name.str.replace("Silver 70", f"Silver {number}", literal=True)
            name = pl.when(level == number).then(varied).otherwise(name)
        return pl.DataFrame(
            {
                "id14": chosen["hios_plan_id"],
                "hios_plan_id": chosen["hios_plan_id"] + suffix,
                "issuer_name": chosen["issuer"],
                "plan_name": pl.select(name).to_series(),
                "metal_level": chosen["metal_level"],
                "network_type": chosen["network"],
                "csr_level": level,
            }
        )

    def _renewal(self, part: str, plan: pl.DataFrame, status: pl.Series, monday: date) -> pl.DataFrame:
        """Where renewal stands: from October on, as it was when the first file was drawn."""
        keys = self.cases["case"]
        drawn = pl.Series(list(RENEWALS)).gather(
            Choices([list(RENEWALS.values())]).pick(self.dice.chance("renewal", keys))
        )
        open_now = self.first_monday.month >= FIRST_RENEWAL_MONTH and monday.year == self.first_monday.year
        ended = status.is_in((*ENDED, "Pending Termination"))
        stands = pl.when(ended).then(pl.lit("Not renewable")).otherwise(drawn if open_now else pl.lit("Not started"))
        other = self.material.plans["hios_plan_id"].gather(self.cases["plan_next"])
        same = pl.col("stands").is_in(["Auto-renewed", "Conditional renewal"])
        chosen = plan["id14"] if part == "dental" else other
        return pl.select(stands.alias("stands")).select(
            pl.col("stands").alias("renewal_status"),
            pl.when(same)
            .then(plan["id14"])
            .when(pl.col("stands") == "Active renewal")
            .then(chosen)
            .alias("renewal_hios_plan_id"),
        )
