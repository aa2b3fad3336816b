"""A passkey after the password, and alone: one gate, one answer for every refusal, what day 60 means (IA-2)."""

from datetime import date, datetime

from extranet.credentials.disable import disable
from extranet.credentials.models import Account
from tests.credentials.authenticator import SoftKey
from tests.credentials.people import DESK
from tests.web.own_factors.conftest import Clock
from tests.web.own_factors.walks import add_passkey, alone
from tests.web.people import browser, log_in, signed_in, text_of

SECOND = "/login/second-factor/passkey/"


def test_after_the_password_a_passkey_completes_the_login(alice: Account) -> None:
    key = SoftKey()
    add_passkey(signed_in(alice), key)
    client = browser()
    assert log_in(client, alice).headers["Location"] == "/login/second-factor/"
    assert "Use a passkey" in text_of(client.get("/login/second-factor/"))
    options = client.post(f"{SECOND}begin/").json()
    assert len(options["publicKey"]["allowCredentials"]) == 1
    assert client.post(SECOND, {"credential": key.get(options)}).headers["Location"] == "/sites/ccAgentPortal"
    assert client.get("/account/").status_code == 200


def test_without_the_password_there_is_no_challenge_that_names_her_passkeys(alice: Account) -> None:
    add_passkey(signed_in(alice), SoftKey())
    client = browser()
    assert client.post(f"{SECOND}begin/").status_code == 403
    assert client.post(SECOND, {"credential": "{}"}).headers["Location"] == "/login/"
    assert not client.post("/login/passkey/begin/").json()["publicKey"].get("allowCredentials")


def test_a_wrong_passkey_after_the_password_says_so_and_a_code_still_does(alice: Account, bob: Account) -> None:
    hers, his = SoftKey(), SoftKey()
    add_passkey(signed_in(alice), hers)
    add_passkey(signed_in(bob), his)
    client = browser()
    log_in(client, alice)
    options = client.post(f"{SECOND}begin/").json()
    answer = client.post(SECOND, {"credential": his.get(options)})
    assert "does not fit" in text_of(answer)
    assert client.get("/account/").headers["Location"].startswith("/login/")


def test_alone_it_opens_what_was_asked_for_under_a_new_id(alice: Account) -> None:
    key = SoftKey()
    add_passkey(signed_in(alice), key)
    client = browser()
    client.post("/login/passkey/begin/")
    before = client.session.session_key
    assert alone(client, key, next="/account/").headers["Location"] == "/account/"
    assert client.session.session_key != before
    assert client.get("/account/").status_code == 200
    assert alone(browser(), key, next="https://evil.test/").headers["Location"] == "/sites/ccAgentPortal"


def test_the_answer_of_one_browser_is_worth_nothing_in_another(alice: Account) -> None:
    key = SoftKey()
    add_passkey(signed_in(alice), key)
    hers, charlies = browser(), browser()
    charlies.post("/login/passkey/begin/")
    answer = key.get(hers.post("/login/passkey/begin/").json())
    assert charlies.post("/login/passkey/", {"credential": answer}).status_code == 200
    assert charlies.get("/account/").headers["Location"].startswith("/login/")


def test_an_expired_password_bars_the_passkey_and_says_what_helps(alice: Account, clock: Clock, now: datetime) -> None:
    key = SoftKey()
    add_passkey(signed_in(alice), key)
    Account.objects.filter(pk=alice.pk).update(expires_on=date(2026, 11, 15))
    client = browser()
    page = text_of(alone(client, key))
    assert "Your passkey is right, but the time of your password is over" in page
    assert client.get("/account/").headers["Location"].startswith("/login/")


def test_who_is_disabled_hears_what_a_stranger_hears(alice: Account, now: datetime) -> None:
    key = SoftKey()
    add_passkey(signed_in(alice), key)
    disable(account=alice, reason="left", by=DESK, now=now)
    barred, unknown = alone(browser(), key), alone(browser(), SoftKey(handle=b"0" * 32))
    assert barred.status_code == unknown.status_code == 200
    assert barred.context["fault"] == unknown.context["fault"]
    assert 'role="alert"' in text_of(barred)


def test_challenges_run_out_for_a_network_and_say_when_to_come_back(db: None) -> None:
    client = browser()
    for _ in range(100):
        assert client.post("/login/passkey/begin/").status_code == 200
    answer = client.post("/login/passkey/begin/")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1800")


def test_looking_at_the_login_makes_no_session(db: None) -> None:
    client = browser()
    client.get("/login/")
    assert "session" not in client.cookies


def test_the_forms_need_their_token(alice: Account) -> None:
    client = browser(csrf=True)
    for address in ("/login/passkey/begin/", "/login/passkey/", f"{SECOND}begin/", SECOND):
        assert client.post(address).status_code == 403
