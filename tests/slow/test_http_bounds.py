"""The real server reads where a request ends as HTTP has it: one that hides in another's body is never answered."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import environment, extranet

pytestmark = pytest.mark.slow
HOST = b"Host: portal.test\r\n"
POST = b"POST /health/live HTTP/1.1\r\n" + HOST
HIDDEN = b"GET /health/live HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
SIZE = str(len(HIDDEN)).encode()
HEX = f"{len(HIDDEN):x}".encode()
REQUESTS = {
    "length and chunks, the length longer": b"Content-Length: 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunks and length, the length shorter": b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    + HEX
    + b"\r\n"
    + HIDDEN
    + b"\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 0\r\nContent-Length: " + SIZE + b"\r\n\r\n" + HIDDEN,
    "a list of lengths": b"Content-Length: 0, " + SIZE + b"\r\n\r\n" + HIDDEN,
    "a length with a sign": b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a blank before the colon": b"Content-Length : " + SIZE + b"\r\n\r\n" + HIDDEN,
    "an unknown coding": b"Transfer-Encoding: xchunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a coding behind chunks": b"Transfer-Encoding: chunked, identity\r\n\r\n" + HIDDEN,
    "a folded header": b"Transfer-Encoding:\r\n chunked\r\nContent-Length: 0\r\n\r\n" + HIDDEN,
    "a size of a chunk that is none": b"Transfer-Encoding: chunked\r\n\r\n0x5\r\n" + HIDDEN,
    "a zero byte": b"X-Note: a\0b\r\n\r\n",
    "a second host": b"Host: evil.example\r\nContent-Length: 0\r\n\r\n",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, raw: bytes) -> list[str]:
    """The first line of every answer on one connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(raw)
        connection.settimeout(5)
        told = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := connection.recv(65_536):
                told += piece
    return [line.decode() for line in told.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    data, free = tmp_path_factory.mktemp("bounds") / "data", free_port()
    extranet(data, "init")
    program = str(Path(sys.executable).with_name("extranet"))
    served = subprocess.Popen([program, "web", "--port", str(free)], env=environment(data), stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", free), timeout=1):
                break
            time.sleep(0.1)
        yield free
    finally:
        served.terminate()
        served.wait(20)


def test_a_request_of_its_own_is_answered(port: int) -> None:
    assert answers(port, HIDDEN) == ["HTTP/1.1 200 OK"]


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_hidden_in_anothers_body_is_not_answered(port: int, name: str) -> None:
    (told,) = answers(port, POST + REQUESTS[name])
    assert told in ("HTTP/1.1 400 Bad Request", "HTTP/1.1 403 Forbidden")
