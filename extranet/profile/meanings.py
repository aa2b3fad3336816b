"""What a change of a report means to an agent, in the exchange's own words: declared beside the columns."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from string import Formatter
from typing import Literal, cast, get_args

from extranet.profile.reading import Table

When = Literal["changed", "added", "gone", "case_added", "case_gone", "case_ended", "case_away"]
WHENS: tuple[str, ...] = get_args(When)
SETTINGS = ("name", "title", "words", "when", "columns", "before", "after", "important")
PLACES = {"before", "after", "by", "column"}
MEASURED = ("int", "decimal", "money", "date")  # types between whose values there is a distance
TAKEN = frozenset({"added", "gone", "changed", "other", "row_added", "row_gone", *WHENS})


@dataclass(frozen=True)
class Meaning:
    """One thing that may have happened. ``title`` heads its count, ``words`` stand beside the row.

    ``when``: a row ``changed``, was ``added`` to or is ``gone`` from a case that stays; or a whole case is new
    (``case_added``), no longer in the report (``case_gone``), somebody else's (``case_ended``), or one of these two
    and nobody knows which (``case_away``). ``columns``: it is a change in one of these; ``before`` and ``after``: from
    and to one of these values, blank ones too, any where there are none. ``important``: told first.
    ``words`` may hold {before}, {after}, {by} (the distance) and {column}, all of the first column that changed.
    """

    name: str
    title: str
    words: str
    when: When = "changed"
    columns: tuple[str, ...] = ()
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    important: bool = False


def read_meanings(table: Table, types: dict[str, str], *, never: Collection[str]) -> tuple[Meaning, ...]:
    """The [[meanings]] of a report; the first ones matter most. ``types``: column key -> type; ``never``: columns in
    which no change is ever reported. Raises ProfileRefused."""
    meanings = tuple(_meaning(row, types, never) for row in table.tables("meanings"))
    names = [meaning.name for meaning in meanings]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise table.refused("meanings", f"name {doubled[0]!r} stands twice; every name must be its own")
    return meanings


def _meaning(table: Table, types: dict[str, str], never: Collection[str]) -> Meaning:
    table.only(SETTINGS)
    name, when, title = table.text("name"), table.text("when", "changed"), table.text("title")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in TAKEN:
        raise table.refused("name", f"is {name!r}; use small letters, digits, underscores; some names are taken")
    if when not in WHENS:
        raise table.refused("when", f"is {when!r}; write one of {', '.join(WHENS)}")
    meaning = Meaning(
        name=name,
        title=title,
        words=table.text("words", title),
        when=cast(When, when),
        columns=table.texts("columns", ()),
        before=table.texts("before", ()),
        after=table.texts("after", ()),
        important=table.flag("important"),
    )
    _coherent(table, meaning, types, never)
    return meaning


def _coherent(table: Table, meaning: Meaning, types: dict[str, str], never: Collection[str]) -> None:
    """Refuse what could never be true or never be said."""
    for key in meaning.columns:
        if key not in types:
            raise table.refused("columns", f"names {key!r}, which is no column of this file")
        if key in never:
            raise table.refused("columns", f"names {key!r}, in which no change is ever reported")
    if (meaning.when == "changed") != bool(meaning.columns):
        raise table.refused("columns", 'is needed for when = "changed", and for nothing else')
    places = _places(table, meaning.words)
    if places and not meaning.columns:
        raise table.refused("words", "may hold {...} only where columns are named")
    if "by" in places and not all(types[key] in MEASURED for key in meaning.columns):
        raise table.refused("words", f"{{by}} needs columns of type {', '.join(MEASURED)}")


def _places(table: Table, words: str) -> set[str]:
    try:
        parts = [part for part in Formatter().parse(words) if part[1] is not None]
    except ValueError as error:
        raise table.refused("words", f"cannot be filled: {error}") from error
    for _, name, form, conversion in parts:
        if name not in PLACES or form or conversion:
            raise table.refused("words", f"{{{name}}} is unknown; known are {', '.join(sorted(PLACES))}, as they are")
    return {name for _, name, _, _ in parts if name}
