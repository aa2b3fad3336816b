"""``publish``, ``publications``, ``release``, ``recall``: the statewide files."""

import importlib
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from extranet.audit.record import Actor
from extranet.cli.answers import Answer, act, moment, table
from extranet.cli.progress_bar import progress_on_terminal
from extranet.cli.roster import DAY, FILE
from extranet.reports import listing
from extranet.reports.listing import Publication
from extranet.reports.publish import Outcome
from extranet.reports.publish import publish as publish_file
from extranet.reports.recall import recall as recall_publication
from extranet.reports.refusals import UsageRefused
from extranet.reports.release import release as release_publication
from extranet.reports.run import Elsewhere


@act()
@click.argument("kind")
@click.argument("file")
@click.option("--as-of", "as_of", type=DAY, required=True, help="The day of the extract.")
@click.option("--dry-run", is_flag=True, help="Check the file, write nothing.")
@click.option("--release", is_flag=True, help="Show it to all agents at once.")
@click.option("--engine", type=click.Choice(["local", "spark"]), default="local", show_default=True)
@moment
@click.pass_context
def publish(
    ctx: click.Context, kind: str, file: str, as_of: datetime, dry_run: bool, release: bool, engine: str, now: datetime
) -> Answer:
    """Publish FILE as the report KIND: book-of-business or conditional-eligibility.

    With --engine spark FILE is a table, or a path of Parquet, of the Spark cluster.
    """
    with _source(ctx, file, kind, engine) as source:
        outcome = publish_file(
            kind=kind,
            source=source,
            as_of=as_of.date(),
            by=Actor.shell(),
            now=now,
            release=release,
            dry_run=dry_run,
            progress=progress_on_terminal(),
        )
    return _published(outcome)


def _source(ctx: click.Context, file: str, kind: str, engine: str) -> AbstractContextManager[Path | Elsewhere]:
    if engine == "local":
        return nullcontext(FILE.convert(file, next(one for one in ctx.command.params if one.name == "file"), ctx))
    try:
        spark = importlib.import_module("extranet.reports.spark.table")  # an extra: asked for here alone
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pyspark", "py4j", "pyarrow"):
            raise
        raise UsageRefused(
            "--engine spark needs PySpark; install the extra: pip install 'agent-extranet[spark]'"
        ) from None
    opened: AbstractContextManager[Elsewhere] = spark.opened_table(file, kind=kind)
    return opened


@act()
@click.option("--kind", help="Of one kind only.")
def publications(kind: str | None) -> Answer:
    """List publications, newest first."""
    rows = [_facts(row) for row in listing.publications(kind=kind)]
    headers = ("id", "kind", "as_of", "revision", "state", "rows_in", "agents", "released_at")
    return Answer({"publications": rows}, table([[row[name] for name in headers] for row in rows], headers))


@act()
@click.argument("publication")
@click.option("--reason", default="", help="Why a held one is right all the same; the trail keeps it.")
@moment
def release(publication: str, reason: str, now: datetime) -> Answer:
    """Show a sealed or held PUBLICATION (its id, the beginning of it, or KIND:DATE) to all agents.

    A held one needs a reason, and another person than the one who sent it.
    """
    row = listing.find(publication)
    row = release_publication(publication_id=row.id, by=Actor.shell(), now=now, reason=reason)
    return Answer({"publication": _facts(row)}, [f"{row} ({row.id})"])


@act()
@click.argument("publication")
@moment
def recall(publication: str, now: datetime) -> Answer:
    """Take a PUBLICATION back; agents see the week before again."""
    row = listing.find(publication)
    shown = recall_publication(publication_id=row.id, by=Actor.shell(), now=now)
    facts = {"recalled": str(row.id), "shown_now": str(shown.id) if shown else None}
    return Answer(facts, [f"recalled {row.id}", f"agents see: {shown or 'no publication of this kind'}"])


def _published(outcome: Outcome) -> Answer:
    row = outcome.publication
    facts = {
        "status": outcome.status,
        "publication": _facts(row) if row else None,
        "counts": asdict(outcome.counts),
        "lines": outcome.lines,
    }
    return Answer(facts, [*([f"{outcome.status}: {row.id}"] if row else [outcome.status]), *outcome.lines])


def _facts(row: Publication) -> Mapping[str, object]:
    return {
        "id": str(row.id),
        "kind": row.kind,
        "as_of": row.as_of.isoformat(),
        "revision": row.revision,
        "state": str(row.state),
        "rows_in": row.rows_in,
        "delivered": row.delivered,
        "unassigned": row.unassigned,
        "quarantined": row.quarantined,
        "agents": row.agents,
        "held_for": row.held_for,
        "stops": row.stops,
        "overruled_by": row.overruled_by,
        "overruled_reason": row.overruled_reason,
        "received_by": row.received_by,
        "released_at": row.released_at,
        "released_by": row.released_by,
    }
