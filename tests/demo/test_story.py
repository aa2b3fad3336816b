"""What the demonstration's people do goes through the doors that everybody uses."""

from datetime import datetime
from pathlib import Path

from extranet.demo.story import _publish
from extranet.reports.listing import Publication
from tests.reports.conftest import make_agent
from tests.reports.exchange import ALICE, BOOK, MONDAY, book_row, csv_text


def test_a_file_that_is_held_is_overruled_by_the_second_publisher(db: None, now: datetime, tmp_path: Path) -> None:
    """The first week of a year is held: the demonstration must be there on that day, too."""
    make_agent(ALICE, "Alice")
    file = tmp_path / "book.csv"
    file.write_text(csv_text([book_row(ALICE, 1), book_row(ALICE, 2, res_zip="x")]))
    _publish(BOOK, file, MONDAY, True, now)
    row = Publication.objects.get()
    assert (row.state, row.received_by, row.overruled_by) == ("released", "staff\\publisher", "staff\\second")
