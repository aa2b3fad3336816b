"""``roster import`` and ``accounts import``: who is certified, and who had an account in an earlier system."""

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path

import click

from extranet.agents.roster import Preview, preview, read_roster
from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment
from extranet.credentials.accounts_import import import_accounts
from extranet.policy import local_day
from extranet.profile.in_force import policy as policy_in_force
from extranet.profile.loader import current
from extranet.timetable import roster_day

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def roster() -> None:
    """The list of certified agents."""


@click.group()
def accounts() -> None:
    """Accounts of an earlier system."""


@act(roster, name="import")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Say what would change, change nothing.")
@click.option("--cutover", type=DAY, help="Everyone certified before this day was welcomed by an earlier system.")
@click.option("--allow-drop", is_flag=True, help="Take the file in although it ends many certifications.")
@moment
def import_roster(file: Path, dry_run: bool, cutover: datetime | None, allow_drop: bool, now: datetime) -> Answer:
    """Take in the whole list of agents (CSV or XLSX). Who is missing in it is no longer certified."""
    if dry_run:
        return _trial(file, now)
    since: date | None = cutover.date() if cutover else None
    with file.open("rb") as stream:
        day = roster_day(file=stream, name=file.name, by=Actor.shell(), now=now, cutover=since, allow_drop=allow_drop)
    counts = {**day.taken.roster_import.counts} if day.taken.is_new else {}
    facts = {
        "status": "taken in" if day.taken.is_new else "taken in already",
        "counts": counts,
        "sessions_ended": day.sessions_ended,
        "rights_ended": day.rights_ended,
        "frames_handed_over": day.frames_handed_over,
    }
    return Answer(facts, [str(facts["status"]), *_counted(counts)])


@act(accounts, name="import")
@click.argument("file", type=FILE)
@moment
def import_earlier_accounts(file: Path, now: datetime) -> Answer:
    """Take in accounts of an earlier system: license, e-mail address, day of the password; never a hash."""
    with file.open("rb") as stream:
        done = import_accounts(stream, by=Actor.shell(), now=now)
    facts = {
        "added": done.added,
        "changed": done.changed,
        "unchanged": done.unchanged,
        "reset_needed": done.reset_needed,
        "unknown": done.unknown,
        "other_address": done.other_address,
    }
    complaints = [f"{license}: not on the roster, left out" for license in done.unknown]
    complaints += [f"{license}: the roster has another address, which stays" for license in done.other_address]
    lines = _counted({key: value for key, value in facts.items() if isinstance(value, int)})
    return Answer(facts, lines, complaints=complaints)


def _trial(file: Path, now: datetime) -> Answer:
    with file.open("rb") as stream:
        plan = preview(read_roster(stream, file.name), today=local_day(now, current().zone))
    limit = policy_in_force().roster_drop_share
    facts = {
        "status": "checked",
        "counts": dict(plan.counts),
        "drop_share": f"{plan.drop_share:.4f}",
        "needs_allow_drop": plan.drop_share > limit,
        "perhaps_renamed": [list(pair) for pair in plan.perhaps_renamed],
    }
    return Answer(facts, ["nothing was changed; this file would say:", *_counted(plan.counts), *_warnings(plan, limit)])


def _warnings(plan: Preview, limit: float) -> list[str]:
    lines = [
        f"{old} seems to have become {new}: `extranet agent rename {old} {new}`" for old, new in plan.perhaps_renamed
    ]
    if plan.drop_share > limit:
        lines.append(f"it ends {plan.drop_share:.0%} of the certifications: it is refused without --allow-drop")
    return lines


def _counted(counts: Mapping[str, object]) -> list[str]:
    return [f"  {name.replace('_', ' ')}: {count}" for name, count in counts.items()]
