"""The real server, spoken to byte by byte: what no client library would send, and the answer as it is."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import BytesParser
from pathlib import Path

import pytest

HOST = "portal.example.org"
COMMAND = Path(sys.executable).with_name("extranet")
START_SECONDS = 60


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Server:
    port: int

    def say(self, text: str) -> Answer:
        """One connection, the bytes as they are; lines end as HTTP wants it. Nothing at all is status 0."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=20) as line:
            line.sendall(text.replace("\n", "\r\n").encode("latin-1"))
            heard = b"".join(iter(lambda: _hear(line), b""))
        head, _, body = heard.partition(b"\r\n\r\n")
        first, _, headers = head.partition(b"\r\n")
        found = BytesParser().parsebytes(headers)
        return Answer(int(first.split()[1]) if first else 0, {k.lower(): v for k, v in found.items()}, body)

    def ask(self, method: str, target: str = "/login/", host: str = HOST, more: str = "") -> Answer:
        return self.say(f"{method} {target} HTTP/1.1\nHost: {host}\nConnection: close\n{more}\n")


def _hear(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionResetError:
        return b""


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """``extranet web`` of a site under https, on a free port of this machine."""
    folder, port = tmp_path_factory.mktemp("served"), _free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("EXTRANET_", "DJANGO_"))} | {
        "EXTRANET_DATA_DIR": str(folder / "var"),
        "EXTRANET_BASE_URL": f"https://{HOST}",
        "EXTRANET_RESET_URL": "https://reset.example.org",
        "EXTRANET_EMAIL_URL": "folder:",
    }
    subprocess.run([str(COMMAND), "init"], env=env, check=True, capture_output=True, timeout=START_SECONDS)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([str(COMMAND), "web", "--port", str(port)], env=env, stdout=log, stderr=log)
        try:
            _wait(process, port, folder / "log")
            yield Server(port)
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            if Server(port).ask("GET", "/health/live").status == 200:
                return
        except OSError:
            pass  # not yet
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def test_a_page_is_a_page(server: Server) -> None:
    page = server.ask("GET")
    assert page.status == 200
    assert b"Log In" in page.body
    assert page.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert page.headers["set-cookie"].startswith("__Host-csrf=")


def test_head_sends_the_head_alone(server: Server) -> None:
    for target in ("/login/", "/health/live", "/api/v1/openapi.json", "/nowhere/"):
        got, head = server.ask("GET", target), server.ask("HEAD", target)
        assert head.status == got.status, target
        assert head.body == b"", target
        assert set(head.headers) - {"content-length"} == set(got.headers) - {"content-length"}, target


@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "DEBUG", "PROPFIND", "G-E_T"])
@pytest.mark.parametrize("target", ["/login/", "/static/app/app.css", "/nowhere/", "/api/v1/publications"])
def test_a_method_that_nobody_knows_is_refused_and_nothing_comes_back(server: Server, method: str, target: str) -> None:
    answer = server.ask(method, target, more="X-Planted: planted\n")
    assert b"planted" not in answer.body
    assert "planted" not in str(answer.headers)
    if answer.status != 400:  # the server itself understands no CONNECT
        assert answer.status == 405
        assert answer.headers["allow"]


@pytest.mark.parametrize("method", ["GET /login/", "(){}", "GET\x00", "Ünknown"])
def test_what_is_no_method_is_no_request(server: Server, method: str) -> None:
    assert server.ask(method).status in (0, 400)


@pytest.mark.parametrize(
    "host", ["evil.example", f"{HOST}.evil.example", f"evil.example:{443}", f"{HOST}@evil.example", ""]
)
def test_another_host_gets_no_page(server: Server, host: str) -> None:
    answer = server.ask("GET", host=host)
    assert answer.status == 400
    assert b"evil" not in answer.body


def test_two_hosts_are_none(server: Server) -> None:
    for first, second in ((HOST, "evil.example"), ("evil.example", HOST)):
        answer = server.say(f"GET /login/ HTTP/1.1\nHost: {first}\nHost: {second}\nConnection: close\n\n")
        assert answer.status == 400, (first, second)
        assert b"evil" not in answer.body


def test_no_host_is_none(server: Server) -> None:
    assert server.say("GET /login/ HTTP/1.1\nConnection: close\n\n").status == 400
    assert server.say("GET /login/ HTTP/1.0\n\n").status == 400


def test_a_whole_address_as_target_makes_no_other_host_of_us(server: Server) -> None:
    for target, host in (("http://evil.example/login/", HOST), (f"http://{HOST}/login/", "evil.example")):
        answer = server.ask("GET", target, host=host)
        assert b"evil" not in answer.body
        assert "evil" not in str(answer.headers)
        assert answer.status in (200, 400)


@pytest.mark.parametrize(
    "target", ["//evil.example/", "//evil.example/login/", "/\\evil.example", "/%2F/evil.example/", "/.//evil.example"]
)
def test_a_target_that_looks_like_a_host_leads_nowhere(server: Server, target: str) -> None:
    answer = server.ask("GET", target)
    assert answer.status in (400, 404)
    assert "location" not in answer.headers


def test_what_a_proxy_might_have_said_is_not_believed(server: Server) -> None:
    more = "X-Forwarded-Host: evil.example\nForwarded: host=evil.example\nX-Forwarded-Proto: http\n"
    answer = server.ask("GET", "/account/", more=more)
    assert (answer.status, answer.headers["location"]) == (302, "/login/?next=%2Faccount%2F")
    assert b"evil" not in server.ask("GET", "/login/", more=more).body
