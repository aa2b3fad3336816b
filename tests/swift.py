"""OpenStack Swift with its S3 API, for the slow suite: proxy, account, container and object server on 127.0.0.1.

One device, one replica, in a folder of its own; four processes, stopped by their pids. The folder's file system must
keep extended attributes, where the object server writes what it knows of an object.
"""

import importlib.util
import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.s3 import S3Server, environment, free_port, wait_for

KEY, SECRET = "test:tester", "testing"
BEFORE = "catch_errors gatekeeper proxy-logging cache listing_formats bulk s3api"
PIPELINE = f"{BEFORE} tempauth copy slo dlo versioned_writes proxy-server"


def why_not() -> str:
    """Why Swift cannot run here; blank if it can."""
    if importlib.util.find_spec("swift") is None:
        return "Swift is not installed (make .venv/slow)"
    with tempfile.NamedTemporaryFile() as file:
        try:
            os.setxattr(file.name, "user.swift.metadata", bytes(1000))
        except OSError as error:
            return f"the temporary folder keeps no extended attributes: {error.strerror}"
    return ""


@contextmanager
def swift_server(bucket: str = "packs") -> Iterator[S3Server]:
    with tempfile.TemporaryDirectory(prefix="extranet-swift-") as name, ExitStack() as running:
        folder = Path(name)
        ports = {kind: free_port() for kind in ("proxy", "account", "container", "object")}
        (folder / "devices" / "disk").mkdir(parents=True)
        _write_settings(folder, ports)
        _build_rings(folder, ports)
        for kind in ports:
            running.enter_context(_running(folder, kind))
        for port in ports.values():
            wait_for(f"http://127.0.0.1:{port}/healthcheck")
        address = f"http://127.0.0.1:{ports['proxy']}"
        yield S3Server(address, "", environment(address, key=KEY, secret=SECRET)).with_bucket(bucket)


@contextmanager
def _running(folder: Path, kind: str) -> Iterator[None]:
    program = Path(sys.executable).with_name(f"swift-{kind}-server")
    env = {**os.environ, "SWIFT_CONF_DIR": str(folder)}
    with (folder / f"{kind}.log").open("wb") as log:
        command = [sys.executable, str(program), str(folder / f"{kind}.conf"), "--verbose"]
        with subprocess.Popen(command, env=env, stdout=log, stderr=log) as process:
            try:
                yield
            finally:
                process.terminate()


def _write_settings(folder: Path, ports: dict[str, int]) -> None:
    (folder / "swift.conf").write_text(
        "[swift-hash]\nswift_hash_path_prefix = tests\nswift_hash_path_suffix = tests\n"
        "[storage-policy:0]\nname = one\ndefault = yes\n"
    )
    for kind in ("account", "container", "object"):
        (folder / f"{kind}.conf").write_text(
            _section("DEFAULT", **_common(folder, ports[kind]), devices=str(folder / "devices"), mount_check="false")
            + _section("pipeline:main", pipeline=f"healthcheck {kind}-server")
            + _section("filter:healthcheck", use="egg:swift#healthcheck")
            + _section(f"app:{kind}-server", use=f"egg:swift#{kind}")
        )
    (folder / "proxy.conf").write_text(
        _section("DEFAULT", **_common(folder, ports["proxy"]))
        + _section("pipeline:main", pipeline=f"healthcheck {PIPELINE}")
        + "".join(_section(f"filter:{name}", use=f"egg:swift#{used}") for name, used in _filters().items())
        + _section(
            "filter:tempauth", use="egg:swift#tempauth", user_test_tester=f"{SECRET} .admin", storage_url_scheme="http"
        )
        + _section("app:proxy-server", use="egg:swift#proxy", account_autocreate="true")
    )


def _common(folder: Path, port: int) -> dict[str, str]:
    return {
        "bind_ip": "127.0.0.1",
        "bind_port": str(port),
        "workers": "0",  # in the process itself
        "user": pwd.getpwuid(os.geteuid()).pw_name,
        "swift_dir": str(folder),
        "log_name": "swift",
        "log_address": str(folder / "no-syslog"),
    }


def _filters() -> dict[str, str]:
    names = [name for name in ("healthcheck", *PIPELINE.split()) if name not in ("tempauth", "proxy-server")]
    return {name: {"cache": "memcache", "proxy-logging": "proxy_logging"}.get(name, name) for name in names}


def _section(title: str, **values: str) -> str:
    return f"[{title}]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()) + "\n"


def _build_rings(folder: Path, ports: dict[str, int]) -> None:
    builder = Path(sys.executable).with_name("swift-ring-builder")
    for kind in ("account", "container", "object"):
        file = str(folder / f"{kind}.builder")
        for words in (
            ["create", "4", "1", "0"],
            ["add", f"r1z1-127.0.0.1:{ports[kind]}/disk", "1"],
            ["rebalance"],
        ):
            subprocess.run([sys.executable, str(builder), file, *words], check=True, stdout=subprocess.DEVNULL)
