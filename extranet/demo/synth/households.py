"""Who lives together: size, ages, income, language and home of a case. Nothing here changes from week to week,
except that a second home is kept ready for a move."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from extranet.demo.synth.draw import Choices, Dice
from extranet.demo.synth.material import Margin, Material
from extranet.demo.synth.plans import Shelf, age_factors

MOST_MEMBERS = 8  # numbers of members are drawn from case * 8 + place
# Lives on a case: (second adult, children, share). 1.46 lives a case.
SHAPES = ((0, 0, 0.690), (1, 0, 0.195), (0, 1, 0.015), (1, 1, 0.055), (0, 2, 0.005), (1, 2, 0.030), (1, 3, 0.010))
LIVES = sum((1 + partner + children) * share for partner, children, share in SHAPES)
PARENT_BANDS = {"35-44": 0.35, "45-54": 0.55, "55-64": 0.10}
GROWN_FROM = 18
PARENT_YEARS = 20  # a grown child is at least that much younger


@dataclass(frozen=True)
class Households:
    """Draws cases and their members so that the margins of all members come out."""

    material: Material
    shelf: Shelf
    dice: Dice
    today: date

    def cases(self, numbers: pl.Series) -> pl.DataFrame:
        """A row a case, in the order of ``numbers``."""
        dice, places = self.dice, self.material.places
        place = Choices([places["weight"].to_list()]).pick(dice.chance("place", numbers))
        subsidised = dice.chance("subsidised", numbers) < places["share"].gather(place)
        shape = Choices([[share for _, _, share in SHAPES]]).pick(dice.chance("shape", numbers))
        region = places["region"].gather(place)
        choose = self.shelf.choose
        spoken, written = self._languages(numbers, subsidised)
        return pl.DataFrame(
            {
                "case": numbers,
                "ci": pl.int_range(0, len(numbers), eager=True),
                "place": place,
                "place_next": self._next_place(numbers, place),
                "region": region,
                "subsidised": subsidised,
                "partner": pl.Series([partner for partner, _, _ in SHAPES]).gather(shape),
                "children": pl.Series([children for _, children, _ in SHAPES]).gather(shape),
                "income": self._choices("fpl").pick(dice.chance("income", numbers), subsidised) % len(self._incomes),
                "spoken": spoken,
                "written": written,
                "plan": choose("plan", numbers, region=region, subsidised=subsidised),
                "plan_next": choose("next plan", numbers, region=region, subsidised=subsidised),
                "dental": dice.chance("dental", numbers) < 0.5,  # about 1.5 rows a life
                "dental_plan": dice.whole("dental plan", numbers, 0, len(self.material.dental) - 1),
            }
        ).with_columns(size=1 + pl.col("partner") + pl.col("children"))

    @cached_property
    def _incomes(self) -> list[tuple[int, int] | None]:
        return self.material.margins["fpl"].bands()

    def _choices(self, margin: str) -> Choices:
        return Choices(self.material.margins[margin].by_subsidy)

    def poverty_percent(self, cases: pl.DataFrame, generation: pl.Series) -> pl.Series:
        """Income in tenths of a percent of the poverty level; blank where nobody asked. A new generation is a new
        answer within the same band, so that the level of cost sharing stays."""
        lows = pl.Series([band[0] * 10 if band else None for band in self._incomes], dtype=pl.Int64)
        widths = pl.Series([(band[1] - band[0]) * 10 if band else None for band in self._incomes], dtype=pl.Int64)
        chance = self.dice.chance("poverty percent", cases["case"] * 64 + generation)
        return lows.gather(cases["income"]) + (widths.gather(cases["income"]) * chance).floor().cast(pl.Int64)

    def _next_place(self, numbers: pl.Series, place: pl.Series) -> pl.Series:
        """Another ZIP of the same county and region."""
        homes = self.material.places.with_row_index("at").with_columns(
            group=pl.struct("county", "region").rank("dense") - 1
        )
        by_group = homes.sort("group", "at")
        weights = [part["weight"].to_list() for part in by_group.partition_by("group", maintain_order=True)]
        group = homes["group"].gather(place)
        return (
            by_group["at"].gather(Choices(weights).pick(self.dice.chance("next place", numbers), group)).cast(pl.Int64)
        )

    def _languages(self, numbers: pl.Series, subsidised: pl.Series) -> tuple[pl.Series, pl.Series]:
        margin = self.material.margins["language_spoken"]
        spoken = self._choices("language_spoken").pick(self.dice.chance("spoken", numbers), subsidised) % len(
            margin.names
        )
        options, weights = _writing(margin, self.material)
        written = Choices(weights).pick(self.dice.chance("written", numbers), spoken)
        return pl.Series(list(margin.names)).gather(spoken), pl.Series(options).gather(written)

    def members(self, cases: pl.DataFrame) -> pl.DataFrame:
        """A row a member, in the order of the cases; ``m`` 0 is the primary contact."""
        rows = cases.select("ci", "case", "partner", "children", m=pl.int_ranges(0, "size")).explode("m")
        rows = rows.with_columns(key=pl.col("case") * MOST_MEMBERS + pl.col("m"))
        kind = pl.when(pl.col("m") == 0).then(0).when(pl.col("m") <= pl.col("partner")).then(1).otherwise(2)
        rows = rows.with_columns(kind=kind)
        age = self._ages(rows)
        days = self.dice.whole("birthday", rows["key"], 1, 364)
        born = pl.lit(self.today).dt.offset_by(pl.format("-{}y", "age")) - pl.duration(days=pl.col("days"))
        rows = rows.with_columns(age, days.alias("days"), age_factors(age)).with_columns(date_of_birth=born)
        return rows.with_columns(self._genders(rows), self._relationships(rows)).drop("days", "partner", "children")

    def _ages(self, rows: pl.DataFrame) -> pl.Series:
        """The adults of a case are of one band, so that parents are old enough; children fill what the margin lacks."""
        lonely, parents, grown = self._bands
        bands = [band or (0, 0) for band in self.material.margins["age"].bands()]
        chance = self.dice.chance("adult band", rows["case"])
        kin = rows["children"] > 0
        adult = Choices([lonely, parents]).pick(chance, kin.cast(pl.Int64)) % len(bands)
        lows, highs = pl.Series([low for low, _ in bands]), pl.Series([high for _, high in bands])
        spread = self.dice.chance("age", rows["key"])
        old_enough = lows.gather(adult) >= GROWN_FROM + PARENT_YEARS + 5
        is_grown = old_enough & (self.dice.chance("grown", rows["key"]) < grown)
        child_band = pl.Series([_child_band(bands, False), _child_band(bands, True)]).gather(is_grown.cast(pl.Int64))
        band = pl.select(pl.when(rows["kind"] == 2).then(child_band).otherwise(adult)).to_series()
        low, high = lows.gather(band), highs.gather(band)
        return (low + (spread * (high - low + 1)).floor().cast(pl.Int64)).alias("age")

    @cached_property
    def _bands(self) -> tuple[list[float], list[float], float]:
        """Weights of the bands for adults without children, for parents, and the grown share of the children of
        those who are old enough: solved so that all members together show the margin."""
        margin = self.material.margins["age"]
        share = [part / sum(margin.total) * LIVES for part in margin.total]
        children = sum(n * part for _, n, part in SHAPES)
        parents_a_case = sum((1 + partner) * part for partner, n, part in SHAPES if n)
        young = _child_band([band or (0, 0) for band in margin.bands()], False)
        grown = _child_band([band or (0, 0) for band in margin.bands()], True)
        grown_children = max(0.0, children - share[young])
        parents = [PARENT_BANDS.get(name, 0.0) for name in margin.names]
        rest = [part - parents_a_case * parent for part, parent in zip(share, parents, strict=True)]
        rest[young], rest[grown] = 0.0, rest[grown] - grown_children
        old_enough = 1 - PARENT_BANDS["35-44"]
        return [max(0.0, part) for part in rest], parents, min(1.0, grown_children / children / old_enough)

    def _genders(self, rows: pl.DataFrame) -> pl.Series:
        """A partner is of the other gender (nearly always); the first adults are drawn so that the sum is right."""
        margin = self.material.margins["gender"]
        women = margin.total[margin.names.index("Female")] / sum(margin.total)
        partners = sum(part for partner, _, part in SHAPES if partner)
        first_share = (women * (1 + partners) - partners) / (1 - partners)
        first = self.dice.chance("gender of the first", rows["case"]) < first_share
        own = self.dice.chance("gender", rows["key"])
        other = first ^ (own < 0.98)
        kind = pl.when(rows["kind"] == 0).then(first).when(rows["kind"] == 1).then(other).otherwise(own < women)
        return pl.select(pl.when(kind).then(pl.lit("Female")).otherwise(pl.lit("Male")).alias("gender")).to_series()

    def _relationships(self, rows: pl.DataFrame) -> pl.Series:
        chance = self.dice.chance("relationship", rows["key"])
        partner = pl.when(chance < 0.94).then(pl.lit("Spouse")).otherwise(pl.lit("Domestic Partner"))
        child = pl.when(chance < 0.97).then(pl.lit("Child")).otherwise(pl.lit("Ward"))
        kind = pl.when(rows["kind"] == 0).then(pl.lit("Self")).when(rows["kind"] == 1).then(partner).otherwise(child)
        return pl.select(kind.alias("relationship")).to_series()


def _child_band(bands: list[tuple[int, int]], grown: bool) -> int:
    return next(at for at, (low, _) in enumerate(bands) if (low >= GROWN_FROM) is grown)


def _writing(margin: Margin, material: Material) -> tuple[list[str], list[list[float]]]:
    """For each spoken language the ways in which its speakers write, by the two margins: their own, the other
    system, and the most common language for the rest."""
    written = material.margins["language_written"]
    counts = dict(zip(written.names, written.total, strict=True))
    common = written.names[written.total.index(max(written.total))]
    speakers = dict(zip(margin.names, margin.total, strict=True))
    options, weights = [], []
    for name in margin.names:
        own = min(1.0, counts.get(name, 0.0) / speakers[name]) if name else 1.0
        system = material.written_as.get(name, "")
        sharing = sum(speakers[other] for other, same in material.written_as.items() if same == system)
        other = min(1 - own, counts.get(system, 0.0) / sharing) if system else 0.0
        options += [name, system or common, common]
        weights.append([own, other, max(0.0, 1 - own - other)])
    return options, weights
