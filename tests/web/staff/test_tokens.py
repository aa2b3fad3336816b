"""Ada makes a token for her program: shown once, listed without itself, ended by her alone."""

import re

from django.test import Client

from extranet.audit.actions import Action
from extranet.credentials.models import ApiToken
from tests.credentials.people import events
from tests.web.people import browser, text_of

PAGE = "/staff/tokens/"


def make(client: Client, **changes: str) -> str:
    """The token as the page shows it."""
    answer = client.post(PAGE, {"name": "weekly job", "networks": "", "days": "90", **changes})
    assert answer.status_code == 302, text_of(answer)
    shown = re.search(r'id="new-token"[^>]*>(\w+)<', text_of(client.get(answer["Location"])))
    assert shown
    return shown[1]


def enters(token: str) -> bool:
    return browser().get("/api/v1/publications", headers={"authorization": f"Bearer {token}"}).status_code == 200


def test_a_token_is_made_shown_and_used(publisher: Client) -> None:
    token = make(publisher, networks="198.51.100.0/24\n2001:db8::/64")
    assert enters(token)
    listed = text_of(publisher.get(PAGE))
    assert "weekly job" in listed
    assert "198.51.100.0/24, 2001:db8::/64" in listed
    assert token not in listed
    assert events(Action.TOKEN_MADE)[0].actor == "staff\\ada"


def test_it_is_seen_in_the_session_that_made_it_only(publisher: Client, second_publisher: Client) -> None:
    token = make(publisher)
    address = f"{PAGE}{ApiToken.objects.get().id}/"
    assert token in text_of(publisher.get(address))
    assert second_publisher.get(address).status_code == 404


def test_a_token_ends_by_its_owner_only(publisher: Client, second_publisher: Client) -> None:
    token = make(publisher)
    address = f"{PAGE}{ApiToken.objects.get().id}/end/"
    second_publisher.post(address)
    assert enters(token)
    assert "weekly job" not in text_of(second_publisher.get(PAGE))
    assert publisher.get(address).status_code == 405
    assert publisher.post(address)["Location"] == PAGE
    assert not enters(token)
    assert "You have no token." in text_of(publisher.get(PAGE))


def test_what_cannot_be_is_told_beside_its_field(publisher: Client) -> None:
    for changes, said in (({"networks": "home"}, "no network"), ({"days": "91"}, "90"), ({"name": ""}, "required")):
        refused = publisher.post(PAGE, {"name": "job", "networks": "", "days": "90", **changes})
        assert (refused.status_code, 'role="alert"' in text_of(refused)) == (422, True)
        assert said in text_of(refused)
    assert not ApiToken.objects.exists()


def test_nobody_else_makes_tokens(staff_clients: dict[str, Client], alices: Client) -> None:
    for stranger in [alices, *(client for role, client in staff_clients.items() if role != "publisher")]:
        assert [stranger.get(PAGE).status_code, stranger.post(PAGE, {"name": "x"}).status_code] == [403, 403]
