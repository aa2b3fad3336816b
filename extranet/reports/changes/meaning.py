"""What a change means: the meanings that the layout declares, asked of one row, and what is said where none fits."""

from collections.abc import Mapping, Sequence

from extranet.profile.meanings import Meaning, When

OTHER = Meaning("other", "Other fields changed", "Other fields changed")
UNDECLARED: Mapping[When, Meaning] = {
    "changed": OTHER,
    "added": Meaning("row_added", "New rows in your cases", "New row in this case", "added"),
    "gone": Meaning("row_gone", "Rows gone from your cases", "Row gone from this case", "gone"),
    "case_added": Meaning("case_added", "New to you", "New to you", "case_added"),
    "case_gone": Meaning("case_gone", "No longer in the report", "No longer in the report", "case_gone"),
    "case_ended": Meaning("case_ended", "Delegation ended", "Delegation ended", "case_ended"),
    "case_away": Meaning("case_away", "No longer in your report", "No longer in your report", "case_away"),
}
"""Said where a report declares nothing of the kind."""

Pairs = Mapping[str, tuple[str, str]]
Said = tuple[Meaning, str]
"""A meaning and the key of the column that it speaks of; blank where it speaks of none."""


def all_meanings(declared: Sequence[Meaning]) -> list[Meaning]:
    """Those declared, in their order, and behind them what is said otherwise."""
    lacking = set(UNDECLARED) - {meaning.when for meaning in declared if meaning.when != "changed"}
    return [*declared, *(meaning for when, meaning in UNDECLARED.items() if when in lacking)]


def meanings_of(pairs: Pairs, declared: Sequence[Meaning]) -> list[Said]:
    """What a changed row means; ``pairs``: key -> text before and after, of the columns that changed.

    A column that one meaning has spoken for is not told again by a later one.
    """
    told: set[str] = set()
    found: list[Said] = []
    for meaning in declared:
        key = _speaks_of(meaning, pairs, told)
        if key:
            told.update(meaning.columns)
            found.append((meaning, key))
    return found or [(OTHER, "")]


def at(when: When, declared: Sequence[Meaning]) -> Said:
    """What is said of a whole row or case that came or went."""
    return next((meaning for meaning in declared if meaning.when == when), UNDECLARED[when]), ""


def _speaks_of(meaning: Meaning, pairs: Pairs, told: set[str]) -> str:
    for key in meaning.columns:
        if key in pairs and key not in told:
            before, after = pairs[key]
            if (not meaning.before or before in meaning.before) and (not meaning.after or after in meaning.after):
                return key
    return ""
