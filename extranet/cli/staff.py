"""``staff add``: the way a first member of staff gets in."""

from datetime import datetime

import click

from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment
from extranet.credentials.models import StaffRole
from extranet.credentials.staff import LINK_HOURS, add_staff


@click.group()
def staff() -> None:
    """Staff accounts."""


@act(staff)
@click.argument("name")
@click.option("--role", type=click.Choice(StaffRole.values), required=True)
@click.option("--display-name", default="", help="The person's name as pages show it.")
@click.option("--email", default="", help="The link is mailed there, too.")
@moment
def add(name: str, role: str, display_name: str, email: str, now: datetime) -> Answer:
    """Make a staff account and print its one-use link, where NAME sets a password and a second factor."""
    invited = add_staff(name=name, role=role, display_name=display_name, email=email, by=Actor.shell(), now=now)
    facts = {"username": invited.account.username, "role": role, "link": invited.link, "hours": LINK_HOURS}
    lines = [f"{invited.account.username} ({role})", f"good once, for {LINK_HOURS} hours: {invited.link}"]
    return Answer(facts, lines)
