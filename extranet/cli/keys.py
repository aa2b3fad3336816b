"""``keys status`` and ``keys shred``: what is wrapped by which master key, and forgetting an agent's books for good."""

import sys
from dataclasses import asdict
from datetime import datetime

import click
from django.db import transaction

from extranet.agents.find import by_license_ever
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.cli.answers import Answer, act, moment, table
from extranet.cli.exit_codes import AgentUnknown
from extranet.keyring.ring import key_status, master, shred_agent


@click.group()
def keys() -> None:
    """Keys: numbers only, never a key."""


@act(keys)
def status() -> Answer:
    """Count the keys that each master key wraps."""
    counts = [asdict(count) for count in key_status()]
    lines = table([list(count.values()) for count in counts], ("of", "wrapped by", "living", "destroyed"))
    return Answer({"master": master().id, "keys": counts}, [f"master key in use: {master().id}", *lines])


@act(keys)
@click.argument("license")
@moment
def shred(license: str, now: datetime) -> Answer:
    """Destroy all keys of an agent, and with them all the agent's books. Cannot be undone."""
    agent = by_license_ever(license)
    if agent is None:
        raise AgentUnknown(f"no agent has, or had, the license {license!r}")
    if sys.stdin.isatty():
        click.confirm(f"Destroy all books of {agent} for good?", abort=True, err=True)
    with transaction.atomic():
        destroyed = shred_agent(agent.id, now=now)
        detail = {"keys": destroyed}
        record(action=Action.KEYS_SHREDDED, now=now, actor=Actor.shell(), subject=agent.license, detail=detail)
    return Answer({"license": agent.license, "destroyed": destroyed}, [f"{agent}: {destroyed} keys destroyed"])
