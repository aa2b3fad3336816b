"""A server that speaks S3, for tests: moto's, as a process of its own on 127.0.0.1, stopped by its pid."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import obstore
from obstore.store import S3Store

# moto looks whether a name is free and takes it in two steps; a store does both at once, so here one asks at a time.
SERVE = """
import sys, threading
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import run_simple
moto, turn = DomainDispatcherApplication(create_backend_app), threading.Lock()
def one_at_a_time(environ, start_response):
    with turn:
        return list(moto(environ, start_response))
run_simple("127.0.0.1", int(sys.argv[1]), one_at_a_time, threaded=True)
"""


@dataclass(frozen=True)
class S3Server:
    """``environment`` is what a process needs to reach it; ``bucket`` is there and empty at the start."""

    address: str
    bucket: str
    environment: Mapping[str, str]

    def with_bucket(self, bucket: str) -> "S3Server":
        """The same server with one more bucket."""
        whole = S3Store(
            bucket, virtual_hosted_style_request=True, **self._access()
        )  # so that a key of it is the name of a bucket
        address = obstore.sign(whole, "PUT", bucket, timedelta(minutes=1))
        urllib.request.urlopen(urllib.request.Request(address, method="PUT"), timeout=30).close()
        return replace(self, bucket=bucket)

    def listing(self) -> list[str]:
        """Every object of the bucket, parts too, as a stranger sees it."""
        client = S3Store(self.bucket, **self._access())
        return sorted(each["path"] for page in obstore.list(client) for each in page)

    def _access(self) -> dict[str, Any]:
        return {
            "endpoint": self.address,
            "access_key_id": self.environment["AWS_ACCESS_KEY_ID"],
            "secret_access_key": self.environment["AWS_SECRET_ACCESS_KEY"],
            "client_options": {"allow_http": True},
        }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def environment(address: str, *, key: str = "tester", secret: str = "testing") -> dict[str, str]:
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
    }


@contextmanager
def moto_server(bucket: str = "packs") -> Iterator[S3Server]:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-c", SERVE, str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env={**os.environ, **environment(address)}, **quiet) as process:  # type: ignore[call-overload]
        try:
            wait_for(f"{address}/moto-api/")
            yield S3Server(address, "", environment(address)).with_bucket(bucket)
        finally:
            process.terminate()


def wait_for(address: str, *, seconds: float = 30) -> None:
    """Until somebody answers there, whatever it is."""
    end = time.monotonic() + seconds
    while True:
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
        else:
            return
