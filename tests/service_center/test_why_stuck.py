"""No agent is ever stuck for want of an answer: the desk sees every reason at once, and what helps."""

import base64
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.test import override_settings

from extranet.agents.models import Agent
from extranet.audit.models import Event
from extranet.credentials.disable import disable
from extranet.credentials.models import Account
from extranet.credentials.password_mail import key_of, password_mail
from extranet.credentials.throttle import of_account
from extranet.credentials.throttle import take as try_password
from extranet.keyring.masters import WrongMaster
from extranet.mail.models import MailState, OutboxMail
from extranet.mail.outbox import post
from extranet.policy import end_of_day, policy_named
from extranet.profile.loader import current
from extranet.service_center.acts import change_email
from extranet.service_center.models import SupportRequest
from extranet.service_center.never_received import queue_undelivered
from extranet.service_center.sealed import written_in
from extranet.service_center.timeline import timeline, view
from extranet.service_center.why_stuck import Stuck, pending_address, why_stuck
from tests.agents.conftest import ALICE, BOB, CHARLIE
from tests.service_center.conftest import ADA, Post, Take

MOMENT = timedelta(microseconds=1)
DAY = timedelta(days=1)


def codes(agent: Agent, now: datetime) -> list[str]:
    return [stuck.code for stuck in why_stuck(Agent.objects.get(pk=agent.pk), now)]


def reason(agent: Agent, now: datetime) -> Stuck:
    (stuck,) = why_stuck(Agent.objects.get(pk=agent.pk), now)
    return stuck


def chosen(account: Account, now: datetime, *, days: int) -> None:
    """As after the first login: the person chose a password that is good for so many days."""
    Account.objects.filter(pk=account.pk).update(
        temporary=False, temporary_until=None, expires_on=(now + days * DAY).date(), last_login=now
    )


def test_nothing_keeps_out_who_has_a_fresh_password(account: Account, alice: Agent, now: datetime) -> None:
    assert codes(alice, now) == []


def test_who_has_no_account_yet_waits_for_monday(alice: Agent, now: datetime) -> None:
    assert codes(alice, now) == ["no_account"]


@pytest.mark.parametrize("status", ["pending", "suspended", "decertified"])
def test_who_is_not_certified_is_told_since_when(
    status: str, account: Account, alice: Agent, take: Take, now: datetime
) -> None:
    take({**ALICE, "status": status, "status_on": "2026-11-14"}, BOB, CHARLIE)
    assert codes(alice, now) == ["not_certified"]
    assert "since November 14, 2026" in reason(alice, now).text


def test_an_absent_license_is_called_so(account: Account, alice: Agent, take: Take, now: datetime) -> None:
    take(BOB, CHARLIE)
    assert "no longer lists the license" in reason(alice, now).text


def test_a_temporary_password_that_lapsed_is_named_from_that_moment(
    account: Account, alice: Agent, now: datetime
) -> None:
    lapses = now + policy_named(settings.EXTRANET.policy).temporary_password_days * DAY
    assert codes(alice, lapses - MOMENT) == []
    assert codes(alice, lapses) == ["temporary_lapsed"]


def test_an_expired_password_is_named_with_its_last_day(account: Account, alice: Agent, now: datetime) -> None:
    chosen(account, now, days=10)
    midnight = end_of_day((now + 10 * DAY).date(), current().zone)
    assert codes(alice, midnight - MOMENT) == []
    assert codes(alice, midnight) == ["expired"]
    assert "November 26, 2026" in reason(alice, midnight).text


def test_who_did_not_log_in_for_long_is_inactive(account: Account, alice: Agent, now: datetime) -> None:
    chosen(account, now, days=365)
    from_then = now + policy_named(settings.EXTRANET.policy).inactivity_days * DAY
    assert codes(alice, from_then - MOMENT) == []
    assert codes(alice, from_then) == ["inactive"]


def test_wrong_tries_are_told_with_their_end(account: Account, alice: Agent, now: datetime) -> None:
    for second in range(20):
        try_password(budget=of_account(), owner=account.username, now=now + second * timedelta(minutes=20))
    last = now + 19 * timedelta(minutes=20)
    assert codes(alice, last) == ["throttled"]
    assert "reset link works at once" in reason(alice, last).remedy


