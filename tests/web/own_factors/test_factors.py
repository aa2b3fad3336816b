"""The pages on which a person sets up, sees, renews and removes the own second factors (IA-2)."""

from datetime import datetime, timedelta

from extranet.credentials.models import Account
from extranet.credentials.second_factor import code_at, secret_of
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import new_staff
from tests.web.own_factors.conftest import Choose, Clock
from tests.web.own_factors.walks import (
    APP,
    CODES,
    FACTORS,
    PASSKEYS,
    add_passkey,
    alone,
    codes_on,
    key_on,
    set_up_app,
    with_code,
)
from tests.web.people import browser, log_in, signed_in, text_of
from tests.web.staff.people import at_work


def test_alice_sets_up_an_app_and_logs_in_with_its_code(
    alice: Account, bob: Account, clock: Clock, now: datetime
) -> None:
    client = signed_in(alice)
    codes = set_up_app(client)
    assert len(codes) == 10
    assert "On since" in text_of(client.get(FACTORS))
    later = now + timedelta(minutes=2)
    clock.move_to(later)
    again = browser()
    assert with_code(again, alice, later).headers["Location"] == "/sites/ccAgentPortal"
    assert log_in(browser(), bob).headers["Location"] == "/sites/ccAgentPortal"


def test_looking_at_the_key_again_shows_the_same_key_and_changes_nothing(alice: Account) -> None:
    client = signed_in(alice)
    assert key_on(client) == key_on(client)
    assert "Set up an authenticator app" in text_of(client.get(FACTORS))


def test_another_session_is_shown_another_key(alice: Account) -> None:
    first = key_on(signed_in(alice))
    assert key_on(signed_in(alice)) != first


def test_a_wrong_code_says_so_beside_the_field(alice: Account) -> None:
    answer = signed_in(alice).post(APP, {"code": "000000"})
    assert 'role="alert"' in text_of(answer)
    assert "does not fit the key" in text_of(answer)


def test_recovery_codes_are_shown_again_for_ten_minutes_in_that_session_only(
    alice: Account, clock: Clock, now: datetime
) -> None:
    client = signed_in(alice)
    codes = set_up_app(client)
    assert codes_on(client) == codes
    assert not [code for code in codes if code in str(dict(client.session.items()))]
    clock.move_to(now + timedelta(minutes=10))
    assert codes_on(client) == []


def test_new_codes_replace_the_old_ones(alice: Account) -> None:
    client = signed_in(alice)
    old = set_up_app(client)
    assert client.post(CODES).headers["Location"] == CODES
    new = codes_on(client)
    assert len(new) == 10
    assert not set(old) & set(new)


def test_the_session_has_another_id_once_a_factor_is_bound(alice: Account) -> None:
    client = signed_in(alice)
    before = client.session.session_key
    set_up_app(client)
    assert client.session.session_key != before
    stolen = browser()
    stolen.cookies["session"] = str(before)
    assert stolen.get("/account/").headers["Location"].startswith("/login/")


def test_where_it_is_offered_the_app_can_be_removed_again(alice: Account) -> None:
    client = signed_in(alice)
    set_up_app(client)
    assert client.post(f"{APP}remove/").headers["Location"] == FACTORS
    assert "was removed" in text_of(client.get(FACTORS))
    assert log_in(browser(), alice).headers["Location"] == "/sites/ccAgentPortal"


def test_a_passkey_is_added_listed_and_removed(alice: Account, bob: Account) -> None:
    client, key = signed_in(alice), SoftKey()
    assert add_passkey(client, key, "Alice's <phone>").headers["Location"] == CODES
    page = text_of(client.get(FACTORS))
    assert "Alice&#x27;s &lt;phone&gt;" in page
    assert "not used yet" in page
    held = client.get(FACTORS).context["factors"].passkeys[0]
    assert alone(browser(), key).headers["Location"] == "/sites/ccAgentPortal"

    bobs = signed_in(bob)
    bobs.post(f"{PASSKEYS}{held.id}/remove/")
    client = browser()
    alone(client, key)
    assert "Alice&#x27;s" in text_of(client.get(FACTORS))
    client.post(f"{PASSKEYS}{held.id}/remove/")
    assert "Alice&#x27;s" not in text_of(client.get(FACTORS))
    assert alone(browser(), key).status_code == 200


