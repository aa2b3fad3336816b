"""``agent show``, ``unlock``, ``disable``, ``rename``: the service desk's view and acts, from the shell."""

from datetime import datetime

import click

from extranet.agents.find import by_license_ever
from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment, table
from extranet.cli.exit_codes import AgentUnknown
from extranet.credentials import disable as access
from extranet.credentials.models import Account
from extranet.service_center.acts import disable_checked
from extranet.service_center.timeline import AgentRecord, view
from extranet.timetable import rename_agent

SHOWN = 25  # moments of the timeline


@click.group()
def agent() -> None:
    """One agent: why he cannot get in, and what helps."""


@act(agent)
@click.argument("license")
@moment
def show(license: str, now: datetime) -> Answer:
    """Say who holds LICENSE, what keeps the agent out, and what happened. The look is recorded."""
    return _told(view(agent=_agent(license), by=Actor.shell(), now=now))


@act(agent)
@click.argument("license")
@moment
def unlock(license: str, now: datetime) -> Answer:
    """Forget the wrong tries counted against the account."""
    account = _account(license)
    cleared = access.unlock(account=account, by=Actor.shell(), now=now)
    return Answer(
        {"username": account.username, "cleared": cleared}, [f"{account.username}: {cleared} counters cleared"]
    )


@act(agent)
@click.argument("license")
@click.option("--reason", default="by the operator", show_default=True, help="For the trail; no client's data.")
@moment
def disable(license: str, reason: str, now: datetime) -> Answer:
    """End sessions, links and access of the account at once."""
    account = _account(license)
    changed = disable_checked(account=account, reason=reason, by=Actor.shell(), now=now)
    status = "disabled" if changed else "was disabled already"
    return Answer({"username": account.username, "status": status}, [f"{account.username}: {status}"])


@act(agent)
@click.argument("old")
@click.argument("new")
@moment
def rename(old: str, new: str, now: datetime) -> Answer:
    """Give the agent of license OLD the license NEW: account, password, keys and books stay."""
    renamed = rename_agent(old=old, new=new, by=Actor.shell(), now=now)
    return Answer({"agent": str(renamed.id), "license": renamed.license}, [f"{renamed} was {old.upper()}"])


def _agent(license: str) -> Agent:
    found = by_license_ever(license)
    if found is None:
        raise AgentUnknown(f"no agent has, or had, the license {license!r}")
    return found


def _account(license: str) -> Account:
    agent = _agent(license)
    account = Account.objects.select_related("agent").filter(agent=agent).first()
    if account is None:
        raise AgentUnknown(f"{agent} has no account yet: it is opened on the Monday after certification")
    return account


def _told(found: AgentRecord) -> Answer:
    agent, account = found.agent, found.account
    facts = {
        "license": agent.license,
        "name": agent.full_name,
        "email": agent.email,
        "status": str(agent.status),
        "username": account.username if account else None,
        "last_login": account.last_login if account else None,
        "expires_on": account.expires_on if account else None,
        "stuck": [{"code": stuck.code, "text": stuck.text, "remedy": stuck.remedy} for stuck in found.stuck],
        "open_requests": [request.number for request in found.open_requests],
        "timeline": [
            {"at": moment.at, "source": moment.source, "what": moment.what, "by": moment.by, "detail": moment.detail}
            for moment in found.moments
        ],
    }
    return Answer(facts, _lines(found))


def _lines(found: AgentRecord) -> list[str]:
    agent, account = found.agent, found.account
    known = f"{account.username}, last login {account.last_login or 'never'}" if account else "no account"
    lines = [f"{agent}: {agent.status} since {agent.status_on}, {agent.email}", known, ""]
    lines += [f"{stuck.text} {stuck.remedy}" for stuck in found.stuck] or ["Nothing keeps this agent out."]
    rows = [(moment.at, moment.source, moment.what, moment.by, moment.detail) for moment in found.moments[:SHOWN]]
    return [*lines, "", *table(rows, ("at (UTC)", "from", "what", "by", "detail"))]
