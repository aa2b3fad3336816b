"""Nobody acts for a caller whose identity was not checked."""

from datetime import datetime, timedelta

import pytest

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.service_center.identity import (
    AnswersRefused,
    IdentityNotChecked,
    check_identity,
    good_check,
    questions,
    require_check,
)
from extranet.service_center.models import IdentityCheck
from tests.service_center.conftest import ADA, ANSWERS, BEN

MOMENT = timedelta(microseconds=1)
HALF_HOUR = timedelta(minutes=30)


def test_only_facts_that_the_roster_holds_are_asked(alice: Agent, charlie: Agent) -> None:
    assert [question.fact for question in questions(alice)] == [
        "npn",
        "phone",
        "email",
        "agency_license",
        "agency_name",
        "certified_on",
        "last_name",
    ]
    assert [question.fact for question in questions(charlie)] == ["email", "agency_name", "certified_on", "last_name"]


@pytest.mark.parametrize(
    "answers",
    [
        ANSWERS,
        {"last_name": "NUNEZ ORTEGA", "agency_license": "0k54321", "agency_name": "harbor insurance"},
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
    assert event.detail == {"compared": ["email", "npn", "phone"], "matching": ["email", "npn", "phone"]}


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