def test_a_lost_passkey_is_removed_with_the_help_of_the_other_factor(
    alice: Account, clock: Clock, now: datetime
) -> None:
    client, lost = signed_in(alice), SoftKey()
    set_up_app(client)
    add_passkey(client, lost, "lost phone")
    later = now + timedelta(minutes=2)
    clock.move_to(later)
    again = browser()
    with_code(again, alice, later)
    held = again.get(FACTORS).context["factors"].passkeys[0]
    again.post(f"{PASSKEYS}{held.id}/remove/")
    assert alone(browser(), lost).status_code == 200


def test_a_refused_passkey_and_a_blank_name_say_so(alice: Account) -> None:
    client = signed_in(alice)
    options = client.post(f"{PASSKEYS}begin/").json()
    blank = client.post(PASSKEYS, {"name": "", "credential": SoftKey().create(options)})
    assert blank.status_code == 422
    false = client.post(PASSKEYS, {"name": "x", "credential": "{}"})
    assert false.status_code == 422
    assert "was not added" in text_of(false)
    assert client.get(FACTORS).context["factors"].passkeys == []


def test_staff_add_a_passkey_and_keep_their_last_factor(db: None, now: datetime) -> None:
    dora, key = new_staff(now=now), SoftKey()
    client = at_work(dora)
    add_passkey(client, key)
    held = client.get(FACTORS).context["factors"].passkeys[0]
    assert f"{PASSKEYS}{held.id}/remove/" not in text_of(client.get(FACTORS))
    client.post(f"{PASSKEYS}{held.id}/remove/")
    assert "only second factor" in text_of(client.get(FACTORS))
    assert alone(browser(), key).headers["Location"] == "/staff/"


def test_where_it_is_required_an_agent_sets_one_up_before_anything_else(
    alice: Account, under_policy: Choose, now: datetime
) -> None:
    under_policy("arc_ampe")
    client = browser()
    log_in(client, alice)
    assert client.get(FACTORS).headers["Location"] == "/agreement/"  # in their order
    client.post("/agreement/", {"version": client.get("/agreement/").context["version"]})
    for closed in ("/sites/ccAgentPortal", "/reports/book-of-business/", "/account/", "/reports/x/download/"):
        assert client.get(closed).headers["Location"] == FACTORS
    page = text_of(client.get(FACTORS))
    assert "needs a second factor before anything else opens" in page
    assert "Book of Business" not in page  # no navigation
    set_up_app(client)
    assert client.get("/sites/ccAgentPortal").status_code == 200
    client.post(f"{APP}remove/")
    assert "only second factor" in text_of(client.get(FACTORS))
    assert code_at(secret=secret_of(alice), now=now)


def test_a_passkey_does_as_the_required_factor(alice: Account, under_policy: Choose) -> None:
    under_policy("nist_63b4")
    client = signed_in(alice)
    assert client.get("/account/").headers["Location"] == FACTORS
    assert add_passkey(client, SoftKey()).headers["Location"] == CODES
    assert client.get("/account/").status_code == 200


def test_a_stranger_gets_none_of_it(db: None) -> None:
    client = browser()
    for address in (FACTORS, APP, CODES):
        assert client.get(address).headers["Location"].startswith("/login/")
    for address in (f"{PASSKEYS}begin/", PASSKEYS, f"{PASSKEYS}1/remove/", f"{APP}remove/", CODES):
        assert client.post(address).headers["Location"].startswith("/login/")
