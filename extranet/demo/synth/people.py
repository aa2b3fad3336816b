"""Invented names in the languages of the margins, and ways to reach nobody: e-mail under example.*, 555-01xx, streets
that do not exist."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from extranet.demo.synth.draw import Choices, Dice
from extranet.demo.synth.material import Material

DOMAINS = ("example.org", "example.com", "example.net")  # RFC 2606
DOUBLE_NAMES = 0.08
OTHER_SYSTEMS = {"Đ": "D", "đ": "d", "ø": "o", "ß": "ss"}


def plain(name: str) -> str:
    """The letters a-z of a name, for an e-mail address."""
    spelled = "".join(OTHER_SYSTEMS.get(letter, letter) for letter in name)
    return re.sub(r"[^a-z]", "", unicodedata.normalize("NFKD", spelled).lower())


@dataclass(frozen=True)
class People:
    """Names and addresses. ``community`` is a place in the order of names.toml."""

    material: Material
    dice: Dice

    @cached_property
    def _order(self) -> dict[str, int]:
        return {name: number for number, name in enumerate(self.material.names)}

    @cached_property
    def _given(self) -> tuple[Choices, pl.Series]:
        """Groups: community * 2 + male."""
        lists = [part for names in self.material.names.values() for part in (names.female, names.male)]
        return _even(lists)

    @cached_property
    def _family(self) -> tuple[Choices, pl.Series]:
        return _even([names.family for names in self.material.names.values()])

    def community(self, name: str, keys: pl.Series, spoken: pl.Series | None = None) -> pl.Series:
        """Whose names somebody bears: those of the own language; else as the profile mixes them."""
        mixed = [self._order[language] for language in self.material.names_of]
        choices = Choices([list(self.material.names_of.values())])
        drawn = pl.Series(mixed).gather(choices.pick(self.dice.chance(name, keys)))
        if spoken is None:
            return drawn
        common = next(iter(self.material.names_of))
        own = {language: number for language, number in self._order.items() if language != common}
        return spoken.replace_strict(own, default=None, return_dtype=pl.Int64).fill_null(drawn)

    def given_names(self, name: str, keys: pl.Series, community: pl.Series, gender: pl.Series) -> pl.Series:
        choices, names = self._given
        group = community * 2 + (gender == "Male").cast(pl.Int64)
        return names.gather(choices.pick(self.dice.chance(name, keys), group))

    def family_names(self, name: str, keys: pl.Series, community: pl.Series) -> pl.Series:
        """Some bear two, with a hyphen."""
        choices, names = self._family
        one = names.gather(choices.pick(self.dice.chance(name, keys), community))
        two = names.gather(choices.pick(self.dice.chance(f"{name} 2", keys), community))
        double = (self.dice.chance(f"{name} double", keys) < DOUBLE_NAMES) & (one != two)
        return pl.select(pl.when(double).then(one + "-" + two).otherwise(one)).to_series()

    def emails(self, name: str, keys: pl.Series, first: pl.Series, last: pl.Series) -> pl.Series:
        """An address each, under a domain that can have no mailbox."""
        number = self.dice.whole(f"{name} number", keys, 1, 9999).cast(pl.String)
        domain = pl.Series(DOMAINS).gather(self.dice.whole(f"{name} domain", keys, 0, len(DOMAINS) - 1))
        return (_plain_each(first).str.slice(0, 1) + "." + _plain_each(last) + number + "@" + domain).alias(name)

    def phones(self, name: str, keys: pl.Series, area_codes: pl.Series) -> pl.Series:
        """Ten digits in 555-0100 to 555-0199, which are kept for fiction."""
        number = self.dice.whole(name, keys, 0, 99).cast(pl.String).str.zfill(2)
        return (area_codes + "55501" + number).alias(name)

    def named_members(self, cases: pl.DataFrame, members: pl.DataFrame) -> pl.DataFrame:
        """``members`` with first and last name, e-mail and the two kinds of phone preferences left out of it."""
        community = self.community("community", cases["case"], cases["spoken"])
        shared = self.family_names("family name", cases["case"], community)
        at = members["ci"]
        own = self.family_names("own family name", members["key"], community.gather(at))
        apart = (members["kind"] == 1) & (self.dice.chance("keeps name", members["key"]) < 0.25)
        last = pl.select(pl.when(apart).then(own).otherwise(shared.gather(at))).to_series()
        first = self.given_names("given name", members["key"], community.gather(at), members["gender"])
        email = self.emails("email", members["key"], first, last)
        has = pl.when(members["kind"] == 0).then(0.9).when(members["kind"] == 1).then(0.5).otherwise(0.0)
        reached = pl.when(self.dice.chance("has email", members["key"]) < has).then(email)
        return members.with_columns(first.alias("first_name"), last.alias("last_name"), reached.alias("email"))

    def homes(self, cases: pl.DataFrame, which: int) -> pl.DataFrame:
        """The addresses of the first (0) or the next (1) home of each case."""
        keys = cases["case"] * 2 + which
        place = self.material.places[cases["place_next" if which else "place"]]
        street = pl.Series(self.material.streets).gather(
            self.dice.whole("street", keys, 0, len(self.material.streets) - 1)
        )
        number = self.dice.whole("house", keys, 1, 9800).cast(pl.String)
        flat = "Apt " + self.dice.whole("flat", keys, 1, 60).cast(pl.String)
        box = "PO Box " + self.dice.whole("box", keys, 1, 9999).cast(pl.String)
        elsewhere = box + ", " + place["city"] + ", " + place["zip"]
        return pl.DataFrame(
            {"res_address_1": number + " " + street, "res_city": place["city"], "res_zip": place["zip"]}
        ).with_columns(
            pl.when(self.dice.chance("has flat", keys) < 0.3).then(flat).alias("res_address_2"),
            place["county"].alias("res_county"),
            pl.when(self.dice.chance("has box", keys) < 0.05).then(elsewhere).alias("mail_address"),
        )


def _even(lists: Sequence[Sequence[str]]) -> tuple[Choices, pl.Series]:
    return Choices([[1.0] * len(part) for part in lists]), pl.Series([name for part in lists for name in part])


def _plain_each(names: pl.Series) -> pl.Series:
    """``plain`` once a different name."""
    spelled = {name: plain(name) for name in names.unique().to_list()}
    return names.replace_strict(spelled, return_dtype=pl.String)
