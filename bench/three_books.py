"""A scratch exchange with three books of 100, 2,000 and 20,000 realistic rows, published and released, and browsers in
which their agents are logged in. Loaded before Django: it makes the environment first."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from extranet.cli.demo import environment

SIZES = (100, 2_000, 20_000)
MONDAY = date(2026, 11, 16)
PASSWORD = "violet kettle ambulance"
BOOK = "book-of-business"
AGENT_COLUMNS = ("Agent License", "Agent NPN", "Agent Name", "Agency Name")


@dataclass(frozen=True)
class Opened:
    """One agent with a book of ``rows`` rows, and the agent's browser."""

    rows: int
    agent: Any
    client: Any


def three_books(folder: Path) -> list[Opened]:
    """Installs, publishes, logs in: everything through the real acts."""
    os.environ.update(environment(folder / "data", 8000))
    import_module("extranet.cli.main").set_up()
    import_module("extranet.cli.install").install()
    now = import_module("django.utils.timezone").now()
    licenses = _published(folder, now)
    return [_browser(license, rows, now) for rows, license in licenses.items()]


def _published(folder: Path, now: Any) -> Mapping[int, str]:
    """Rows -> license of the agent who has that many."""
    by = import_module("extranet.audit.record").Actor.shell()
    written = import_module("extranet.demo.synth").write_exchange(
        folder=folder / "exchange",
        agents=40,
        cases=sum(SIZES),
        weeks=1,
        seed=11,
        last_monday=MONDAY,
        profile_folder=import_module("extranet.profile.loader").current().folder,
    )
    with written.roster.open("rb") as file:
        import_module("extranet.timetable").roster_day(file=file, name="roster.csv", by=by, now=now)
    licenses = _dealt(written.weeks[0].book, folder / "book.csv")
    publish = import_module("extranet.reports.publish").publish
    publish(kind=BOOK, source=folder / "book.csv", as_of=MONDAY, by=by, now=now, release=True)
    return licenses


def _dealt(source: Path, target: Path) -> Mapping[int, str]:
    """Deal the rows to the first three agents of the file, as many to each as the sizes say."""
    licenses = _certified()
    with source.open(newline="") as file, target.open("w", newline="") as out:
        reader = csv.DictReader(file)
        writer = csv.DictWriter(out, list(reader.fieldnames or ()))
        writer.writeheader()
        for rows, license in zip(SIZES, licenses, strict=True):
            writer.writerows(_dealt_to(license, islice(reader, rows)))
    return dict(zip(SIZES, licenses, strict=True))


def _dealt_to(license: str, rows: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    first: Mapping[str, str] = {}
    for row in rows:
        first = first or {**{name: row[name] for name in AGENT_COLUMNS}, "Agent License": license}
        yield {**row, **first}


def _certified() -> list[str]:
    agents = import_module("extranet.agents.models")
    found = agents.Agent.objects.filter(status=agents.CertificationStatus.CERTIFIED).order_by("license")
    return list(found.values_list("license", flat=True)[: len(SIZES)])


def _browser(license: str, rows: int, now: Any) -> Opened:
    agent = import_module("extranet.agents.models").Agent.objects.get(license=license)
    by = import_module("extranet.audit.record").Actor.shell()
    account = import_module("extranet.credentials.issue").open_account(agent=agent, now=now, by=by)
    encoded = import_module("extranet.credentials.hashing").hash_password(PASSWORD)
    put_in_force = import_module("extranet.credentials.history").put_in_force
    put_in_force(account=account, encoded=encoded, generated=False, now=now)
    client = import_module("django.test").Client(SERVER_NAME="localhost", headers={"user-agent": "Firefox on Windows"})
    answer = client.post("/login/", {"username": account.username, "password": PASSWORD})
    if answer.status_code != 302:
        raise RuntimeError("the agent of the bench could not log in")
    version = import_module("extranet.profile.loader").current().agreement.version
    client.post("/agreement/", {"version": version})
    return Opened(rows, agent, client)
