"""What every answer carries, whatever the view did."""

from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.core.checks import run_checks
from django.test import Client
from pytest_django import DjangoAssertNumQueries
from pytest_django.fixtures import Settings

from extranet.web.headers import check_policy, header_value, policy
from extranet.web.methods import METHODS

pytestmark = pytest.mark.urls("tests.web.frame_urls")


def directives(response_policy: str) -> dict[str, list[str]]:
    return {part.split()[0]: part.split()[1:] for part in response_policy.split("; ")}


def test_a_page_may_load_from_this_site_only_and_nothing_inline(client: Client) -> None:
    found = directives(client.get("/plain/")["Content-Security-Policy"])
    assert found["default-src"] == ["'none'"]
    for name in ("script-src", "style-src", "img-src", "font-src", "connect-src"):
        assert found[name] == ["'self'"], name
    assert found["frame-ancestors"] == ["'none'"]
    assert found["base-uri"] == ["'none'"]
    assert "unsafe" not in client.get("/plain/")["Content-Security-Policy"]


def test_forms_lead_to_portal_and_reset_site_only(client: Client) -> None:
    found = directives(client.get("/plain/")["Content-Security-Policy"])
    assert found["form-action"] == ["'self'", "http://portal.test", "http://reset.test"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    ],
)
@pytest.mark.parametrize("address", ["/plain/", "/careless/", "/missing/", "/refusing/500/", "/health/live"])
def test_every_answer_carries_the_header(client: Client, address: str, name: str, value: str) -> None:
    assert client.get(address)[name] == value


def test_devices_are_switched_off(client: Client) -> None:
    off = client.get("/plain/")["Permissions-Policy"].split(", ")
    assert {"camera=()", "microphone=()", "geolocation=()", "payment=()", "usb=()"} <= set(off)


def test_https_is_pinned_where_the_site_is_served_by_https(settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31536000
    assert Client().get("/plain/")["Strict-Transport-Security"] == "max-age=31536000"
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    assert Client().get("/plain/")["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_plain_http_pins_nothing(client: Client) -> None:
    assert "Strict-Transport-Security" not in client.get("/plain/")


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PROPFIND", "DEBUG"])
def test_unknown_methods_are_refused_before_any_view(client: Client, method: str) -> None:
    response = client.generic(method, "/plain/")
    assert response.status_code == 405
    assert response["Allow"] == ", ".join(METHODS)
    assert response["Cache-Control"] == "no-store"


def test_static_files_may_be_kept(settings: Settings) -> None:
    Path(live_settings.STATIC_ROOT, "kept.css").write_text("body{}")
    response = Client().get("/static/kept.css")
    assert response.status_code == 200
    assert response["Cache-Control"].startswith("max-age")
    assert response["X-Content-Type-Options"] == "nosniff"


def test_a_missing_static_file_is_not_kept(client: Client) -> None:
    assert client.get("/static/nowhere.css")["Cache-Control"] == "no-store"


def test_the_policy_is_a_setting(settings: Settings) -> None:
    settings.SECURE_CSP = {"default-src": ["'none'"], "img-src": ["'self'"]}
    assert Client().get("/plain/")["Content-Security-Policy"] == "default-src 'none'; img-src 'self'"


@pytest.mark.parametrize("source", ["'unsafe-inline'", "'unsafe-eval'", "*", "data:", "https:"])
def test_a_loose_policy_is_refused_by_the_check(settings: Settings, source: str) -> None:
    settings.SECURE_CSP = {**policy(), "script-src": ["'self'", source]}
    assert f"SECURE_CSP allows script-src {source}" in [error.msg for error in run_checks(tags=["security"])]


def test_our_own_policy_passes_the_check() -> None:
    assert check_policy() == []
    assert header_value({"default-src": ["'none'"]}) == "default-src 'none'"


@pytest.mark.django_db
def test_the_headers_cost_no_query(client: Client, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(0):
        client.get("/plain/")
