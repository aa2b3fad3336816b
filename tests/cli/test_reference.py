"""docs/reference/command-line.md and environment.md: nothing missing, nothing invented."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from extranet.cli.main import COMMANDS, extranet
from extranet.env import Env

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
COMMAND_LINE = (REFERENCE / "command-line.md").read_text(encoding="utf-8")
ENVIRONMENT = (REFERENCE / "environment.md").read_text(encoding="utf-8")


def every_command() -> Iterator[tuple[str, click.Command]]:
    ctx = click.Context(extranet)
    for name in COMMANDS:
        command = extranet.get_command(ctx, name)
        assert command is not None
        if isinstance(command, click.Group):
            for inner in command.commands.values():
                yield f"{name} {inner.name}", inner
        else:
            yield name, command


def usage(name: str, command: click.Command) -> set[str]:
    """Names of arguments and options as a person writes them."""
    parts = {name}
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            parts.add(parameter.make_metavar(click.Context(command)))
        elif isinstance(parameter, click.Option) and not parameter.hidden:
            parts.add(parameter.opts[0])
    return parts - {"--json", "--now"}


def documented() -> dict[str, str]:
    """Each heading of a command, and the text below it."""
    parts = re.split(r"^### `extranet ([^`]+)`$", COMMAND_LINE, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_documented_and_none_is_invented() -> None:
    headings = {" ".join(word for word in heading.split() if re.fullmatch(r"[a-z]+", word)) for heading in documented()}
    assert headings == {name for name, _ in every_command()}


@pytest.mark.parametrize(("name", "command"), list(every_command()), ids=lambda value: str(value))
def test_every_argument_and_option_is_documented(name: str, command: click.Command) -> None:
    heading, text = next((h, t) for h, t in documented().items() if re.match(rf"{name}( [^a-z]|$)", h))
    assert {part for part in usage(name, command) if part not in heading and f"`{part}" not in text} == set()


def test_every_exit_code_is_documented() -> None:
    assert re.findall(r"^\| (\d) \|", COMMAND_LINE, re.M) == [str(code) for code in range(8)]


def test_every_variable_is_documented_and_none_is_invented() -> None:
    names = {f"EXTRANET_{name.upper()}" for name in Env.model_fields}
    assert set(re.findall(r"^\| `(EXTRANET_\w+)` \|", ENVIRONMENT, re.M)) == names
