"""Which plan a household takes, and what it costs. Plans are real, premiums are invented (whole cents)."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from extranet.demo.synth.draw import Choices, Dice
from extranet.demo.synth.material import Material

# Monthly cents for a person of 21 to 24: invented, in the order that the tiers have in life.
TIER_CENTS = {"Minimum Coverage": 17_000, "Bronze": 19_500, "Silver": 24_500, "Gold": 29_500, "Platinum": 34_500}
REFERENCE_CENTS = 24_500  # the plan that the tax credit is reckoned from
# The federal age curve of the individual market for 2017, ages 20 to 64 (45 CFR 147.102); below 20 0.635, above 64 3.0.
AGE_CURVE = [
    *(0.635, 1.0, 1.0, 1.0, 1.0, 1.004, 1.024, 1.048, 1.087, 1.119, 1.135, 1.159, 1.183, 1.198, 1.214),
    *(1.222, 1.230, 1.238, 1.246, 1.262, 1.278, 1.302, 1.325, 1.357, 1.397, 1.444, 1.5, 1.563, 1.635, 1.706),
    *(1.786, 1.865, 1.952, 2.040, 2.135, 2.230, 2.333, 2.437, 2.548, 2.603, 2.714, 2.810, 2.873, 2.952, 3.0),
]
# Cost sharing by income (% of the poverty level): level, the id's suffix, both as the exchanges number them.
VARIANTS = {"94": "06", "87": "05", "73": "04"}


@dataclass(frozen=True)
class Shelf:
    """The plans of a state, ready to be drawn from by region and subsidy."""

    material: Material
    dice: Dice

    @cached_property
    def _flat(self) -> tuple[Choices, pl.Series]:
        """Groups: (region - 1) * 2 + subsidised."""
        tiers = self.material.margins["metal_level"]
        with_all, without_all = sum(tiers.subsidised), sum(tiers.unsubsidised)
        everybody = with_all + without_all
        shares = {
            name: (
                without / without_all / ((with_ + without) / everybody),
                with_ / with_all / ((with_ + without) / everybody),
            )
            for name, with_, without in zip(tiers.names, tiers.subsidised, tiers.unsubsidised, strict=True)
        }
        weights: list[list[float]] = []
        plans: list[int] = []
        metals = self.material.plans["metal_level"].to_list()
        for region in range(1, self.material.regions + 1):
            here = [number for number, members in enumerate(self.material.offered) if members.get(region, 0) > 0]
            for subsidised in (0, 1):
                weights.append(
                    [self.material.offered[number][region] * shares[metals[number]][subsidised] for number in here]
                )
                plans += here
        return Choices(weights), pl.Series("plan", plans, dtype=pl.Int64)

    def choose(self, name: str, keys: pl.Series, *, region: pl.Series, subsidised: pl.Series) -> pl.Series:
        """The row number in ``material.plans`` of a plan that is sold in the region."""
        choices, plans = self._flat
        group = (region - 1) * 2 + subsidised.cast(pl.Int64)
        return plans.gather(choices.pick(self.dice.chance(name, keys), group)).alias(name)

    @cached_property
    def cents(self) -> pl.Series:
        """Monthly cents at age factor 1, a plan."""
        tiers = self.material.plans["metal_level"].replace_strict(TIER_CENTS, return_dtype=pl.Int64)
        numbers = pl.int_range(0, len(tiers), eager=True)
        return (tiers * (self.dice.chance("plan price", numbers) * 0.3 + 0.85)).round().cast(pl.Int64).alias("cents")

    @cached_property
    def region_factors(self) -> pl.Series:
        """Factor by region; place 0 is no region."""
        return self.dice.chance("region price", pl.int_range(0, self.material.regions + 1, eager=True)) * 0.25 + 0.9


def age_factors(age: pl.Series) -> pl.Series:
    """The price of each age against that of 21 to 24."""
    return pl.Series("factor", AGE_CURVE).gather(age.clip(20, 64).cast(pl.Int64) - 20)
