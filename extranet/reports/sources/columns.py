"""Which column of a file is which column of the layout: found by header or key, in any order and any case."""

from extranet.profile.layouts import Layout
from extranet.reports.refusals import PublicationRefused


def match_columns(header: list[str], layout: Layout) -> list[str]:
    """The layout key of each column, found by header or key in any case; refuses unknown, doubled, missing ones."""
    names = {column.header.casefold(): column.key for column in layout.columns}
    names |= {column.key.casefold(): column.key for column in layout.columns}
    found = [names.get(" ".join(cell.split()).casefold()) for cell in header]
    keys = [key for key in found if key is not None]
    is_header = 2 * len(keys) >= len(header)
    faults = [_unknown(number, header[number - 1], is_header) for number, key in enumerate(found, 1) if key is None]
    faults += [
        f"line 1: column {layout.by_key[key].header} stands {keys.count(key)} times: keep one"
        for key in dict.fromkeys(keys)
        if keys.count(key) > 1
    ]
    missing = [column.header for column in layout.columns if column.key not in keys]
    faults += [f"line 1: column {header} is missing: export the report with all its columns" for header in missing]
    if faults:
        raise PublicationRefused(*faults)
    return keys


def _unknown(number: int, cell: str, is_header: bool) -> str:
    """A file without a header has a consumer in its first line, so there only the place is told."""
    named = f" ({cell.strip()[:40]!r})" if is_header else ""
    return f"line 1: column {number}{named} is not a column of this report: name it as the report does, or leave it out"
