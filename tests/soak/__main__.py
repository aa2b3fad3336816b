"""``python -m tests.soak [--agents N] [--weeks N] [--seed N] [--postgres] [FOLDER]``: the simulated year.

A data folder with keys, a certificate for the relay on loopback, then ``driver.py`` over it. The folder is a new one
unless named; it stays, with ``report.json``, if something was wrong or it was named.
"""

import argparse
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import nullcontext
from pathlib import Path

from tests.postgres import server
from tests.soak.certificate import write_certificate

ROOT = Path(__file__).parents[2]


def environment(folder: Path, database: str) -> dict[str, str]:
    certificate, key = write_certificate(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EXTRANET_", "DJANGO_"))}
    return {
        **kept,
        "EXTRANET_DATA_DIR": str(folder / "data"),
        "EXTRANET_BASE_URL": "http://portal.test",
        "EXTRANET_EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "SSL_CERT_FILE": str(certificate),
        "SOAK_RELAY": json.dumps([port, str(certificate), str(key)]),
        "POLARS_MAX_THREADS": "1",
        **({"EXTRANET_DATABASE_URL": database} if database else {}),
    }


def run(folder: Path, database: str, size: list[str]) -> int:
    env = environment(folder, database)
    init = [str(Path(sys.executable).with_name("extranet")), "init"]
    subprocess.run(init, env=env, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    driver = [sys.executable, "-m", "tests.soak.driver", str(folder), *size]
    return subprocess.run(driver, env=env, check=False, cwd=ROOT).returncode


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m tests.soak")
    options.add_argument("--agents", type=int, default=1500)
    options.add_argument("--weeks", type=int, default=52)
    options.add_argument("--seed", type=int, default=random.randrange(10_000))
    options.add_argument("--postgres", action="store_true", help="on a throw-away PostgreSQL server")
    options.add_argument("--database", default="", help="address of an empty database; default SQLite in the folder")
    options.add_argument("folder", type=Path, nargs="?")
    chosen = options.parse_args()
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="extranet-soak-"))
    folder.mkdir(parents=True, exist_ok=True)
    print(f"seed {chosen.seed}, folder {folder}", flush=True)  # noqa: T201
    with server() if chosen.postgres else nullcontext(chosen.database) as database:
        code = run(folder, database, [str(chosen.agents), str(chosen.weeks), str(chosen.seed)])
    if not code and not chosen.folder:
        shutil.rmtree(folder)
    return code


if __name__ == "__main__":
    sys.exit(main())
