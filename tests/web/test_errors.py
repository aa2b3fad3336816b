"""Error pages help and give nothing away."""

import pytest
from django.http import HttpRequest
from django.test import Client
from pytest_django.fixtures import Settings

from extranet.profile.loader import current
from extranet.reports.store_answers import is_store_away
from extranet.vault.stores import ObjectMissing
from extranet.web import errors

pytestmark = pytest.mark.urls("tests.web.frame_urls")


@pytest.mark.parametrize("status", sorted(errors.WORDS))
def test_each_error_says_what_happened_what_to_do_and_whom_to_ask(client: Client, status: int) -> None:
    response = client.get(f"/refusing/{status}/")
    page = response.content.decode()
    assert response.status_code == status
    assert f"<h1>{errors.WORDS[status].title}</h1>" in page
    assert 'role="alert"' in page
    assert "What you can do" in page
    assert current().service_center.phone in page
    assert page.count("<h1>") == 1


def test_the_contract_has_a_page_for_each_of_its_errors() -> None:
    assert set(errors.WORDS) == {400, 403, 404, 410, 422, 429, 500, 503}


@pytest.mark.parametrize("status", [429, 503])
def test_waiting_has_an_end(client: Client, status: int) -> None:
    assert client.get(f"/refusing/{status}/")["Retry-After"] == "30"


def test_an_unknown_address_is_told_plainly_without_repeating_it(client: Client) -> None:
    response = client.get("/planted-address/")
    assert response.status_code == 404
    assert "planted-address" not in response.content.decode()


def test_a_fault_of_ours_shows_no_detail() -> None:
    response = Client(raise_request_exception=False).get("/broken/")
    assert response.status_code == 500
    assert "planted-secret-detail" not in response.content.decode()
    assert "Traceback" not in response.content.decode()


def test_a_store_that_is_away_is_told_as_something_that_will_pass(client: Client) -> None:
    response = client.get("/away/")
    assert (response.status_code, response["Retry-After"]) == (503, "60")
    assert errors.WORDS[503].title in response.content.decode()
    assert "s3://" not in response.content.decode()


def test_an_object_that_is_missing_from_the_store_will_not_pass() -> None:
    assert not is_store_away(ObjectMissing("planted.pack is not in s3://planted/place"))


def test_an_error_page_needs_no_database(client: Client) -> None:
    """No django_db mark: the database is blocked, and a query would raise."""
    client.cookies["session"] = "somebody"
    assert errors.server_error(HttpRequest()).status_code == 500


def test_an_error_page_comes_even_where_the_profile_is_gone(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.EXTRANET = settings.EXTRANET.model_copy(update={"profile": "/nowhere"})
    response = errors.server_error(HttpRequest())
    assert response.status_code == 500
    assert errors.WORDS[500].title in response.content.decode()
    assert "/nowhere" not in response.content.decode()
    assert "could not be rendered" in caplog.text


def test_a_form_without_its_token_is_refused_without_the_reason() -> None:
    response = Client(enforce_csrf_checks=True).post("/plain/", {"a": "b"})
    assert response.status_code == 403
    page = response.content.decode()
    assert errors.FORM_TOO_OLD.title in page
    assert "CSRF" not in page


def test_a_stranger_host_gets_a_page_without_the_host(client: Client) -> None:
    response = client.get("/plain/", HTTP_HOST="evil.example")
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()
