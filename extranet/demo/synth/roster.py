"""The exchange's agents, their agencies, and who has how many cases."""

import math
import random
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from extranet.demo.synth.draw import Dice
from extranet.demo.synth.material import Material
from extranet.demo.synth.people import DOMAINS, People, plain

CASES_MU, CASES_SIGMA = 2.83, 1.41  # cases an agent: round(lognormal), measured on a real exchange's scale
NEW_SHARE, FEWEST_NEW = 30 / 14_000, 3  # newly certified a week
STATUSES = {"certified": 0.92, "pending": 0.03, "suspended": 0.02, "decertified": 0.03}
ALONE = 0.35  # agents who are an agency of one
SHARED_MAILBOX = 0.3  # agencies with one mailbox for their people
AGENCY_SIZES = (2, 2, 2, 3, 3, 4, 5, 6, 8, 12, 20)


@dataclass(frozen=True)
class Agents:
    """``table`` has the roster's columns, a row an agent, by license. ``sizes`` are cases an agent in the first week;
    only certified agents have any. ``new`` are the rows of those certified in the week before ``last_monday``."""

    table: pl.DataFrame
    sizes: list[int]
    new: list[int]


def draw_agents(*, material: Material, seed: int, agents: int, cases: int, last_monday: date) -> Agents:
    """The same agents for the same arguments. At least one of them is certified before the last week."""
    chance = random.Random(f"agents:{seed}")  # noqa: S311 - invents data, guards nothing
    rows = _people(material, seed, agents, chance)
    _licenses(rows, chance)
    new = max(FEWEST_NEW, round(agents * NEW_SHARE)) if agents > FEWEST_NEW else 0
    _statuses(rows, chance, last_monday, new)
    _agencies(rows, chance, material)
    rows.sort(key=lambda row: row["license"] or "")
    fresh = last_monday - timedelta(days=7)
    recent = [
        number for number, row in enumerate(rows) if row["certified_on"] and row["certified_on"] >= fresh.isoformat()
    ]
    sizes = _sizes(rows, set(recent), cases, chance)
    return Agents(table=pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String)), sizes=sizes, new=recent)


Row = dict[str, str | None]


def _people(material: Material, seed: int, agents: int, chance: random.Random) -> list[Row]:
    people = People(material=material, dice=Dice(seed))
    keys = pl.int_range(0, agents, eager=True)
    community = people.community("agent community", keys)
    gender = pl.Series([chance.choice(("Female", "Male")) for _ in range(agents)])
    first = people.given_names("agent given name", keys, community, gender).to_list()
    last = people.family_names("agent family name", keys, community).to_list()
    codes = material.places["area_code"].unique().sort().to_list()
    return [
        {
            "license": None,
            "npn": str(10_000_000 + number * 7 + chance.randrange(7)) if chance.random() < 0.98 else None,
            "first_name": first[number],
            "last_name": last[number],
            "email": f"{plain(first[number])[:1]}.{plain(last[number])}.{number + 1}@{chance.choice(DOMAINS)}",
            "phone": f"{chance.choice(codes)}55501{chance.randrange(100):02}",
            "agency_name": None,
            "agency_license": None,
            "role": "agent",
            "status": None,
            "status_on": None,
            "certified_on": None,
        }
        for number in range(agents)
    ]


def _licenses(rows: list[Row], chance: random.Random) -> None:
    """Older numbers have a letter in second place, newer ones are digits that start with 4; none twice."""
    taken: set[str] = set()
    for row in rows:
        license = ""
        while not license or license in taken:
            old = f"{chance.choice('01')}{chance.choice('ABCDEFGHIJ')}{chance.randrange(100_000):05}"
            license = old if chance.random() < 0.6 else f"4{chance.randrange(1_000_000):06}"
        taken.add(license)
        row["license"] = license


def _statuses(rows: list[Row], chance: random.Random, last_monday: date, new: int) -> None:
    for number, row in enumerate(rows):
        certified = last_monday - timedelta(days=chance.randrange(30, 4_000))
        status = "certified" if number <= new else chance.choices(list(STATUSES), list(STATUSES.values()))[0]
        if number < new:
            certified = last_monday - timedelta(days=chance.randrange(1, 8))
            if row["license"] and row["license"][1].isalpha():
                row["license"] = _newest(rows, chance)
        changed = certified
        if status in ("suspended", "decertified"):
            changed += timedelta(days=chance.randrange((last_monday - certified).days))
        elif status == "pending":
            changed = last_monday - timedelta(days=chance.randrange(1, 60))
        row["status"], row["status_on"] = status, changed.isoformat()
        row["certified_on"] = None if status == "pending" else certified.isoformat()


def _newest(rows: list[Row], chance: random.Random) -> str:
    taken = {row["license"] for row in rows}
    while (license := f"4{chance.randrange(1_000_000):06}") in taken:
        pass
    return license


def _agencies(rows: list[Row], chance: random.Random, material: Material) -> None:
    """Agencies of several agents with at least one certified manager; the others work alone."""
    families = sorted({name for names in material.names.values() for name in names.family})
    order = list(range(len(rows)))
    chance.shuffle(order)
    waiting = order[: round(len(order) * (1 - ALONE))]
    for number in order[len(waiting) :]:
        rows[number]["agency_name"] = "Agency of One"
    agency = 0
    while waiting:
        members, waiting = _next_agency(waiting, chance)
        if len(members) < 2:
            rows[members[0]]["agency_name"] = "Agency of One"
            continue
        agency += 1
        _name_agency([rows[number] for number in members], agency, chance, families, material)


def _next_agency(waiting: list[int], chance: random.Random) -> tuple[list[int], list[int]]:
    size = chance.choice(AGENCY_SIZES)
    return waiting[:size], waiting[size:]


def _name_agency(
    members: list[Row], number: int, chance: random.Random, families: list[str], material: Material
) -> None:
    name = f"{chance.choice(families)} {chance.choice(material.agencies)}"
    license = f"0{'KLMNPQRSTUVW'[number // 100_000 % 12]}{number % 100_000:05}"
    certified = [row for row in members if row["status"] == "certified"] or members[:1]
    for row in members:
        row["agency_name"], row["agency_license"] = name, license
    for row in certified[: 2 if len(members) > 5 else 1]:
        row["role"] = "agency_manager"
    if chance.random() < SHARED_MAILBOX or number == 1:
        for row in members[: max(2, len(members) // 2)]:
            row["email"] = f"office.{plain(name)}.{number}@{DOMAINS[number % 3]}"


def _sizes(rows: list[Row], new: set[int], cases: int, chance: random.Random) -> list[int]:
    """Whole numbers that sum up to ``cases``: the drawn sizes in proportion, largest remainders rounded up."""
    may = [row["status"] == "certified" and number not in new for number, row in enumerate(rows)]
    drawn = [round(chance.lognormvariate(CASES_MU, CASES_SIGMA)) if able else 0 for able in may]
    if not sum(drawn):
        drawn = [int(able) for able in may]
    exact = [size * cases / sum(drawn) for size in drawn]
    sizes = [math.floor(size) for size in exact]
    order = sorted(range(len(rows)), key=lambda number: (sizes[number] - exact[number], number))
    for number in order[: cases - sum(sizes)]:
        sizes[number] += 1
    return sizes
