"""What a monitor may learn: that it works, or which dependency is away; never where it lives."""

from pathlib import Path

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from tests.s3 import environment, free_port

pytestmark = pytest.mark.urls("tests.web.frame_urls")


def test_live_answers_without_the_database(client: Client) -> None:
    """No django_db mark: a query would raise."""
    response = client.get("/health/live")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_answers_when_everything_is_there(client: Client) -> None:
    response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.django_db
def test_ready_names_the_database_when_it_is_away(client: Client) -> None:
    def away(*_args: object) -> None:
        raise DatabaseError("no route to db.internal")

    with connection.execute_wrapper(away):
        response = client.get("/health/ready")
    assert (response.status_code, response.json()) == (503, {"status": "unavailable", "away": ["database"]})


@pytest.mark.django_db
def test_ready_names_the_data_folder_when_it_is_gone(client: Client, settings: Settings, tmp_path: Path) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"data_dir": tmp_path / "unmounted"})
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["away"]) == (503, ["data", "store"])
    assert str(tmp_path) not in response.content.decode()


@pytest.mark.django_db
def test_ready_names_the_store_when_its_folder_is_no_folder(client: Client, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a-file").write_text("")
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"store_url": f"file://{tmp_path}/a-file"})
    assert client.get("/health/ready").json()["away"] == ["store"]


@pytest.mark.django_db
def test_ready_names_the_store_when_nobody_answers_there(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(f"http://127.0.0.1:{free_port()}").items():
        monkeypatch.setenv(name, value)
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"store_url": "s3://bucket/prefix"})
    response = client.get("/health/ready")
    assert (response.status_code, response.json()["away"]) == (503, ["store"])
    assert "bucket" not in response.content.decode()


@pytest.mark.parametrize("address", ["/health/live", "/health/ready"])
def test_health_is_only_asked_never_told(client: Client, address: str) -> None:
    assert client.post(address).status_code == 405
