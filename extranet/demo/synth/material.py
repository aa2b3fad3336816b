"""What the profile knows about its people in figures: margins, plans, places, names. Read from ``synthetic/``."""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl


class NoMaterial(Exception):
    """The profile brings no folder ``synthetic/``, or a file of it is missing."""


@dataclass(frozen=True)
class Margin:
    """How many members are what, with a subsidy and without."""

    names: tuple[str, ...]
    subsidised: tuple[float, ...]
    unsubsidised: tuple[float, ...]

    @property
    def total(self) -> list[float]:
        return [a + b for a, b in zip(self.subsidised, self.unsubsidised, strict=True)]

    @property
    def by_subsidy(self) -> list[list[float]]:
        """Group 0: without a subsidy; group 1: with."""
        return [list(self.unsubsidised), list(self.subsidised)]

    def bands(self) -> list[tuple[int, int] | None]:
        """Names like ``18-25`` as numbers; another name is no band."""
        ends = [name.split("-") for name in self.names]
        return [(int(end[0]), int(end[1])) if len(end) == 2 else None for end in ends]


@dataclass(frozen=True)
class Names:
    female: tuple[str, ...]
    male: tuple[str, ...]
    family: tuple[str, ...]


@dataclass(frozen=True)
class Material:
    """``places`` has a row a ZIP (county, region, zip, city, area_code, weight, subsidised share), ``plans`` a row a
    health plan (with ``members``: region -> members), ``dental`` a row a dental plan, all in the order of the files."""

    margins: Mapping[str, Margin]
    written_as: Mapping[str, str]
    names_of: Mapping[str, float]
    names: Mapping[str, Names]
    service_channel: str
    coverage_sources: tuple[str, ...]
    streets: tuple[str, ...]
    agencies: tuple[str, ...]
    places: pl.DataFrame
    plans: pl.DataFrame
    offered: tuple[Mapping[int, float], ...]
    dental: pl.DataFrame

    @property
    def regions(self) -> int:
        return int(self.places["region"].max())  # type: ignore[arg-type]  # the column is whole numbers


MARGINS = ("gender", "age", "fpl", "language_spoken", "language_written", "metal_level", "issuer", "region")


def read_material(profile_folder: Path) -> Material:
    """The profile's figures. Raises NoMaterial."""
    folder = profile_folder / "synthetic"
    try:
        figures, names = _toml(folder / "margins.toml"), _toml(folder / "names.toml")
        plans, offered = _plans(folder / "plans.csv")
        return Material(
            margins={name: _margin(figures[name]) for name in MARGINS},
            written_as=figures["written_as"],
            names_of=figures["names_of"],
            names={key: _names(value) for key, value in names.items() if isinstance(value, dict)},
            service_channel=figures["words"]["service_channel"],
            coverage_sources=tuple(figures["words"]["coverage_sources"]),
            streets=tuple(names["streets"]),
            agencies=tuple(names["agencies"]),
            places=_places(folder),
            plans=plans,
            offered=offered,
            dental=pl.DataFrame(_rows(folder / "dental.csv")).cast({"monthly_cents": pl.Int64}),
        )
    except FileNotFoundError as missing:
        raise NoMaterial(f"{missing.filename} does not exist; this profile has no synthetic exchange") from missing


def _toml(file: Path) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _rows(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _margin(table: dict[str, list[int]]) -> Margin:
    return Margin(
        names=tuple(table),
        subsidised=tuple(float(pair[0]) for pair in table.values()),
        unsubsidised=tuple(float(pair[1]) for pair in table.values()),
    )


def _names(table: dict[str, list[str]]) -> Names:
    return Names(female=tuple(table["female"]), male=tuple(table["male"]), family=tuple(table["family"]))


def _places(folder: Path) -> pl.DataFrame:
    """A row a ZIP. Within its county a ZIP weighs by its members; the county weighs as its own margin says."""
    counties = {row["county"]: row for row in _rows(folder / "counties.csv")}
    places = []
    for row in _rows(folder / "zips.csv"):
        county = counties[row["county"]]
        cities, codes = county["cities"].split("|"), county["area_codes"].split()
        for part in row["members"].split():
            tail, members = part.split(":")
            number = int(row["zip3"] + tail)
            places.append(
                {
                    "county": row["county"],
                    "region": int(row["region"]),
                    "zip": row["zip3"] + tail,
                    "city": cities[number % len(cities)],
                    "area_code": codes[number % len(codes)],
                    "members": float(members),
                    "with": float(county["subsidised"]),
                    "without": float(county["unsubsidised"]),
                }
            )
    whole = pl.col("with") + pl.col("without")
    return pl.DataFrame(places).with_columns(
        weight=pl.col("members") / pl.col("members").sum().over("county") * whole, share=pl.col("with") / whole
    )


def _plans(file: Path) -> tuple[pl.DataFrame, tuple[Mapping[int, float], ...]]:
    rows = _rows(file)
    offered = []
    for row in rows:
        pairs = (pair.split(":") for pair in row.pop("members").split())
        offered.append({int(region): float(members) for region, members in pairs})
    return pl.DataFrame(rows), tuple(offered)
