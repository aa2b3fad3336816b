"""The second pass: each owner's lines gathered, sealed, appended; then the quarantine."""

from collections.abc import Callable, Iterator
from uuid import UUID

from extranet.profile.layouts import ReportKind
from extranet.reports.contents import Entry, contents_text
from extranet.reports.gather import Gathering, Portion
from extranet.reports.pack import Packed, Packing, Sheet, sheet_of_lines, sheet_of_quarantine
from extranet.reports.progress import Progress
from extranet.reports.quarantine import quarantine_frames
from extranet.reports.seal import CONTENTS, Rings
from extranet.reports.sort_rows import Sorted
from extranet.reports.spill import Spill
from extranet.vault.packs import Writable

Compare = Callable[[Iterator[Portion]], Iterator[Portion | Sheet]]


def seal_books(
    sorted: Sorted,
    report: ReportKind,
    *,
    spill: Spill,
    target: Writable,
    publication: UUID,
    rings: Rings,
    progress: Progress,
    compare: Compare | None = None,
) -> Packed:
    """Everything into the pack; the caller makes it durable. ``compare`` puts the changes of each agent behind the
    agent's lines, and those of agents who have no rows any more behind all."""
    packing, contents = Packing(target, sorted.header, publication=publication, rings=rings), list[str]()
    portions = Gathering(spill, sorted.owners, sorted.left_out).portions()
    done, total = 0, sorted.delivered + sorted.unassigned
    for part in portions if compare is None else compare(portions):
        sheet = part if isinstance(part, Sheet) else sheet_of(part)
        packing.add(sheet)
        contents.append(entry_of(sheet, part).line())
        if isinstance(part, Portion):
            done += part.rows
            progress("seal", done, total)
    for frame in quarantine_frames(spill, publication, report.layout):
        packing.add(sheet_of_quarantine(frame.owner, rows=frame.rows, text=frame.text))
    packing.add(Sheet(publication, CONTENTS, len(contents), contents_text(contents)))
    return packing.finish()


def sheet_of(part: Portion) -> Sheet:
    """The lines of an owner, to be sealed."""
    owner = part.owner
    return sheet_of_lines(owner.id, owner.agent_id, rows=part.rows, cases=part.cases, text=part.text)


def entry_of(sheet: Sheet, part: Portion | Sheet) -> Entry:
    """What the list of contents says of it."""
    licenses = part.owner.known_by if isinstance(part, Portion) else ()
    is_agents = sheet.agent_id is not None
    return Entry(sheet.owner, sheet.frame, is_agents, licenses, sheet.rows, sheet.cases, sheet.counts)
