"""Keys of books hang on the master key, never on a password: who forgets one loses no book."""

from datetime import datetime

from extranet.credentials.models import Account
from tests.credentials.people import NEW
from tests.credentials.reset_walks import asked, claim
from tests.web.people import browser, log_in
from tests.web.portal.test_book import names


def test_after_a_reset_the_book_is_the_same(alice: Account, published: None, now: datetime) -> None:
    token, _ = asked(alice, now=now)
    given = claim(token, now=now).password
    client = browser()
    assert log_in(client, alice, given).status_code == 302
    client.post("/account/password/", {"old": given, "new": NEW, "again": NEW})
    client.post("/agreement/", {"version": client.get("/agreement/").context["version"]})
    assert names(client) == ["&lt;b&gt;Bold&lt;/b&gt;", "Abbott", "Nuñez-Ortega"]
