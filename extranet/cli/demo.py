"""``extranet demo DIR``: a demonstration exchange, built where there is none of today, and served.

This file is loaded before Django: it first makes the environment of the demonstration, whatever stands in the shell's.
"""

import fcntl
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from extranet.demo.seed import LOCK_FILE

CONFLICT = 6
KEPT = ("EXTRANET_POLICY", "EXTRANET_SECURED_MAIL", "EXTRANET_SMIME_CERTIFICATE_FILE", "EXTRANET_SMIME_KEY_FILE")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agents", default=200, show_default=True, type=click.IntRange(20, 20_000))
@click.option("--weeks", default=3, show_default=True, type=click.IntRange(1, 8))
@click.option("--seed", default=1, show_default=True, type=int, help="The same seed draws the same people.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--no-serve", is_flag=True, help="Build only.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, with --no-serve.")
@click.pass_context
def demo(
    ctx: click.Context, folder: Path, agents: int, weeks: int, seed: int, port: int, no_serve: bool, as_json: bool
) -> None:
    """Build a demonstration exchange under DIR and serve it on this machine only.

    What was built today with the same options is used again; anything older is built anew.
    """
    ctx.meta["as_json"] = as_json or ctx.meta.get("as_json", False)
    os.environ.update(environment(folder.absolute(), port))
    lock = _locked(folder)
    if lock is None:
        click.echo(f"a demonstration runs in {folder} already: stop it first, or choose another folder", err=True)
        ctx.exit(CONFLICT)
    import_module("extranet.cli.main").set_up()
    house: Any = import_module("extranet.cli.demo_folder")  # its imports need the environment to stand
    answer = house.prepared(agents=agents, weeks=weeks, seed=seed, port=port)
    house.answered(ctx, answer, port=port, serving=not no_serve)


def environment(folder: Path, port: int) -> Mapping[str, str]:
    """The whole environment of a demonstration; of the shell's settings only those in KEPT reach it."""
    kept = {name: os.environ[name] for name in KEPT if os.environ.get(name)}
    for name in [name for name in os.environ if name.startswith("EXTRANET_")]:
        del os.environ[name]
    return {
        "EXTRANET_DEMO": "1",
        "EXTRANET_DATA_DIR": str(folder),
        "EXTRANET_EMAIL_URL": "folder:",
        "EXTRANET_BASE_URL": f"http://localhost:{port}",
        "EXTRANET_RESET_URL": f"http://reset.localhost:{port}",
        **kept,
    }


def _locked(folder: Path) -> int | None:
    """Hold the folder as long as this process lives; None if another does."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
