"""A case as the text that stands in its rows: number, agent, home, language, income, what it must prove."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from extranet.demo.synth.cells import tenths, yes
from extranet.demo.synth.draw import Choices, Dice
from extranet.demo.synth.households import Households
from extranet.demo.synth.material import Material
from extranet.demo.synth.people import People

CASE_PRIME, APPLICATION_PRIME = 999_999_937, 999_999_937
PREFERENCES = {"Mail": 0.25, "Email": 0.30, "Mail + Email": 0.30, "Mail + Email + Text": 0.15}


@dataclass(frozen=True)
class Cases:
    """The texts of some cases, in their order. ``agents`` has a row an agent."""

    material: Material
    dice: Dice
    households: Households
    agents: pl.DataFrame
    first_monday: date
    cases: pl.DataFrame

    @cached_property
    def fixed(self) -> pl.DataFrame:
        """What never changes, a row a case, as text."""
        keys, dice = self.cases["case"], self.dice
        people = People(material=self.material, dice=dice)
        codes = self.material.places["area_code"].gather(self.cases["place"])
        extra = Choices([[0.7, 0.2, 0.1]]).pick(dice.chance("others in household", keys))
        prefers = Choices([list(PREFERENCES.values())]).pick(dice.chance("prefers", keys))
        delegation = Choices([[0.97, 0.03]]).pick(dice.chance("delegation", keys))
        mixed = (self.cases["children"] > 0) & (dice.chance("mixed", keys) < 0.25)
        subsidised = pl.when(mixed).then(pl.lit("Mixed")).otherwise(pl.lit("Subsidized QHP"))
        program = pl.when(self.cases["subsidised"]).then(subsidised).otherwise(pl.lit("Unsubsidized QHP"))
        consent = self.first_monday.year + dice.whole("consent", keys, 0, 4)
        return pl.DataFrame(
            {
                "case_number": "5" + dice.numbers("case", keys, prime=CASE_PRIME).cast(pl.String).str.zfill(9),
                "delegation_status": pl.Series(["Active", "Pending"]).gather(delegation),
                "language_spoken": self.cases["spoken"],
                "language_written": self.cases["written"],
                "communication_preference": pl.Series(list(PREFERENCES)).gather(prefers),
                "home_phone": people.phones("phone", keys, codes),
                "rating_region": self.cases["region"].cast(pl.String),
                "household_size": (self.cases["size"] + extra).cast(pl.String),
                "consent_through": consent.cast(pl.String),
            }
        ).with_columns(
            program.alias("program"),
            pl.lit(self.material.service_channel).alias("service_channel"),
            pl.lit(None, dtype=pl.String).alias("delegation_end"),
        )

    @cached_property
    def homes(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        people = People(material=self.material, dice=self.dice)
        return people.homes(self.cases, 0), people.homes(self.cases, 1)

    def texts(self, state: pl.DataFrame, owed: pl.DataFrame, monday: date) -> pl.DataFrame:
        """The texts in one week. ``owed``: the open proofs; a case is conditional while it has one."""
        first, then = self.homes
        moved = state["home"]
        home = pl.DataFrame(
            [pl.select(pl.when(moved).then(then[c]).otherwise(first[c]).alias(c)).to_series() for c in first.columns]
        )
        agent = self.agents[state["agent"]]
        earliest = owed.group_by("ci").agg(pl.col("due").min())
        due = self.cases.select("ci").join(earliest, on="ci", how="left", maintain_order="left")["due"]
        application = self.dice.numbers(
            "application", self.cases["case"] * 64 + state["subsidy"], prime=APPLICATION_PRIME
        )
        percent = self.households.poverty_percent(self.cases, state["subsidy"])
        changing = pl.DataFrame(
            {
                "agent_license": agent["license"],
                "agent_npn": agent["npn"],
                "agent_name": agent["name"],
                "agency_name": agent["agency_name"],
                "delegation_start": state["delegated_on"].cast(pl.String),
                "application_id": "8" + application.cast(pl.String).str.zfill(9),
                "fpl_percent": tenths(percent),
                "conditional_flag": pl.select(yes(due.is_not_null())).to_series(),
                "rop_earliest_due": due.cast(pl.String),
                "last_updated": pl.from_epoch(state["updated"]).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
        ).with_columns(pl.lit(monday.isoformat()).alias("extract_date"))
        return pl.concat([self.fixed, home, changing], how="horizontal")
