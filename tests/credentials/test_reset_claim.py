"""Claiming a reset link (J23, J24): by its person, once, with everything that hangs on it."""

from collections.abc import Callable
from datetime import datetime

import pytest

from extranet.agents.models import Agent, CertificationStatus
from extranet.credentials import devices, reset, reset_claim, reset_link, sessions
from extranet.credentials.disable import disable
from extranet.credentials.expiry import expire
from extranet.credentials.gate import Channel, Reason, may_enter
from extranet.credentials.hashing import HashingBusy, check
from extranet.credentials.issue import Generated, generate
from extranet.credentials.issue_again import issue_again
from extranet.credentials.login import LoginRefused
from extranet.credentials.models import Account, KnownDevice, LiveSession, ResetLink, ShownPassword
from extranet.credentials.reset_claim import HASHED_WITHIN
from extranet.credentials.session_store import stored_key
from extranet.mail.models import MailState, OutboxMail
from tests.credentials.people import (
    CAFE,
    CHOSEN,
    DESK,
    HOME,
    NEW,
    days,
    events,
    fresh,
    mails,
    minutes,
    new_account,
    new_staff,
    try_login,
)
from tests.credentials.reset_walks import BROWSER, HERS, STRANGERS, asked, claim, token_in

pytestmark = pytest.mark.django_db


def over(token: str, *, now: datetime, browser_token: str = HERS, code: str = "") -> str:
    with pytest.raises(reset.ResetOver) as refused:
        claim(token, now=now, browser_token=browser_token, code=code)
    return refused.value.reason


def test_alice_gets_a_new_password_that_logs_her_in_and_must_be_changed(
    alice: Account, bob: Account, now: datetime
) -> None:
    before = Account.objects.filter(pk=bob.pk).values().get()
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now + minutes(5))
    assert claimed.username == alice.username
    with pytest.raises(LoginRefused):
        try_login(alice, CHOSEN, now=now + minutes(6))
    signed = try_login(alice, claimed.password, now=now + minutes(6))
    assert signed.must_change
    assert Account.objects.filter(pk=bob.pk).values().get() == before


