"""How a command answers: text for a person or, with ``--json``, one JSON object on stdout; refusals go to stderr."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import click
import structlog
from django.conf import settings
from django.utils import timezone

from extranet.cli.exit_codes import Failure, failure_of

Function = TypeVar("Function", bound=Callable[..., Any])

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Answer:
    """What a command found or did: facts for a program, lines for a person, and how it ends."""

    facts: Mapping[str, object]
    lines: Sequence[str] = field(default_factory=tuple)
    exit_code: int = 0
    complaints: Sequence[str] = field(default_factory=tuple)  # to stderr


class Act(click.Command):
    """A command that returns an Answer; it gets ``--json``, and its refusals their exit codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--json", "as_json"],
                is_flag=True,
                expose_value=False,
                callback=_remember_json,
                help="One JSON object on stdout.",
            )
        )

    def invoke(self, ctx: click.Context) -> None:
        try:
            answer = super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:  # every command ends with a code and a sentence, not with a trace
            failure = failure_of(error)
            if failure.exit_code == 1:
                log.error("command failed", command=ctx.command_path, exc_info=error)
            answer = _answer_of(failure)
        give(ctx, answer)


def act(group: click.Group | None = None, **settings_of_click: Any) -> Callable[[Callable[..., Answer]], click.Command]:
    """Declare a command, alone or in a group."""
    if group is None:
        return click.command(cls=Act, **settings_of_click)
    return group.command(cls=Act, **settings_of_click)


def give(ctx: click.Context, answer: Answer) -> None:
    """Write the answer out and leave with its code."""
    if ctx.meta.get("as_json"):
        click.echo(json.dumps({"exit_code": answer.exit_code, **answer.facts}, default=_plain, ensure_ascii=False))
    else:
        for line in answer.lines:
            click.echo(line)
    for line in answer.complaints:
        click.echo(line, err=True)
    ctx.exit(answer.exit_code)


def moment(function: Function) -> Function:
    """Give the command ``now``: the system's clock or, in the demonstration only, the option ``--now``."""
    if settings.DEMO:
        option = click.option(
            "--now", default=None, metavar="MOMENT", callback=_moment, help="Another moment, ISO 8601 (demonstration)."
        )
        return option(function)
    return click.option("--now", hidden=True, expose_value=True, default=None, callback=_clock)(function)


def table(rows: Sequence[Sequence[object]], headers: Sequence[str]) -> list[str]:
    """Rows as aligned lines; nothing where there are none."""
    cells = [list(headers), *([_text(cell) for cell in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(headers))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]


def _remember_json(ctx: click.Context, _option: click.Parameter, value: bool) -> None:
    ctx.meta["as_json"] = bool(value or ctx.meta.get("as_json"))


def _answer_of(failure: Failure) -> Answer:
    facts = {"refused": failure.name, "reasons": failure.lines, **failure.facts}
    return Answer(facts, exit_code=failure.exit_code, complaints=failure.lines)


def _clock(_ctx: click.Context, _option: click.Parameter, value: str | None) -> datetime:
    if value is not None:
        raise click.UsageError("--now exists in the demonstration only: time comes from the system's clock")
    return timezone.now()


def _moment(_ctx: click.Context, _option: click.Parameter, value: str | None) -> datetime:
    if value is None:
        return timezone.now()
    try:
        given = datetime.fromisoformat(value)
    except ValueError as error:
        raise click.BadParameter("write it like 2026-11-16T06:00:00-08:00") from error
    return given.replace(tzinfo=UTC) if given.tzinfo is None else given.astimezone(UTC)


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%M}"
    return "" if cell is None else str(cell)
