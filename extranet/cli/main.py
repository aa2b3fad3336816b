"""``extranet COMMAND``: finds the command, reads the environment, sets Django up. The acts stand in their own files."""

import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module, metadata
from typing import Any

import click
import django
from pydantic import ValidationError

from extranet.env import EnvironmentRefused
from extranet.jobs.logs import configure

WRONG_USE = 2  # also: an environment that cannot serve


@dataclass(frozen=True)
class Place:
    """Where a command lives: loaded when it is asked for, because its imports need the environment to stand."""

    module: str
    name: str
    sets_up: bool = True  # False: the command itself decides about the environment (the demonstration)


COMMANDS: Mapping[str, Place] = {
    "init": Place("extranet.cli.install", "init"),
    "doctor": Place("extranet.cli.doctor", "doctor"),
    "run": Place("extranet.cli.serve", "run"),
    "web": Place("extranet.cli.serve", "web"),
    "worker": Place("extranet.cli.serve", "worker"),
    "demo": Place("extranet.cli.demo", "demo", sets_up=False),
    "synth": Place("extranet.cli.synth", "synth"),
    "roster": Place("extranet.cli.roster", "roster"),
    "accounts": Place("extranet.cli.roster", "accounts"),
    "agent": Place("extranet.cli.agent", "agent"),
    "publish": Place("extranet.cli.publications", "publish"),
    "publications": Place("extranet.cli.publications", "publications"),
    "release": Place("extranet.cli.publications", "release"),
    "recall": Place("extranet.cli.publications", "recall"),
    "onboard": Place("extranet.cli.timetable", "onboard"),
    "expire": Place("extranet.cli.timetable", "expire"),
    "due": Place("extranet.cli.timetable", "due"),
    "mail": Place("extranet.cli.mail", "mail"),
    "staff": Place("extranet.cli.staff", "staff"),
    "audit": Place("extranet.cli.integrity", "audit"),
    "files": Place("extranet.cli.integrity", "files"),
    "keys": Place("extranet.cli.keys", "keys"),
}


class Commands(click.Group):
    """Commands in the order of COMMANDS, each loaded when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = COMMANDS.get(cmd_name)
        if place is None:
            return None
        if place.sets_up:
            set_up()
        command: click.Command = getattr(import_module(place.module), place.name)
        return command


def set_up() -> None:
    """Read the environment into Django's settings; logs go to stderr. May be called again."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "extranet.settings")
    django.setup()


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(metadata.version("agent-extranet"), prog_name="extranet")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.pass_context
def extranet(ctx: click.Context, as_json: bool) -> None:
    """A secure extranet for a health-insurance exchange and its certified agents.

    Exit codes: 0 done; 1 unexpected; 2 wrong use or environment; 3 input refused; 4 integrity failure; 5 something we
    depend on is down; 6 conflict; 7 held, waits for a person.
    """
    ctx.meta["as_json"] = as_json


def main(arguments: list[str] | None = None) -> Any:
    """Entry point of the ``extranet`` program. What it makes on disk is for its owner only."""
    os.umask(0o077)
    configure(level=logging.WARNING)  # servers say more
    try:
        return extranet.main(args=arguments, prog_name="extranet")
    except ValidationError as error:  # of the environment: everything else is handled where the command runs
        for fault in error.errors(include_input=False):
            click.echo(f"EXTRANET_{str(fault['loc'][0]).upper()}: {fault['msg']}", err=True)
        sys.exit(WRONG_USE)
    except EnvironmentRefused as error:
        click.echo(str(error), err=True)
        sys.exit(WRONG_USE)


if __name__ == "__main__":
    main()
