"""Ten thousand presses of one button over two hundred connections, against the real server: one password, no fault."""

import http.client
import importlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import pytest

pytestmark = pytest.mark.slow
CONNECTIONS, PRESSES = 200, 10_000
START_SECONDS, PATIENCE = 60, 120
GONE, SEE_OTHER = 410, 303
Environment = Mapping[str, str]


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database of its own; blank for the file in the data folder."""
    if request.param == "SQLite":
        yield ""
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel warns at its import where no session folder is set
        postgres = importlib.import_module("tests.postgres")
    with postgres.server() as address:
        yield address


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int, database: str) -> Environment:
    own = {name: value for name, value in os.environ.items() if not name.startswith("EXTRANET_")}
    key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    return {
        **own,
        "DJANGO_SETTINGS_MODULE": "tests.slow.flood_settings",
        "EXTRANET_DATA_DIR": str(folder),
        "EXTRANET_DATABASE_URL": database,
        "EXTRANET_SECRET_KEY": "only-for-tests-" + "x" * 40,
        "EXTRANET_MASTER_KEY": key,
        "EXTRANET_SIGNING_KEY": key,
        "EXTRANET_BASE_URL": f"http://127.0.0.1:{port}",
        "EXTRANET_EMAIL_URL": "folder:",
    }


def drive(step: str, env: Environment) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.slow.driver_reset_flood", step]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False, timeout=START_SECONDS)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(json.loads(done.stdout.splitlines()[-1]))


@contextmanager
def serving(folder: Path, port: int, env: Environment) -> Iterator[None]:
    """``extranet web`` until the end, stopped by its id."""
    command = [sys.executable, "-m", "extranet.cli.main", "web", "--port", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=dict(env), stdout=log, stderr=log)
        try:
            _await(port, process, folder / "log")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()


def _await(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/health/live")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


def press(port: int, held: Mapping[str, str], presses: int, start: Barrier) -> Counter[int]:
    """One connection of the browser that asked: look at the page, then press its button again and again."""
    path, found = f"/reset/link/{held['token']}/", Counter[int]()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    cookies = f"reset={held['browser']}"
    connection.request("GET", path, headers={"Cookie": cookies})
    page = connection.getresponse()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
    assert token
    for header in page.headers.get_all("Set-Cookie") or []:
        cookies += f"; {header.partition(';')[0]}"
    body = urlencode({"csrfmiddlewaretoken": token[1]})
    headers = {
        "Cookie": cookies,
        "Origin": f"http://127.0.0.1:{port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    start.wait(PATIENCE)
    for _ in range(presses):
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        answer.read()
        found[answer.status] += 1
    connection.close()
    return found


def test_ten_thousand_presses_over_two_hundred_connections_give_one_password(tmp_path: Path, database: str) -> None:
    port = free_port()
    env = environment(tmp_path, port, database)
    held = drive("prepare", env)
    start = Barrier(CONNECTIONS)
    with serving(tmp_path, port, env), ThreadPoolExecutor(CONNECTIONS) as pool:
        each = PRESSES // CONNECTIONS
        answers = pool.map(lambda _: press(port, held, each, start), range(CONNECTIONS))
        found = sum(answers, Counter[int]())
    assert found == {SEE_OTHER: 1, GONE: PRESSES - 1}
    assert drive("look", env) == {
        "serial": int(held["serial"]) + 1,
        "shown": 1,
        "states": ["claimed"],
        "claimed": 1,
        "told": 1,
    }
