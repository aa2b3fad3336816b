"""What a household pays: premiums by plan and age, the tax credit by income, and the level of cost sharing."""

from dataclasses import dataclass

import polars as pl

from extranet.demo.synth.draw import Dice
from extranet.demo.synth.households import Households
from extranet.demo.synth.material import Material
from extranet.demo.synth.plans import REFERENCE_CENTS, Shelf

CREDIT = ((150, 0.90), (200, 0.78), (250, 0.60), (400, 0.35))  # share of the reference premium, by % of poverty level
TAKES_ALL, TAKES_NONE = 0.85, 0.90


@dataclass(frozen=True)
class Premiums:
    """The money of some cases and their members, in whole cents."""

    material: Material
    dice: Dice
    households: Households
    shelf: Shelf
    cases: pl.DataFrame
    members: pl.DataFrame

    def of_cases(self, state: pl.DataFrame) -> pl.DataFrame:
        """Cents a case: the household's tax credit, and for each health policy its premium, the part of the credit
        that it takes, and its level of cost sharing."""
        people = self.members
        reference = people.group_by("ci", maintain_order=True).agg(pl.col("factor").sum())["factor"] * REFERENCE_CENTS
        percent = self.households.poverty_percent(self.cases, state["subsidy"])
        share: pl.Expr = pl.lit(0.05)
        for edge, part in reversed(CREDIT):
            share = pl.when(percent < edge * 10).then(part).otherwise(share)
        credit = pl.select(
            pl.when(self.cases["subsidised"] & percent.is_not_null()).then(reference * share).otherwise(0.0)
        )
        credit_cents = credit.to_series().round().cast(pl.Int64)
        chance = self.dice.chance("takes", self.cases["case"] * 64 + state["subsidy"])
        part_taken = pl.when(chance < TAKES_ALL).then(1.0).when(chance < TAKES_NONE).then(0.0).otherwise(chance)
        taken = pl.select((credit_cents * part_taken).floor().cast(pl.Int64)).to_series()
        columns = {"credit": credit_cents}
        for name, plan in (("health", self.cases["plan"]), ("next health", self.cases["plan_next"])):
            each = self.of_members(name, state)
            gross = people.select("ci", each).group_by("ci", maintain_order=True).agg(pl.col("cents").sum())["cents"]
            metal = self.material.plans["metal_level"].gather(plan)
            applied = pl.when(metal == "Minimum Coverage").then(0).otherwise(pl.min_horizontal(taken, gross))
            columns[f"{name} gross"] = gross
            columns[f"{name} applied"] = pl.select(applied).to_series()
            columns[f"{name} level"] = self._level(percent, metal)
        return pl.DataFrame(columns)

    def _level(self, percent: pl.Series, metal: pl.Series) -> pl.Series:
        """Cost sharing: by income on Silver plans; a few belong to a tribe."""
        tribe = (self.dice.chance("tribe", self.cases["case"]) < 0.003) & (percent <= 3000)
        subsidised = self.cases["subsidised"]
        by_income = (
            pl.when(percent <= 1500)
            .then(pl.lit("94"))
            .when(percent <= 2000)
            .then(pl.lit("87"))
            .when(percent <= 2500)
            .then(pl.lit("73"))
        ).otherwise(pl.lit("none"))
        level = pl.when(subsidised & tribe).then(pl.lit("AI/AN")).when(subsidised & (metal == "Silver")).then(by_income)
        return pl.select(level.otherwise(pl.lit("none"))).to_series()

    def of_members(self, part: str, state: pl.DataFrame) -> pl.Series:
        at = self.members["ci"]
        if part == "dental":
            each = self.material.dental["monthly_cents"].gather(self.cases["dental_plan"].gather(at))
            cents = pl.when(self.members["child"]).then(each * 6 // 10).otherwise(each)
            return pl.select(cents.alias("cents")).to_series()
        plan = self.cases["plan" if part == "health" else "plan_next"].gather(at)
        dearer = 1 + state["price"].gather(at) * 0.013
        return (self.shelf.cents.gather(plan) * self.members["factor"] * dearer).round().cast(pl.Int64).alias("cents")