def test_looking_five_times_leaves_the_link_alive(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    before = ResetLink.objects.values().get()
    for _ in range(5):
        reset.look(token=token, browser_token="", now=now)
    assert ResetLink.objects.values().get() == before
    assert claim(token, now=now).password


def test_a_link_works_once(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now)
    assert over(token, now=now + minutes(1)) == "claimed"
    assert check(claimed.password, fresh(alice).password).right
    (event,) = events("account:reset:refused")
    assert (event.subject, event.detail) == (alice.username, {"reason": "claimed", "step": "claim"})


def test_claiming_one_ends_all_others_of_that_account_only(alice: Account, bob: Account, now: datetime) -> None:
    older, _ = asked(alice, now=now)
    newer, _ = asked(alice, now=now + minutes(1))
    bobs, _ = asked(bob, now=now)
    claim(older, now=now + minutes(2))
    assert over(newer, now=now + minutes(3)) == "ended"
    assert claim(bobs, now=now + minutes(3)).username == bob.username


def test_a_link_of_alice_never_changes_bobs_password(alice: Account, bob: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    assert fresh(bob).password == bob.password


@pytest.mark.parametrize("token", ["", "x", "a" * 32, "Z" * 200, "../" * 5])
def test_a_made_up_link_leads_nowhere(alice: Account, now: datetime, token: str) -> None:
    asked(alice, now=now)
    assert over(token, now=now) == reset_link.UNKNOWN


def test_a_mail_program_may_change_the_case_of_the_link(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    assert claim(token.upper(), now=now, browser_token="", code=code).password


def test_the_link_ends_on_the_minute(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    assert over(token, now=now + minutes(60)) == reset_link.LATE
    assert claim(token, now=now + minutes(59.9)).password


# The second half: the asking browser, or the code


def test_another_browser_needs_the_code_as_people_type_it(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    assert reset.look(token=token, browser_token=STRANGERS, now=now).needs_code
    assert not reset.look(token=token, browser_token=HERS, now=now).needs_code
    typed = f" {code[:3].lower()}-{code[3:].lower()} "
    assert claim(token, now=now, browser_token=STRANGERS, code=typed).password


def test_charlie_with_alices_mail_but_neither_browser_nor_code_gets_nothing(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    for wrong in ("", "AAAAAA", code[::-1] + "X", code + "C"):
        with pytest.raises(reset.CodeRefused):
            claim(token, now=now, browser_token=STRANGERS, code=wrong)
    assert fresh(alice).password == alice.password
    assert events("account:reset:refused")[0].detail["reason"] == reset_claim.WRONG_CODE


def test_charlie_cannot_use_his_own_code_on_the_link_he_asked_for_in_her_name(alice: Account, now: datetime) -> None:
    hers, her_code = asked(alice, now=now)
    his, his_code = asked(alice, now=now, browser_token=STRANGERS)
    for token, code in ((hers, his_code), (his, her_code)):
        with pytest.raises(reset.CodeRefused):
            claim(token, now=now, browser_token="", code=code)
    with pytest.raises(reset.CodeRefused):
        claim(hers, now=now, browser_token=STRANGERS)


def test_five_wrong_codes_and_the_right_one_is_not_taken_any_more_but_her_browser_is(
    alice: Account, now: datetime
) -> None:
    token, code = asked(alice, now=now)
    for _ in range(5):
        with pytest.raises(reset.CodeRefused):
            claim(token, now=now, browser_token=STRANGERS, code="CCCCCC")
    assert over(token, now=now, browser_token=STRANGERS, code=code) == reset_link.TRIES
    with pytest.raises(reset.ResetOver):
        reset.look(token=token, browser_token=STRANGERS, now=now)
    assert claim(token, now=now).password


def test_four_wrong_codes_leave_one_try(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    for _ in range(4):
        with pytest.raises(reset.CodeRefused):
            claim(token, now=now, browser_token=STRANGERS, code="CCCCCC")
    assert claim(token, now=now, browser_token=STRANGERS, code=code).password


def test_a_link_begun_by_staff_needs_the_code_in_every_browser(alice: Account, now: datetime) -> None:
    code = reset.start_by_staff(account=alice, by=DESK, now=now)
    token = token_in(mails(alice.username)[0])
    with pytest.raises(reset.CodeRefused):
        claim(token, now=now, browser_token="")
    assert claim(token, now=now, browser_token="", code=code).password
    assert events("account:reset:claimed")[0].detail["by_staff"] is True


# What it clears, and what it never does


def test_a_reset_clears_an_expired_password(alice: Account, now: datetime) -> None:
    late = now + days(62)
    expire(now=late)
    assert may_enter(alice, channel=Channel.PORTAL, now=late).reason is Reason.EXPIRED
    token, _ = asked(alice, now=late)
    assert try_login(alice, claim(token, now=late).password, now=late).account == alice


def test_a_reset_clears_inactivity_a_lapsed_temporary_and_a_revoked_password(now: datetime) -> None:
    inactive, lapsed, revoked = (new_account(f"400001{n}", now=now) for n in range(3))
    late = now + days(59)
    Account.objects.filter(pk=inactive.pk).update(issued_at=now - days(30), last_login=now - days(1))
    Account.objects.filter(pk=lapsed.pk).update(temporary=True, temporary_until=now)
    Account.objects.filter(pk=revoked.pk).update(revoked_at=now)
    for account, reason in (
        (inactive, Reason.INACTIVE),
        (lapsed, Reason.TEMPORARY_LAPSED),
        (revoked, Reason.REVOKED),
    ):
        assert may_enter(fresh(account), channel=Channel.PORTAL, now=late).reason is reason
        token, _ = asked(account, now=late)
        assert try_login(account, claim(token, now=late).password, now=late).account == account


def test_a_reset_clears_the_tries_counted_against_the_owner(alice: Account, now: datetime) -> None:
    for _ in range(6):
        with pytest.raises(LoginRefused):
            try_login(alice, "wrong", now=now, network=CAFE)
    token, _ = asked(alice, now=now)
    password = claim(token, now=now).password
    assert try_login(alice, password, now=now, network=CAFE).account == alice


@pytest.mark.parametrize("status", [CertificationStatus.SUSPENDED, CertificationStatus.DECERTIFIED])
def test_a_reset_never_lifts_what_the_exchange_decided(
    alice: Account, now: datetime, status: CertificationStatus
) -> None:
    token, _ = asked(alice, now=now)
    Agent.objects.filter(account=alice).update(status=status)
    assert over(token, now=now) == status
    assert fresh(alice).password == alice.password


def test_the_page_of_a_barred_accounts_link_is_over_before_anybody_presses_its_button(
    alice: Account, now: datetime
) -> None:
    token, _ = asked(alice, now=now)
    Agent.objects.filter(account=alice).update(status=CertificationStatus.SUSPENDED)
    with pytest.raises(reset.ResetOver):
        reset.look(token=token, browser_token=HERS, now=now)


def test_who_is_decertified_while_the_new_password_is_hashed_does_not_get_it(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = asked(alice, now=now)

    def slowly() -> Generated:
        Agent.objects.filter(account=alice).update(status=CertificationStatus.DECERTIFIED)
        return generate()

    monkeypatch.setattr("extranet.credentials.reset_claim.generate", slowly)
    assert over(token, now=now) == "decertified"
    assert fresh(alice).password == alice.password
    assert ResetLink.objects.get().state == ResetLink.State.OPEN


def test_a_disabled_account_claims_nothing_and_being_enabled_revives_no_link(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    disable(account=alice, reason="left", by=DESK, now=now)
    assert over(token, now=now) == "ended"
    Account.objects.filter(pk=alice.pk).update(disabled_at=None)
    assert over(token, now=now) == "ended"


def test_sessions_end_and_those_of_others_do_not(alice: Account, bob: Account, now: datetime) -> None:
    for account, key in ((alice, "a" * 32), (bob, "b" * 32)):
        sessions.begin(account=account, session_key=key, network=HOME, browser=BROWSER, now=now)
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    assert LiveSession.objects.get(key_digest=stored_key("a" * 32)).ended_reason == "reset"
    assert LiveSession.objects.get(key_digest=stored_key("b" * 32)).ended_at is None


def test_the_owner_is_told_by_mail(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now)
    notice = next(mail for mail in mails(alice.username) if mail.kind == "password_was_reset")
    assert notice.key == f"password_was_reset:{alice.username}:{fresh(alice).password_serial}"
    assert notice.to_address == "4000001@agents.test"
    assert claimed.password not in str(OutboxMail.objects.filter(pk=notice.pk).values().get())


def test_an_address_that_was_spoiled_since_keeps_nobody_out(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    Agent.objects.filter(account=alice).update(email="spoiled")
    assert claim(token, now=now).password


def test_mails_that_would_mislead_do_not_leave_any_more(alice: Account, now: datetime) -> None:
    issue_again(account=alice, by=DESK, now=now)
    asked(alice, now=now)
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    states = {mail.kind: mail.state for mail in mails(alice.username)}
    assert states == {
        "password": MailState.CANCELLED,
        "reset_link": MailState.CANCELLED,
        "password_was_reset": MailState.QUEUED,
    }


def test_the_browser_is_known_from_then_on(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    claimed = claim(token, now=now)
    assert KnownDevice.objects.get(account=alice).browser == BROWSER
    try_login(alice, claimed.password, now=now, device=claimed.device_token)
    assert events("account:login:succeeded")[0].detail["known_device"] is True


def test_staff_get_a_password_but_no_session_without_their_second_factor(now: datetime) -> None:
    dora = new_staff(now=now)
    token, _ = asked(dora, now=now)
    assert try_login(dora, claim(token, now=now).password, now=now).needs_second_factor


def test_the_trail_names_the_claim_and_holds_no_secret(alice: Account, now: datetime) -> None:
    token, code = asked(alice, now=now)
    claimed = claim(token, now=now)
    (event,) = events("account:reset:claimed")
    assert (event.actor, event.subject, event.network) == (alice.username, alice.username, HOME)
    everything = str([(e.action, e.subject, e.detail) for name in ACTIONS for e in events(name)])
    for secret in (token, code, claimed.password, claimed.shown_token, claimed.device_token):
        assert secret not in everything


ACTIONS = ("account:reset:asked", "account:reset:claimed", "account:password:issued", "account:reset:refused")


def test_a_crash_in_the_middle_leaves_the_old_password_and_a_living_link(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = asked(alice, now=now)

    def crash(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("extranet.credentials.reset_claim._tell_owner", crash)
    with pytest.raises(KeyboardInterrupt):
        claim(token, now=now)
    monkeypatch.undo()
    assert fresh(alice).password == alice.password
    assert not ShownPassword.objects.exists()
    assert not events("account:password:issued")
    assert claim(token, now=now).password


def test_a_link_whose_claim_was_killed_opens_again_after_half_a_minute(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    ResetLink.objects.update(taken_until=now + HASHED_WITHIN)  # as a killed process leaves it
    assert over(token, now=now) == "raced"
    assert claim(token, now=now + HASHED_WITHIN).password


def test_who_finds_the_machine_too_busy_may_press_the_button_again(
    alice: Account, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _ = asked(alice, now=now)

    def busy() -> Generated:
        raise HashingBusy

    monkeypatch.setattr("extranet.credentials.reset_claim.generate", busy)
    with pytest.raises(HashingBusy):
        claim(token, now=now)
    monkeypatch.undo()
    assert claim(token, now=now).password


def test_after_a_reset_that_staff_began_no_other_device_is_known(alice: Account, now: datetime) -> None:
    before = devices.mark_known(account=alice, browser="", now=now)
    token, _ = asked(alice, now=now)
    claim(token, now=now)
    assert devices.recognise(username=alice.username, token=before)  # the owner's own reset ends none
    code = reset.start_by_staff(account=alice, by=DESK, now=now)
    mail = next(mail for mail in mails(alice.username) if mail.kind == "reset_started_by_staff")
    mine = claim(token_in(mail), now=now, code=code)
    assert devices.recognise(username=alice.username, token=before) is None
    assert devices.recognise(username=alice.username, token=mine.device_token)


# Where policy lets people choose (SP 800-63B-4)


def test_under_that_policy_the_person_chooses_and_need_not_change_it(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    token, _ = asked(alice, now=now)
    assert reset.look(token=token, browser_token=HERS, now=now).chosen
    assert claim(token, now=now, chosen=NEW).password == ""
    assert not try_login(alice, NEW, now=now).must_change


def test_a_choice_that_is_weak_or_was_used_leaves_link_and_password(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    token, _ = asked(alice, now=now)
    with pytest.raises(reset.ChoiceRefused) as refused:
        claim(token, now=now, chosen="short")
    assert "too_short" in refused.value.reasons
    assert try_login(alice, CHOSEN, now=now).account == alice
    assert claim(token, now=now, chosen=NEW).username == alice.username


def test_a_chosen_password_lifts_inactivity_too(
    alice: Account, now: datetime, under_policy: Callable[[str], None]
) -> None:
    under_policy("nist_63b4")
    late = now + days(100)
    Account.objects.filter(pk=alice.pk).update(expires_on=None)
    assert may_enter(fresh(alice), channel=Channel.PORTAL, now=late).reason is Reason.INACTIVE
    token, _ = asked(alice, now=late)
    claim(token, now=late, chosen=NEW)
    assert try_login(alice, NEW, now=late).account == alice


def test_under_the_job_aids_policy_a_choice_is_not_asked_for_and_not_taken(alice: Account, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    assert not reset.look(token=token, browser_token=HERS, now=now).chosen
    assert claim(token, now=now, chosen=NEW).password not in ("", NEW)
