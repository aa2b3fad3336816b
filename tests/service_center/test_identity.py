"""Nobody acts for a caller whose identity was not checked."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.audit.record import Actor, record
from extranet.credentials.models import Account
from extranet.service_center.identity import (
    AnswersRefused,
    IdentityNotChecked,
    check_identity,
    good_check,
    questions,
    require_check,
)
from extranet.service_center.models import IdentityCheck
from extranet.service_center.timeline import UNTOLD, timeline
from extranet.service_center.why_stuck import why_stuck
from tests.service_center.conftest import ADA, ANSWERS, BEN
from tests.service_center.known import KNOWN, give_own_facts

MOMENT = timedelta(microseconds=1)
HALF_HOUR = timedelta(minutes=30)


def test_only_facts_that_are_there_are_asked(alice: Agent, charlie: Agent, now: datetime) -> None:
    assert [question.fact for question in questions(alice, now=now)] == [
        "npn",
        "phone",
        "email",
        "agency_license",
        "agency_name",
        "certified_on",
        "last_name",
    ]
    few = [question.fact for question in questions(charlie, now=now)]
    assert few == ["email", "agency_name", "certified_on", "last_name"]


@pytest.mark.parametrize(
    "answers",
    [
        ANSWERS,
        {"last_name": "NUNEZ ORTEGA", "agency_license": "0k54321", "phone": "(916) 555-0143"},
        {"phone": "+1 916 555 0143", "certified_on": "2026-11-02", "email": " alice@example.org", "npn": "999"},
    ],
)
def test_three_matching_facts_pass_however_they_are_typed(answers: dict[str, str], alice: Agent, now: datetime) -> None:
    check = check_identity(agent=alice, answers=answers, by=ADA, now=now)
    assert check.passed
    assert check.good_until == now + HALF_HOUR


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"npn": "10000001", "phone": "9165550143"},
        {"npn": "10000001", "phone": "9165550143", "email": "bob@example.org"},
        {"npn": "10000001", "phone": "9165550143", "email": "  "},
        {"npn": "-", "phone": "()", "email": " "},
        {
            "npn": "10000001",
            "last_name": "Nuñez-Ortega",
            "agency_license": "0K54321",
            "agency_name": "Harbor Insurance",
        },
    ],
)
def test_fewer_do_not_pass_and_are_recorded(answers: dict[str, str], alice: Agent, now: datetime) -> None:
    check = check_identity(agent=alice, answers=answers, by=ADA, now=now)
    assert not check.passed
    assert good_check(agent=alice, by=ADA, now=now) is None
    assert Event.objects.latest("id").action == "request:identity:failed"


def test_blank_facts_of_the_roster_match_nothing(charlie: Agent, now: datetime) -> None:
    answers = {"npn": "", "phone": "", "agency_license": "", "last_name": "Stranger"}
    assert not check_identity(agent=charlie, answers=answers, by=ADA, now=now).passed


def test_the_neighbours_facts_do_not_open_the_agent(bob: Agent, now: datetime) -> None:
    assert not check_identity(agent=bob, answers=ANSWERS, by=ADA, now=now).passed


def test_a_question_that_is_not_asked_is_refused(alice: Agent, now: datetime) -> None:
    with pytest.raises(AnswersRefused, match="license"):
        check_identity(agent=alice, answers={**ANSWERS, "license": "1H12345"}, by=ADA, now=now)
    assert not IdentityCheck.objects.exists()


def test_the_answers_are_kept_nowhere(alice: Agent, now: datetime) -> None:
    check_identity(agent=alice, answers=ANSWERS, by=ADA, now=now)
    check = IdentityCheck.objects.get()
    event = Event.objects.latest("id")
    assert check.compared == ["email", "npn", "phone"]
    assert event.detail == {"compared": ["email", "npn", "phone"], "matching": ["email", "npn", "phone"], "own": True}


def test_a_check_is_good_for_thirty_minutes(checked: Agent, now: datetime) -> None:
    assert good_check(agent=checked, by=ADA, now=now) is not None
    assert good_check(agent=checked, by=ADA, now=now + HALF_HOUR - MOMENT) is not None
    assert good_check(agent=checked, by=ADA, now=now + HALF_HOUR) is None


def test_a_check_is_good_for_who_made_it_and_for_that_agent_only(checked: Agent, bob: Agent, now: datetime) -> None:
    assert good_check(agent=checked, by=BEN, now=now) is None
    assert good_check(agent=bob, by=ADA, now=now) is None


def test_a_refused_act_is_recorded(alice: Agent, now: datetime) -> None:
    with pytest.raises(IdentityNotChecked, match="Check the identity of Alice"):
        require_check(agent=alice, act="start_reset", by=ADA, now=now)
    event = Event.objects.latest("id")
    assert (event.action, event.detail["act"]) == ("access:page:refused", "start_reset")


# What only the agent knows


@pytest.fixture
def known(account: Account, alice: Agent, now: datetime) -> Agent:
    """Alice logged in five days ago and has a book of 137 cases."""
    give_own_facts(account, now=now)
    return alice


def test_both_own_facts_count_and_are_asked_for_where_they_exist(known: Agent, bob: Agent, now: datetime) -> None:
    assert {question.fact for question in questions(known, now=now)} >= set(KNOWN)
    assert not {question.fact for question in questions(bob, now=now)} & set(KNOWN)
    check = check_identity(agent=known, answers={"last_name": "nunezortega", **KNOWN}, by=ADA, now=now)
    assert (check.passed, check.own) == (True, True)


@pytest.mark.parametrize(
    "answers",
    [
        {"last_login_on": "2026-11-11"},
        {"cases": "137"},
        {"last_login_on": "2026-11-11", "cases": "136"},
        {"last_login_on": "2026-11-16", "cases": "137"},
        {"last_login_on": "", "cases": ""},
    ],
)
def test_one_right_own_fact_is_worth_as_little_as_none(answers: dict[str, str], known: Agent, now: datetime) -> None:
    """Or a guesser could find the day first and the number then."""
    two = {"npn": "10000001", "phone": "9165550143"}
    assert not check_identity(agent=known, answers={**two, **answers}, by=ADA, now=now).passed
    assert check_identity(agent=known, answers={**ANSWERS, **answers}, by=ADA, now=now).own is False
    assert "last_login_on" not in Event.objects.latest("id").detail["matching"]


def test_own_facts_are_compared_three_times_a_day_whoever_asks(known: Agent, now: datetime) -> None:
    for by in (ADA, BEN, ADA):
        check_identity(agent=known, answers={**ANSWERS, **KNOWN, "cases": "5"}, by=by, now=now)
    fourth = check_identity(agent=known, answers={**ANSWERS, **KNOWN}, by=BEN, now=now + HALF_HOUR)
    assert (fourth.passed, fourth.own) == (True, False)  # mails to the known address go on
    later = check_identity(agent=known, answers={**ANSWERS, **KNOWN}, by=BEN, now=now + timedelta(days=1))
    assert later.own


@pytest.mark.parametrize("said", ["2026/11/11", "2026 11 11", "20261111"])
def test_the_day_is_taken_as_it_is_typed(said: str, known: Agent, now: datetime) -> None:
    assert check_identity(agent=known, answers={**ANSWERS, **KNOWN, "last_login_on": said}, by=ADA, now=now).own


def test_the_day_is_that_of_the_exchange(known: Agent, account: Account, now: datetime) -> None:
    """Half past eight in the evening in Los Angeles is the next day in UTC."""
    Account.objects.filter(pk=account.pk).update(last_login=datetime(2026, 11, 12, 4, 30, tzinfo=UTC))
    assert check_identity(agent=known, answers={**ANSWERS, **KNOWN}, by=ADA, now=now).own


def test_no_answer_that_only_the_agent_knows_stands_on_a_page_of_the_desk(
    known: Agent, account: Account, now: datetime
) -> None:
    login = now - timedelta(days=5)
    with transaction.atomic():
        for action in UNTOLD:
            actor, detail = Actor("agent", account.username), {"rows": 274, "cases": 137}
            record(action=action, now=login, actor=actor, subject=account.username, detail=detail)
    told = [f"{moment.at:%Y-%m-%d} {moment.what} {moment.detail}" for moment in timeline(known)]
    assert told
    assert not [line for line in told if "2026-11-11" in line or "137" in line or "274" in line]
    Account.objects.filter(pk=account.pk).update(issued_at=login, last_login=login)
    for stuck in why_stuck(known, now + timedelta(days=70)):
        assert "January" not in stuck.text  # sixty days after the login
