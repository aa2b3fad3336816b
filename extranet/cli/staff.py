"""``staff add``: the way a first member of staff gets in; ``staff token``: the way a publisher's program does."""

from datetime import datetime
from uuid import UUID

import click

from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment, table
from extranet.credentials import api_tokens
from extranet.credentials.models import Account, AccountKind, ApiToken, StaffRole
from extranet.credentials.staff import StaffRefused, add_staff
from extranet.credentials.username import UsernameRefused, staff_username
from extranet.mail.link_lives import ENROLMENT_HOURS


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
    facts = {"username": invited.account.username, "role": role, "link": invited.link, "hours": ENROLMENT_HOURS}
    lines = [f"{invited.account.username} ({role})", f"good once, for {ENROLMENT_HOURS} hours: {invited.link}"]
    return Answer(facts, lines)


@act(staff)
@click.argument("name")
@click.option("--for", "purpose", required=True, help="What the token is for, e.g. the name of the job.")
@click.option(
    "--network", "networks", multiple=True, help="From where it may be used, e.g. 203.0.113.0/24; repeatable."
)
@click.option("--days", default=api_tokens.DAYS, show_default=True, help="How long it lives.")
@moment
def token(name: str, purpose: str, networks: tuple[str, ...], days: int, now: datetime) -> Answer:
    """Make a token for a program that publishes as the publisher NAME, and print it this once."""
    by = Actor.shell()
    made = api_tokens.make(account=_found(name), name=purpose, networks=networks, days=days, by=by, now=now)
    facts = {"token": made.token, **_facts(made.row)}
    return Answer(facts, [made.token, f"shown once; good until {made.row.expires_at:%Y-%m-%d}; id {made.row.id}"])


@act(staff)
@click.argument("name")
@moment
def tokens(name: str, now: datetime) -> Answer:
    """List the tokens in force of the publisher NAME."""
    rows = [_facts(row) for row in api_tokens.living(_found(name), now=now)]
    headers = ("id", "for", "networks", "expires_at", "last_used_at")
    return Answer({"tokens": rows}, table([[row[name] for name in headers] for row in rows], headers))


@act(staff)
@click.argument("name")
@click.argument("token_id", metavar="ID", type=click.UUID)
@moment
def revoke(name: str, token_id: UUID, now: datetime) -> Answer:
    """End the token ID of the publisher NAME at once."""
    ended = api_tokens.end(account=_found(name), token_id=token_id, by=Actor.shell(), now=now)
    return Answer({"ended": ended}, ["ended" if ended else "there is no such token in force"])


def _found(name: str) -> Account:
    """The staff account, with or without its domain. Raises StaffRefused."""
    try:
        username = staff_username(name.rpartition("\\")[2])
    except UsernameRefused:
        username = ""
    account = Account.objects.filter(username=username, kind=AccountKind.STAFF).first()
    if account is None:
        raise StaffRefused(f"there is no member of staff {name!r}")
    return account


def _facts(row: ApiToken) -> dict[str, object]:
    return {
        "id": str(row.id),
        "for": row.name,
        "networks": ", ".join(row.networks) or "any",
        "expires_at": row.expires_at,
        "last_used_at": row.last_used_at,
    }
