"""Each member of staff sees at once what waits for them."""

from django.test import Client


def test_every_role_has_a_home(staff_clients: dict[str, Client]) -> None:
    assert [client.get("/staff/").status_code for client in staff_clients.values()] == [200] * 4


def test_an_agent_has_none(alices: Client) -> None:
    assert alices.get("/staff/").status_code == 403
