"""docs/reference/layouts.md, written from the shipped layouts: ``python -m extranet.profile.reference > that file``."""

import sys
from collections.abc import Iterator

from extranet.env import Env
from extranet.profile.exchange import Profile
from extranet.profile.layouts import FLAGS, Column, Layout
from extranet.profile.loader import load

INTRODUCTION = """\
# Layouts

What the files of the exchange look like, as the shipped profile declares them. This page is written from
`reports/*.toml` and `roster.toml` of its folder by `python -m extranet.profile.reference`;
a test fails when it is out of date. [profile.md](profile.md) explains the settings of a column.

Files are tables with one header line (CSV; [reports also XLSX and Parquet](../how-to/publish.md#which-files-are-taken),
the roster also XLSX); columns may stand in any order. A blank cell is allowed unless the column is
*required*. *Volatile* columns change by themselves and never count as a change, a *constant* column has one value in
the whole file, *personal* columns never appear in an address, a log or a mail, *facets* are offered as filters.
"""


def layouts_page(profile: Profile) -> str:
    """The whole page as Markdown."""
    parts = [INTRODUCTION]
    for kind in profile.reports.values():
        heading = f"## {kind.title} (`{kind.slug}`, version {kind.version})\n\n{kind.description}\n"
        parts.append("\n".join([heading, *_layout(kind.layout)]))
    parts.append("\n".join(["## Roster\n\nThe list of all agents, a full snapshot.\n", *_layout(profile.roster)]))
    return "\n".join(parts)


def _layout(layout: Layout) -> Iterator[str]:
    same = ", ".join(part.replace("|", " or ") for part in layout.identity)
    yield f"{len(layout.columns)} columns. A row is the same row when these agree: {same}.\n"
    yield "| | key | header | type | holds | flags | what it is |"
    yield "|---|---|---|---|---|---|---|"
    for number, column in enumerate(layout.columns, 1):
        flags = ", ".join(flag for flag in FLAGS if getattr(column, flag))
        cells = (f"`{column.key}`", column.header, column.type, _holds(column), flags, column.description)
        yield f"| {number} | {' | '.join(cells)} |"
    yield ""


def _holds(column: Column) -> str:
    """The limits of a column in one cell."""
    parts = [", ".join(column.allowed)] if column.allowed else []
    if column.pattern:
        parts.append(f"`{column.pattern}`".replace("|", "\\|"))
    if column.minimum is not None:
        parts.append(f"from {column.minimum}")
    if column.maximum is not None:
        parts.append(f"to {column.maximum}")
    if column.at_most:
        parts.append(f"at most `{column.at_most}`")
    return " ".join(parts)


if __name__ == "__main__":
    sys.stdout.write(layouts_page(load(Env.model_fields["profile"].default)))
