"""A scratch exchange with agents and accounts and nothing else, for benches of the door. Loaded before Django."""

import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from extranet.cli.demo import environment

PASSWORD = "violet kettle ambulance"
FIRST_LICENSE = 4_000_000


def set_up(folder: Path, *, cheap: bool, port: int = 8000, **more: str) -> Mapping[str, str]:
    """The environment, Django and an empty database; ``cheap``: with the least hashing cost, and no waiting for the
    disk. The environment is what a server of the same exchange is started with."""
    made = {**environment(folder / "data", port), **more}
    del made["EXTRANET_DEMO"], made["EXTRANET_RESET_URL"]  # the site itself, with its reset pages on one host
    made["DJANGO_SETTINGS_MODULE"] = "bench.cheap_settings" if cheap else "extranet.settings"
    os.environ.update(made)
    import_module("extranet.cli.main").set_up()
    import_module("extranet.cli.install").install()
    return made


def people(count: int, *, now: Any, distinct_hashes: bool = False) -> list[Any]:
    """That many certified agents with accounts, all with PASSWORD; one hash for all unless they shall differ."""
    agents = import_module("extranet.agents.models")
    credentials = import_module("extranet.credentials.models")
    hashed = import_module("extranet.credentials.hashing").hash_password
    today, shared = now.date(), hashed(PASSWORD)
    rows = [
        agents.Agent(
            license=f"{FIRST_LICENSE + number}",
            first_name="Alice",
            last_name="Example",
            email=f"alice{number}@agents.test",
            roster_email=f"alice{number}@agents.test",
            status=agents.CertificationStatus.CERTIFIED,
            status_on=today,
            certified_on=today,
            created_at=now,
        )
        for number in range(count)
    ]
    agents.Agent.objects.bulk_create(rows, batch_size=50)
    username = import_module("extranet.credentials.username").agent_username
    version = import_module("extranet.credentials.agreement").version_in_force()
    accounts = [
        credentials.Account(
            username=username(agent.license),
            kind=credentials.AccountKind.AGENT,
            agent=agent,
            created_at=now,
            issued_at=now,
            password=hashed(PASSWORD) if distinct_hashes else shared,
            password_serial=1,
            password_set_at=now,
            agreement_version=version,
        )
        for agent in rows
    ]
    credentials.Account.objects.bulk_create(accounts, batch_size=25)
    return accounts


def strangers(count: int) -> list[str]:
    """User names of the right form that nobody has."""
    username = import_module("extranet.credentials.username").agent_username
    return [username(f"{FIRST_LICENSE + 5_000_000 + number}") for number in range(count)]
