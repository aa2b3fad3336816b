"""``extranet synth``: a synthetic exchange as files, deterministic by its seed."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import click

from extranet.cli.answers import Answer, act, moment
from extranet.cli.progress_bar import progress_on_terminal
from extranet.cli.roster import DAY
from extranet.demo.synth import WrittenWeek, write_exchange
from extranet.policy import local_day
from extranet.profile.loader import current


@act()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agents", required=True, type=click.IntRange(1))
@click.option("--cases", required=True, type=click.IntRange(1), help="In the first week.")
@click.option("--weeks", default=1, show_default=True, type=click.IntRange(1, 520))
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed gives the same bytes.")
@click.option("--format", "kind", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True)
@click.option("--faults", is_flag=True, help="Spoil some lines and list them in faults-<date>.json.")
@click.option("--last-monday", type=DAY, help="Day of the last week; default this week's Monday.")
@moment
def synth(
    folder: Path,
    agents: int,
    cases: int,
    weeks: int,
    seed: int,
    kind: Literal["csv", "parquet"],
    faults: bool,
    last_monday: datetime | None,
    now: datetime,
) -> Answer:
    """Write roster.csv and both reports of each week into DIR; changes-<date>.json tells what changed."""
    written = write_exchange(
        folder=folder,
        agents=agents,
        cases=cases,
        weeks=weeks,
        seed=seed,
        last_monday=last_monday.date() if last_monday else local_day(now, current().zone),
        profile_folder=current().folder,
        format=kind,
        faults=faults,
        progress=progress_on_terminal(),
    )
    facts = {
        "folder": str(written.folder),
        "roster": str(written.roster),
        "agents": written.agents,
        "weeks": [_facts(week) for week in written.weeks],
    }
    lines = [f"{week.as_of}: {week.cases} cases, {week.rows} rows in {week.book.name}" for week in written.weeks]
    return Answer(facts, [f"{written.agents} agents in {written.roster}", *lines])


def _facts(week: WrittenWeek) -> dict[str, object]:
    return {
        "as_of": week.as_of,
        "book": str(week.book),
        "conditional": str(week.conditional),
        "changes": str(week.changes) if week.changes else None,
        "faults": str(week.faults) if week.faults else None,
        "cases": week.cases,
        "rows": week.rows,
        "conditional_rows": week.conditional_rows,
    }
