"""The ready mail tells how many cases changed, from the index alone, and nothing where nothing was compared."""

from datetime import datetime

import pytest

from extranet.agents.models import Agent
from extranet.audit.record import Actor
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.reports.models import Publication
from extranet.reports.ready import post_ready_mails
from extranet.reports.recall import recall
from tests.reports.conftest import Publish
from tests.reports.exchange import ALICE, BOB, LAST_MONDAY, book_row
from tests.reports.weeks import forget_comparison

BEFORE = [book_row(ALICE, 1), book_row(ALICE, 2), book_row(BOB, 9)]
AFTER = [book_row(ALICE, 1, net_premium="9.00"), book_row(ALICE, 3), book_row(BOB, 9)]
Two = tuple[Publication, Publication]


@pytest.fixture
def two_weeks(alice: Agent, bob: Agent, publish_rows: Publish) -> Two:
    """Compared for Alice, not for Bob."""
    before = [{**row, "extract_date": LAST_MONDAY.isoformat()} for row in BEFORE]
    older, newer = publish_rows(before, as_of=LAST_MONDAY).publication, publish_rows(AFTER).publication
    assert older is not None
    assert newer is not None
    forget_comparison(newer, of=bob)
    return older, newer


def body(license: str) -> tuple[str, str]:
    found = body_of(OutboxMail.objects.get(about=f"CC_{license}"))
    return found.text, found.html


def test_the_mail_counts_new_gone_and_changed_cases(two_weeks: Two, now: datetime) -> None:
    assert post_ready_mails(publication_id=two_weeks[1].id, now=now) == 2
    text, html = body(ALICE)
    assert "Since the week before: 1 new case, 1 gone, 1 changed." in text
    assert "<strong>1</strong> new case, <strong>1</strong> gone, <strong>1</strong> changed." in html
    assert "10039" not in text + html


def test_who_was_not_compared_is_told_of_the_book_alone(two_weeks: Two, now: datetime) -> None:
    post_ready_mails(publication_id=two_weeks[1].id, now=now)
    text, html = body(BOB)
    assert "It has 1 row for 1 case." in text
    assert "week before" not in text + html


def test_a_week_that_was_taken_back_is_not_counted_against(two_weeks: Two, publisher: Actor, now: datetime) -> None:
    recall(publication_id=two_weeks[0].id, by=publisher, now=now)
    assert post_ready_mails(publication_id=two_weeks[1].id, now=now) == 2
    assert "week before" not in body(ALICE)[0]
