"""J19: an address changes only after its owner could object."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from extranet.agents.change_email import (
    EmailChangeRefused,
    VetoRefused,
    ask,
    complete_due,
    look,
    stop,
    veto,
    waiting_change,
)
from extranet.agents.models import EmailChange
from extranet.agents.prove_email import ProofRefused, prove
from extranet.agents.roster import TakenIn
from extranet.audit.models import Event
from extranet.audit.record import Actor
from extranet.mail.models import OutboxMail
from extranet.mail.outbox import body_of
from extranet.policy import policy_named
from extranet.vault.tokens import digest
from tests.agents.conftest import ALICE, BOB, CHARLIE, EVERYBODY, agent

pytestmark = pytest.mark.django_db
Take = Callable[..., TakenIn]
DESK = Actor("staff", "staff\\ada")
WEEK = timedelta(days=7)
MOMENT = timedelta(microseconds=1)


def wait() -> timedelta:
    return timedelta(hours=policy_named(settings.EXTRANET.policy).email_change_wait_hours)


def asked(new_email: str, now: datetime) -> EmailChange:
    return ask(agent=agent(ALICE), new_email=new_email, source="service_center", by=DESK, now=now)


def code_of(change: EmailChange) -> str:
    """As whoever reads the new mailbox sees it."""
    text = body_of(OutboxMail.objects.get(key=f"email_change_new:{change.id}")).text
    found = re.search(r"^([2-9A-Z]{6})$", text, re.M)
    assert found
    return found[1]


def proved(new_email: str, now: datetime) -> EmailChange:
    change = asked(new_email, now)
    return prove(agent=agent(ALICE), code=code_of(change), by=DESK, now=now)


def mails() -> list[tuple[str, str]]:
    return list(OutboxMail.objects.order_by("posted_at", "kind", "to_address").values_list("kind", "to_address"))


def token_of(change: EmailChange) -> str:
    """As the owner of the old address reads it."""
    text = body_of(OutboxMail.objects.get(key=f"email_change_old:{change.id}")).text
    found = re.search(r"http://portal\.test/email-change/(\w+)/", text)
    assert found
    return found[1]


@pytest.fixture(autouse=True)
def _everybody(take: Take) -> None:
    take(*EVERYBODY)


def test_both_addresses_are_told_and_the_old_one_stays_in_force(now: datetime) -> None:
    change = asked(" new@example.org ", now)
    assert mails() == [("email_change_new", "new@example.org"), ("email_change_old", "alice@example.org")]
    assert agent(ALICE).email == "alice@example.org"
    assert (change.active_from, change.asked_by) == (now + wait(), "staff\\ada")
    text = body_of(OutboxMail.objects.get(kind="email_change_old")).text
    assert "n•••@example.org" in text
    assert "new@example.org" not in text


def test_the_link_is_stored_as_a_digest_only(now: datetime) -> None:
    change = asked("new@example.org", now)
    assert change.veto_digest == digest(token_of(change))


def test_the_new_address_takes_over_when_the_waiting_time_is_over(now: datetime) -> None:
    change = proved("new@example.org", now)
    assert complete_due(now=now + wait() - MOMENT) == 0
    assert agent(ALICE).email == "alice@example.org"
    assert complete_due(now=now + wait()) == 1
    assert (agent(ALICE).email, agent(ALICE).email_confirmed_at) == ("new@example.org", now + wait())
    assert set(mails()[2:]) == {("email_changed", "alice@example.org"), ("email_changed", "new@example.org")}
    assert [*Event.objects.filter(detail__change=str(change.id)).order_by("id").values_list("action", flat=True)] == [
        "agent:email-change:asked",
        "agent:email-change:proved",
        "agent:email-change:done",
    ]


def test_completing_twice_changes_and_mails_once(now: datetime) -> None:
    proved("new@example.org", now)
    assert [complete_due(now=now + wait()), complete_due(now=now + WEEK)] == [1, 0]
    assert [kind for kind, _ in mails()].count("email_changed") == 2  # each mailbox once


def test_the_link_stops_the_change_once(now: datetime) -> None:
    token = token_of(proved("new@example.org", now))
    assert look(token=token).new_email == "n•••@example.org"
    stopped = veto(token=token, now=now + timedelta(hours=1), network="192.0.2.0/24")
    assert (stopped.state, stopped.agent) == (EmailChange.State.VETOED, agent(ALICE))
    assert complete_due(now=now + WEEK) == 0
    assert agent(ALICE).email == "alice@example.org"
    with pytest.raises(VetoRefused):
        veto(token=token, now=now + timedelta(hours=2))
    with pytest.raises(VetoRefused):
        look(token=token)


def test_looking_at_the_link_changes_nothing(now: datetime) -> None:
    change = asked("new@example.org", now)
    look(token=token_of(change))
    assert waiting_change(agent(ALICE)) == change


def test_a_change_that_happened_cannot_be_stopped(now: datetime) -> None:
    token = token_of(proved("new@example.org", now))
    complete_due(now=now + wait())
    with pytest.raises(VetoRefused):
        veto(token=token, now=now + wait())
    assert agent(ALICE).email == "new@example.org"


def test_a_strangers_guess_stops_nothing_and_is_recorded(now: datetime) -> None:
    change = asked("new@example.org", now)
    with pytest.raises(VetoRefused):
        veto(token="a" * 32, now=now, network="198.51.100.0/24")
    assert waiting_change(agent(ALICE)) == change
    event = Event.objects.latest("id")
    assert (event.action, event.network) == ("agent:email-change:vetoed", "198.51.100.0/24")
    assert event.detail == {"refused": "link not waiting"}


# The new address proves itself


def test_an_address_that_nobody_proves_lapses_and_is_never_used(now: datetime) -> None:
    change = asked("typo@example.org", now)
    assert complete_due(now=now + wait()) == 0
    change.refresh_from_db()
    assert (change.state, agent(ALICE).email) == (EmailChange.State.LAPSED, "alice@example.org")
    with pytest.raises(ProofRefused):
        prove(agent=agent(ALICE), code=code_of(change), by=DESK, now=now + wait())
    assert complete_due(now=now + WEEK) == 0
    assert Event.objects.filter(action="agent:email-change:lapsed").count() == 1


def test_the_code_is_taken_as_people_type_it_and_does_not_shorten_the_wait(now: datetime) -> None:
    code = code_of(asked("new@example.org", now))
    assert prove(agent=agent(ALICE), code=f" {code[:3].lower()}-{code[3:]} ", by=DESK, now=now).proved_at == now
    assert complete_due(now=now + wait() - MOMENT) == 0


def test_five_wrong_codes_and_the_right_one_proves_nothing_any_more(now: datetime) -> None:
    code = code_of(asked("new@example.org", now))
    left = []
    for _ in range(5):
        with pytest.raises(ProofRefused) as refused:
            prove(agent=agent(ALICE), code="AAAAAA", by=DESK, now=now)
        left.append(refused.value.tries_left)
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(ProofRefused):
        prove(agent=agent(ALICE), code=code, by=DESK, now=now)
    assert complete_due(now=now + WEEK) == 0
    assert agent(ALICE).email == "alice@example.org"


def test_a_code_of_bobs_change_proves_nothing_of_alices(now: datetime) -> None:
    asked("new@example.org", now)
    bobs = ask(agent=agent(BOB), new_email="b@example.org", source="service_center", by=DESK, now=now)
    with pytest.raises(ProofRefused):
        prove(agent=agent(ALICE), code=code_of(bobs), by=DESK, now=now)


def test_the_code_stands_nowhere_but_in_the_mail_to_the_new_address(now: datetime) -> None:
    change = asked("new@example.org", now)
    code = code_of(change)
    assert code not in str(EmailChange.objects.values().get())
    assert code not in str(list(Event.objects.values()))
    assert code not in body_of(OutboxMail.objects.get(kind="email_change_old")).text


def test_an_old_address_that_takes_no_mail_keeps_no_good_one_out(now: datetime) -> None:
    type(agent(ALICE)).objects.filter(pk=agent(ALICE).pk).update(email="spoiled")
    proved("new@example.org", now)
    assert complete_due(now=now + wait()) == 1
    assert agent(ALICE).email == "new@example.org"


def test_who_is_logged_in_may_stop_it_too(now: datetime) -> None:
    proved("new@example.org", now)
    alice = Actor("agent", "alice")
    assert stop(agent=agent(ALICE), by=alice, now=now)
    assert not stop(agent=agent(ALICE), by=alice, now=now)
    assert complete_due(now=now + WEEK) == 0
    assert Event.objects.latest("id").actor == "alice"


def test_a_later_request_replaces_the_waiting_one_and_its_link(now: datetime) -> None:
    first = asked("first@example.org", now)
    proved("second@example.org", now + timedelta(hours=1))
    with pytest.raises(VetoRefused):
        veto(token=token_of(first), now=now + timedelta(hours=2))
    assert complete_due(now=now + wait()) == 0
    assert complete_due(now=now + wait() + timedelta(hours=1)) == 1
    assert agent(ALICE).email == "second@example.org"


@pytest.mark.parametrize("address", ["", "alice", "a@b@c", "x" * 250 + "@example.org", "Alice@example.org"])
def test_no_address_and_the_one_in_force_are_refused(address: str, now: datetime) -> None:
    with pytest.raises(EmailChangeRefused):
        asked(address, now)
    assert mails() == []


def test_one_mailbox_may_serve_several_agents(now: datetime) -> None:
    proved("bob@example.org", now)
    complete_due(now=now + wait())
    assert agent(ALICE).email == agent(BOB).email


def test_a_change_of_one_agent_leaves_the_neighbour_alone(now: datetime) -> None:
    proved("new@example.org", now)
    complete_due(now=now + WEEK)
    assert (agent(BOB).email, agent(CHARLIE).email) == ("bob@example.org", "charlie@example.net")


# What the roster says


def test_a_new_address_on_the_roster_starts_a_change_like_any_other(take: Take, now: datetime) -> None:
    result = take({**ALICE, "email": "roster@example.org"}, BOB, CHARLIE, at=now + WEEK)
    assert [(n.license, n.new_email) for n in result.preview.email_changes] == [("1H12345", "roster@example.org")]
    assert agent(ALICE).email == "alice@example.org"
    assert ("email_change_old", "alice@example.org") in mails()
    complete_due(now=now + WEEK + wait())
    assert (agent(ALICE).email, agent(ALICE).email_confirmed_at) == ("roster@example.org", None)


def test_a_roster_that_repeats_its_word_starts_nothing_again(take: Take, now: datetime) -> None:
    news = [{**ALICE, "email": "roster@example.org"}, BOB, CHARLIE]
    take(*news, at=now)
    assert take(*reversed(news), at=now + WEEK).preview.changes_nothing
    assert EmailChange.objects.count() == 1


def test_a_vetoed_address_does_not_come_back_with_the_next_roster(take: Take, now: datetime) -> None:
    news = [{**ALICE, "email": "roster@example.org"}, BOB, CHARLIE]
    take(*news)
    veto(token=token_of(EmailChange.objects.get()), now=now)
    take(*reversed(news), at=now + WEEK)
    complete_due(now=now + 2 * WEEK)
    assert agent(ALICE).email == "alice@example.org"


def test_the_roster_never_overrides_a_newer_address_of_the_agent(take: Take, now: datetime) -> None:
    proved("own@example.org", now)
    complete_due(now=now + wait())
    result = take({**ALICE, "email": "roster@example.org"}, BOB, CHARLIE, at=now + WEEK)
    assert [n.license for n in result.preview.emails_kept] == ["1H12345"]
    assert result.preview.email_changes == []
    assert complete_due(now=now + 2 * WEEK) == 0
    assert agent(ALICE).email == "own@example.org"


def test_the_roster_does_not_replace_a_change_that_the_agent_waits_for(take: Take, now: datetime) -> None:
    change = proved("own@example.org", now + timedelta(days=6))
    take({**ALICE, "email": "roster@example.org"}, BOB, CHARLIE, at=now + WEEK)
    assert waiting_change(agent(ALICE)) == change


def test_a_word_of_the_roster_that_is_newer_than_the_agents_counts(take: Take, now: datetime) -> None:
    """The agent confirmed; a roster then still had the first address; the next has a third: that one is news."""
    proved("own@example.org", now)
    complete_due(now=now + wait())
    take(*reversed(EVERYBODY), at=now + WEEK)
    take({**ALICE, "email": "third@example.org"}, BOB, CHARLIE, at=now + 2 * WEEK)
    complete_due(now=now + 3 * WEEK)
    assert agent(ALICE).email == "third@example.org"


def test_a_roster_that_corrects_itself_ends_its_own_change(take: Take, now: datetime) -> None:
    take({**ALICE, "email": "typo@example.org"}, BOB, CHARLIE)
    take(*EVERYBODY, at=now + timedelta(hours=1))
    assert complete_due(now=now + WEEK) == 0
    assert agent(ALICE).email == "alice@example.org"


def test_another_spelling_of_the_same_address_is_no_news(take: Take, now: datetime) -> None:
    take({**ALICE, "email": "Alice@Example.org"}, BOB, CHARLIE, at=now + WEEK)
    assert mails() == []


def test_a_change_that_nobody_proved_holds_up_no_word_of_the_roster(take: Take, now: datetime) -> None:
    asked("thief@example.org", now + timedelta(days=6))
    take({**ALICE, "email": "roster@example.org"}, BOB, CHARLIE, at=now + WEEK)
    complete_due(now=now + 2 * WEEK)
    assert agent(ALICE).email == "roster@example.org"


def test_a_word_of_the_roster_that_was_held_up_counts_again_when_the_change_is_stopped(
    take: Take, now: datetime
) -> None:
    """Or who gets at a session could start a change, let the roster's correction go by, and stop."""
    news = [{**ALICE, "email": "roster@example.org"}, BOB, CHARLIE]
    change = proved("own@example.org", now + timedelta(days=6))
    assert [n.license for n in take(*news, at=now + WEEK).preview.emails_kept] == ["1H12345"]
    veto(token=token_of(change), now=now + WEEK)
    take(*reversed(news), at=now + 2 * WEEK)
    complete_due(now=now + 3 * WEEK)
    assert agent(ALICE).email == "roster@example.org"