def test_all_reasons_are_told_together(account: Account, alice: Agent, take: Take, now: datetime) -> None:
    chosen(account, now, days=10)
    disable(account=account, reason="reported stolen", by=ADA, now=now)
    take({**ALICE, "status": "suspended"}, BOB, CHARLIE)
    assert codes(alice, now + 30 * DAY) == ["not_certified", "disabled", "expired"]
    assert "reported stolen" in why_stuck(Agent.objects.get(pk=alice.pk), now)[1].text


def lose_the_password_mail(account: Account, now: datetime, state: MailState = MailState.GAVE_UP) -> None:
    """As delivery does when it gives up: the mail is wiped."""
    mail = password_mail(account=account, clear="never-seen-pass-word")
    post(mail, to=account.address, about=account.username, key=key_of(account), language="en", now=now)
    OutboxMail.objects.filter(key=key_of(account)).update(state=state, sealed_body=None)


@pytest.mark.parametrize("state", [MailState.GAVE_UP, MailState.BOUNCED])
def test_a_password_that_never_arrived_is_revoked_and_its_agent_queued_once(
    state: MailState, account: Account, alice: Agent, now: datetime
) -> None:
    lose_the_password_mail(account, now, state)
    (request,) = queue_undelivered(now=now + DAY)
    assert (request.agent, request.origin, request.cause) == (alice, "never_received", key_of(account))
    assert written_in(request)["email"] == "alice@example.org"
    assert queue_undelivered(now=now + 2 * DAY) == []
    assert SupportRequest.objects.count() == 1
    assert codes(alice, now + DAY) == ["never_received", "mail_not_received"]


def test_a_mail_that_arrived_queues_nobody(account: Account, now: datetime) -> None:
    lose_the_password_mail(account, now, MailState.ACCEPTED)
    assert queue_undelivered(now=now + DAY) == []


def test_only_the_newest_mail_of_a_kind_counts(account: Account, alice: Agent, now: datetime) -> None:
    lose_the_password_mail(account, now)
    again = password_mail(account=account, clear="next-seen-pass-word")
    post(again, to=account.address, about=account.username, key="password:again", language="en", now=now + MOMENT)
    assert codes(alice, now) == []


def test_a_change_of_address_that_waits_is_told(checked: Agent, now: datetime) -> None:
    assert pending_address(checked) == ""
    change_email(agent=checked, new_email="new@example.org", by=ADA, now=now)
    assert "November 19, 2026, 9:00 AM PST" in pending_address(checked)


def test_the_timeline_holds_events_mails_and_requests_of_this_agent_only(
    account: Account, checked: Agent, bob: Agent, post_form: Post, now: datetime
) -> None:
    request = post_form(at=now + MOMENT)
    post_form(license="0E12345", email="bob@example.org", at=now + MOMENT)
    told = [(moment.source, moment.what) for moment in timeline(checked)]
    assert ("event", "account:password:issued") in told
    assert ("event", "request:identity:checked") in told
    assert ("mail", "request_received") in told
    assert ("request", "form") in told
    text = repr(timeline(checked))
    assert request.number in text
    assert "bob" not in text.lower()
    assert "Zebulon" not in text


def test_the_timeline_begins_with_the_newest_and_survives_a_rename(
    account: Account, alice: Agent, now: datetime
) -> None:
    disable(account=account, reason="test of the siren", by=ADA, now=now + DAY)
    alice.former_licenses.create(license="1H12345", renamed_at=now)
    Agent.objects.filter(pk=alice.pk).update(license="4199999")
    assert timeline(Agent.objects.get(pk=alice.pk))[0].at == now + DAY


def test_every_look_at_an_agents_record_is_recorded(account: Account, checked: Agent, now: datetime) -> None:
    seen = view(agent=checked, by=ADA, now=now)
    assert (seen.account, seen.stuck) == (account, [])
    assert seen.check is not None
    event = Event.objects.latest("id")
    assert (event.action, event.actor, event.subject) == ("agent:record:viewed", "staff\\ada", account.username)


def test_a_queue_run_that_dies_revokes_nothing(account: Account, post_form: Post, now: datetime) -> None:
    """The request cannot be sealed: a revoked password without a request would be an agent whom nobody asks."""
    post_form()
    lose_the_password_mail(account, now)
    other = base64.b64encode(bytes(32)).decode()
    changed = settings.EXTRANET.model_copy(update={"master_key": other})
    with override_settings(EXTRANET=changed), pytest.raises(WrongMaster):
        queue_undelivered(now=now)
    account.refresh_from_db()
    assert account.revoked_at is None
    assert [request.origin for request in queue_undelivered(now=now)] == ["never_received"]
