"""The demonstration as ``make run`` starts it: built once in a folder, then served, played, and ended."""

import csv
import email
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from extranet.mail.guard import search, shapes_of
from extranet.profile.loader import current

pytestmark = pytest.mark.skipif(
    "EXTRANET_DATABASE_URL" in os.environ, reason="the demonstration brings its own database"
)
PROGRAM = [sys.executable, "-m", "extranet.cli.main"]
SIZE = ["--agents", "30", "--weeks", "2"]


def bare_environment() -> dict[str, str]:
    names = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
    return {name: os.environ[name] for name in names if name in os.environ}


def call(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    words = [*PROGRAM, *map(str, arguments)]
    env = bare_environment() | environment
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=120)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Demo:
    """A built demonstration: its folder, its port, what the command told."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        built = self.call("--no-serve", "--json")
        assert built.returncode == 0, built.stderr
        self.facts: Any = json.loads(built.stdout)

    def call(self, *options: str) -> "subprocess.CompletedProcess[str]":
        return call(
            "demo", self.folder, *SIZE, "--port", self.port, *options, EXTRANET_BASE_URL="http://elsewhere.test"
        )

    def inside(self, *arguments: str) -> Any:
        ended = call(*arguments, "--json", EXTRANET_DEMO="1", EXTRANET_DATA_DIR=str(self.folder))
        return json.loads(ended.stdout)

    def account(self, state: str) -> Any:
        return next(account for account in self.facts["accounts"] if account["state"] == state)

    def database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.folder / 'extranet.sqlite3'}?mode=ro", uri=True)

    @contextmanager
    def served(self) -> Iterator["subprocess.Popen[str]"]:
        words = [*PROGRAM, "demo", str(self.folder), *SIZE, "--port", str(self.port)]
        served = subprocess.Popen(
            words, env=bare_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert served.stdout is not None
            for line in served.stdout:
                if line.startswith("READY"):
                    break
            yield served
        finally:
            served.terminate()
            served.wait(10)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    return Demo(tmp_path_factory.mktemp("demo") / "exchange")


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def page(demo: Demo, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{demo.port}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_there_is_somebody_for_every_kind_of_user(demo: Demo) -> None:
    states = {account["state"] for account in demo.facts["accounts"]}
    assert {"fresh", "password expires in 9 days", "password expired", "too many tries", "suspended on Monday"} < states
    who = " ".join(account["who"] for account in demo.facts["accounts"])
    for kind in ("large book", "Agency manager", "Publisher", "Service Desk", "Auditor", "Administrator"):
        assert kind in who


def test_the_accounts_are_in_the_states_that_the_table_says(demo: Demo) -> None:
    def stuck(state: str) -> list[str]:
        license = demo.account(state)["username"].partition("CC_")[2]
        return [reason["code"] for reason in demo.inside("agent", "show", license)["stuck"]]

    assert stuck("password expired") == ["expired"]
    assert stuck("too many tries") == ["throttled"]
    assert stuck("suspended on Monday") == ["not_certified"]
    assert stuck("password expires in 9 days") == []


def test_the_monday_run_has_mailed_every_new_agent_three_times(demo: Demo) -> None:
    new = [account for account in demo.facts["accounts"] if account["state"] == "fresh"]
    mails = demo.inside("mail", "list", "--limit", "1000")["mails"]
    for account in new:
        about = account["username"].partition("\\")[2]
        kinds = {mail["kind"] for mail in mails if mail["about"] == about and mail["state"] == "accepted"}
        assert {"introduction", "username", "password"} <= kinds
        assert account["password"] == "in the demo mailbox"


def test_one_publication_waits_for_the_second_publisher(demo: Demo) -> None:
    rows = demo.inside("publications")["publications"]
    assert sorted(row["state"] for row in rows) == ["released", "released", "released", "sealed"]
    assert next(row for row in rows if row["state"] == "sealed")["received_by"] == "staff\\publisher"


def test_what_was_built_is_whole(demo: Demo) -> None:
    assert demo.inside("audit", "verify")["ok"]
    assert demo.inside("files", "verify")["faults"] == []
    assert demo.inside("doctor")["healthy"]


def test_requests_stand_in_every_state_of_the_clock(demo: Demo) -> None:
    with demo.database() as database:
        hours = "(julianday('now') - julianday(received_at)) * 24"
        rows = database.execute(f"SELECT state, {hours} FROM support_requests ORDER BY received_at").fetchall()  # noqa: S608
    assert [state for state, _ in rows] == ["answered", "open", "open", "open"]
    assert rows[1][1] > 48 > rows[2][1] > 24 > rows[3][1]


@pytest.fixture(scope="module")
def published(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """The rows of the newest book, from the same exchange written again."""
    folder = tmp_path_factory.mktemp("again")
    with demo.database() as database:
        as_of = database.execute("SELECT max(as_of) FROM publications").fetchone()[0]
    synth = ["synth", folder, "--agents", 30, "--cases", 900, "--weeks", 2, "--seed", 1, "--last-monday", as_of]
    assert call(*synth, EXTRANET_DATA_DIR=str(folder / "var")).returncode == 0
    with (folder / f"book-of-business-{as_of}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_no_consumer_stands_in_clear_in_the_folder(demo: Demo, published: list[dict[str, str]]) -> None:
    """Some of its members looked for in every file of the demonstration."""
    emails = [found.encode() for row in published for found in re.findall(r"[\w.]+@[\w.]+", " ".join(row.values()))]
    wanted = set(emails[:: max(1, len(emails) // 20)])
    assert wanted
    for file in demo.folder.rglob("*"):
        if file.is_file() and "static" not in file.parts:
            content = file.read_bytes()
            assert not [name for name in wanted if name in content], file.name


NUMBERS = ("Case Number", "Member ID", "Exchange Policy ID", "Issuer Member ID")
BORN = "Date of Birth"


def test_no_mail_of_the_demonstration_holds_anything_of_a_consumer(demo: Demo, published: list[dict[str, str]]) -> None:
    """Its whole traffic, text and HTML: no number, name or birth date of any published row, and nothing alike."""
    mails = [email.message_from_bytes(f.read_bytes(), policy=SMTP) for f in (demo.folder / "mailbox").glob("*.eml")]
    kinds = {mail["kind"] for mail in demo.inside("mail", "list", "--limit", "10000")["mails"]}
    with demo.database() as database:  # some are called like one of the agents
        agents = {name for (name,) in database.execute("SELECT first_name || ' ' || last_name FROM agents")}
    assert len(mails) > 50
    assert {"introduction", "username", "password", "book_ready", "request_answered"} <= kinds
    personal = {row[name] for row in published for name in NUMBERS} - {""}
    personal |= {f"{row['First Name']} {row['Last Name']}" for row in published} - agents
    births = {date.fromisoformat(row[BORN]) for row in published}
    personal |= {form for day in births if day.year < date.today().year - 2 for form in written(day)}  # noqa: DTZ011 -- younger ones are days of our business, too
    assert len(personal) > 3_000
    profile = current()
    for mail in mails:
        texts = [str(part.get_content()) for part in mail.walk() if part.get_content_maintype() == "text"]
        for text in [str(mail["Subject"]), *texts]:
            assert not {name for name in personal if name in text}, mail["Subject"]
            words = re.sub(r"https?://\S+|<[^>]*>", " ", text)
            phones = (profile.service_center.phone,)
            assert search(words, today=date.today(), phones=phones, shapes=shapes_of(profile)) == [], mail["Subject"]  # noqa: DTZ011 -- the demonstration is of today


def test_each_number_and_birth_date_of_published_rows_is_stopped_in_an_answer(published: list[dict[str, str]]) -> None:
    shapes = shapes_of(current())
    for row in published[:: max(1, len(published) // 200)]:
        planted = [row[name] for name in NUMBERS if row[name]]
        planted += [f"the member born {form}" for form in written(date.fromisoformat(row[BORN]))]
        for needle in planted:
            answer = f"Thank you. We looked at {needle}, and it is repaired."
            assert search(answer, today=date(2026, 11, 16), shapes=shapes), needle


MESES = (
    *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
    *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
)


def written(day: date) -> list[str]:
    """A birth date as people write it, in English and Spanish."""
    in_words = [f"{day:%B} {day.day}, {day.year}", f"{day.day} de {MESES[day.month - 1]} de {day.year}"]
    return [f"{day:%m/%d/%Y}", f"{day.month}/{day.day}/{day.year}", f"{day:%Y-%m-%d}", *in_words]


def test_todays_demonstration_is_used_again(demo: Demo) -> None:
    before = (demo.folder / "demo-seed").read_bytes()
    again = demo.call("--no-serve", "--json")
    assert json.loads(again.stdout)["accounts"] == demo.facts["accounts"]
    assert (demo.folder / "demo-seed").read_bytes() == before


def test_a_folder_with_anything_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    refused = call("demo", tmp_path, "--no-serve")
    assert refused.returncode == 2
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_it_is_not_started_as_a_real_exchange(demo: Demo) -> None:
    real = {"EXTRANET_BASE_URL": "http://portal.test", "EXTRANET_EMAIL_URL": "folder:"}
    refused = call("worker", EXTRANET_DATA_DIR=str(demo.folder), **real)
    assert refused.returncode == 2
    assert "demonstration" in refused.stderr


def test_it_serves_its_pages_restarts_what_dies_and_ends_within_five_seconds(demo: Demo) -> None:
    with demo.served() as served:
        assert page(demo, "/health/ready")[0] == 200
        status, walk = page(demo, "/demo/")
        assert status == 200
        assert demo.account("password expired")["password"] in walk
        status, mailbox = page(demo, "/demo/mailbox/")
        assert status == 200
        first = re.search(r"/demo/mailbox/[0-9a-f-]{36}/", mailbox)
        assert first is not None
        assert page(demo, first.group())[0] == 200
        assert page(demo, "/demo/mailbox/..%2F..%2Fdemo-seed/")[0] == 404
        assert len(re.findall(r"<code>\d{6}</code>", page(demo, "/demo/codes/")[1])) == 10

        assert demo.call("--no-serve").returncode == 6, "a second demonstration in the same folder"
        before = children_of(served.pid)
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline and page(demo, "/health/live")[0] != 200:
            time.sleep(0.1)
        assert page(demo, "/health/live")[0] == 200
        assert before[1] in children_of(served.pid)

        began = time.monotonic()
        served.terminate()
        served.wait(10)
        assert time.monotonic() - began < 5
        assert served.returncode == 0
    assert page(demo, "/health/live")[0] == 0
