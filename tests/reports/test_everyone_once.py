"""Every row of a statewide file is found in exactly one book, and nowhere else."""

import random
from collections import Counter
from datetime import datetime

from extranet.agents.models import Agent, CertificationStatus
from extranet.reports.book import Book
from tests.reports.conftest import Open, Publish, make_agent
from tests.reports.exchange import book_row


def test_every_row_is_in_exactly_one_book(db: None, publish_rows: Publish, open_for: Open, now: datetime) -> None:
    chance = random.Random(7)
    licenses = [f"1H2{number:04d}" for number in range(60)]
    for number, license in enumerate(licenses[:50]):
        status = CertificationStatus.SUSPENDED if number % 10 == 9 else CertificationStatus.CERTIFIED
        make_agent(license, f"Agent{number}", status=status)
    rows = [book_row(chance.choice(licenses), number) for number in range(1, 1_001)]
    outcome = publish_rows(rows)

    books = {agent.license: open_for(agent) for agent in Agent.objects.all()}
    found = Counter(member for book in books.values() for member in members(book))
    certified = set(Agent.objects.filter(status=CertificationStatus.CERTIFIED).values_list("license", flat=True))
    assert found == Counter(row["member_id"] for row in rows if row["agent_license"] in certified)
    assert set(found.values()) == {1}
    for license, book in books.items():
        assert {book.at(row, "agent_license") for row in book.rows} <= {license}
    assert outcome.counts.delivered == len(found)
    assert outcome.counts.unassigned == len(rows) - len(found)


def members(book: Book) -> list[str]:
    return [book.at(row, "member_id") for row in book.rows]
