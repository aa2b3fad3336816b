"""``run``, ``web`` and ``worker``: the portal and what works behind it."""

import http.client
import os
import socket
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import click
from django.conf import settings
from django.db import connections
from granian import Granian
from granian.constants import Interfaces

from extranet.cli.answers import Answer, act
from extranet.cli.children import Children, end_with_parent, leave
from extranet.cli.exit_codes import CONFLICT
from extranet.cli.ready import require_ready
from extranet.cli.working import work
from extranet.credentials.hashing import SLOTS, WAITING
from extranet.demo.seed import refuse_strangers
from extranet.jobs.logs import configure
from extranet.web.static import collect

THREADS = SLOTS + WAITING + 2  # those that hash, those that wait for it, and two that a flood of logins leaves to pages
TO_OUR_LOG = {"handlers": {}, "loggers": {"_granian": {"handlers": [], "propagate": True}}}

host_option = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
port_option = click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
child_option = click.option("--child-of", type=int, default=0, hidden=True)  # ends when that process is gone


@act()
@host_option
@port_option
def run(host: str, port: int) -> Answer:
    """Serve the portal and do the work behind it, together: enough for one machine."""
    require_ready()
    refuse_strangers(settings.EXTRANET, host)
    collect()
    return serve(host, port, ready=lambda: click.echo(f"READY {settings.EXTRANET.portal}"))


@act()
@host_option
@port_option
@child_option
def web(host: str, port: int, child_of: int) -> Answer:
    """Serve the portal only."""
    require_ready()
    refuse_strangers(settings.EXTRANET, host)
    configure()
    if child_of:
        end_with_parent(child_of)
    elif not _is_free(host, port):
        return _taken(host, port)
    else:
        collect()
    connections.close_all()
    Granian(
        "extranet.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        blocking_threads=THREADS,
        websockets=False,
        log_dictconfig=TO_OUR_LOG,
        respawn_failed_workers=True,
        workers_kill_timeout=3,
    ).serve()
    return leave()


@act()
@child_option
def worker(child_of: int) -> Answer:
    """Do the work only: tasks, mails, timetable, the seal on the audit trail."""
    require_ready()
    configure()
    if child_of:
        end_with_parent(child_of)
    work()
    connections.close_all()
    return leave()


def serve(host: str, port: int, *, ready: Callable[[], object]) -> Answer:
    """Web and worker as children until SIGTERM; ``ready`` is called once, when the first page can be had."""
    if not _is_free(host, port):
        return _taken(host, port)
    configure()
    connections.close_all()
    me = [sys.executable, "-m", "extranet.cli.main"]
    parent = ["--child-of", str(os.getpid())]
    children = Children(
        {"web": [*me, "web", "--host", host, "--port", str(port), *parent], "worker": [*me, "worker", *parent]}
    )
    children.run(tick=_once_answering(host, port, ready))
    return leave()


def _once_answering(host: str, port: int, ready: Callable[[], object]) -> Callable[[], object]:
    told = False

    def look() -> None:
        nonlocal told
        if not told and answers(host, port):
            told = True
            ready()

    return look


def answers(host: str, port: int) -> bool:
    """Whether the portal answers at that address, asked under its own name."""
    asked = http.client.HTTPConnection("127.0.0.1" if host in ("0.0.0.0", "::") else host, port, timeout=2)  # noqa: S104
    try:
        asked.request("GET", "/health/live", headers={"Host": urlsplit(settings.EXTRANET.portal).netloc})
        return asked.getresponse().status == 200
    except OSError:
        return False
    finally:
        asked.close()


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _taken(host: str, port: int) -> Answer:
    reason = f"port {port} of {host} is in use: is the portal running already? Otherwise choose another with --port"
    return Answer({"refused": "PortTaken", "reasons": [reason]}, exit_code=CONFLICT, complaints=[reason])
