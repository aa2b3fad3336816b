"""``keys``: what is wrapped by which master key, exchanging it, backups, forgetting an agent's books for good."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click
from django.conf import settings

from extranet.agents.find import by_license_ever
from extranet.audit.actions import Action
from extranet.audit.record import Actor, record
from extranet.cli.answers import Answer, act, moment, table
from extranet.cli.exit_codes import INTEGRITY, AgentUnknown
from extranet.keyring import backup as backups
from extranet.keyring import rotate as rotation
from extranet.keyring.masters import master
from extranet.keyring.ring import key_status
from extranet.reports.forget import forget_books


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
@moment
def rotate(now: datetime) -> Answer:
    """Wrap all keys by a new master key, while readers read and publications run. Repeat it if it was killed."""

    def keep(batch: rotation.Batch) -> None:
        record(action=Action.KEYS_ROTATED, now=now, actor=Actor.shell(), detail=asdict(batch))

    done = rotation.rotate(now=now, record=keep)
    lines = [f"{done.agents} keys of agents and {done.systems} of the system wrapped anew by {done.master}"]
    return Answer(
        asdict(done), [*lines, *_then(done)], exit_code=INTEGRITY if done.damaged else 0, complaints=done.damaged
    )


@act(keys)
@click.argument("master_id")
@moment
def retire(master_id: str, now: datetime) -> Answer:
    """Remove the file of an earlier master key that wraps nothing any more. Cannot be undone."""
    file = rotation.retire(master_id=master_id, record=_kept(Action.KEYS_MASTER_RETIRED, now, master_id))
    return Answer({"removed": file}, [f"removed {file}"])


@act(keys)
@moment
def backup(now: datetime) -> Answer:
    """Write today's backup of all keys, wrapped as they are in the database."""
    file = backups.write_backup(folder=settings.EXTRANET.key_backups, now=now)
    return Answer({"file": str(file)}, [f"written to {file}"])


@act(keys)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@moment
def restore(file: Path, now: datetime) -> Answer:
    """Put back the keys that the database lacks, and never a destroyed one."""

    def keep(done: backups.Restored) -> None:
        detail = {**asdict(done), "file": file.name}
        record(action=Action.KEYS_RESTORED, now=now, actor=Actor.shell(), detail=detail)

    done = backups.restore(file=file, record=keep)
    return Answer(asdict(done), [f"{done.agents} keys of agents and {done.systems} of the system put back"])


@act(keys)
@click.argument("license")
@moment
def shred(license: str, now: datetime) -> Answer:
    """Destroy all keys of an agent, and with them all the agent's books and waiting rows. Cannot be undone."""
    agent = by_license_ever(license)
    whose = str(agent or f"license {license}, rows that wait")
    if sys.stdin.isatty():
        click.confirm(f"Destroy all books of {whose} for good?", abort=True, err=True)
    destroyed = forget_books(license, by=Actor.shell(), now=now)
    if agent is None and not destroyed:
        raise AgentUnknown(f"no agent has, or had, the license {license!r}, and no rows wait under it")
    faults = backups.forget_destroyed(folder=settings.EXTRANET.key_backups)
    facts = {"license": agent.license if agent else license, "destroyed": destroyed, "faults": faults}
    lines = [f"{whose}: {destroyed} keys destroyed"]
    return Answer(facts, lines, exit_code=INTEGRITY if faults else 0, complaints=faults)


def _kept(action: Action, now: datetime, subject: str) -> Callable[[], object]:
    return lambda: record(action=action, now=now, actor=Actor.shell(), subject=subject)


def _then(done: rotation.Rotated) -> list[str]:
    """What the operator must do next."""
    if done.made:
        return [
            f"COPY {settings.EXTRANET.key_file('master')} AWAY NOW: it is the new master key, and nobody else has it",
            "copy it to every machine that has its own file of the master key; keep the earlier one for your backups",
        ]
    if not done.agents + done.systems:
        return [
            "every key was wrapped by it already; for another master key put the new one into EXTRANET_MASTER_KEY and "
            "this one into EXTRANET_OTHER_MASTER_KEYS, start all processes again, and repeat"
        ]
    return []
