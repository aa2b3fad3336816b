"""A page that forgot to say for whom it is opens for nobody."""

from collections.abc import Iterator
from datetime import datetime

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, include, path
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.web.access import ANYBODY, Rule, access
from tests.credentials.people import events, new_account
from tests.web.people import browser, signed_in


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("an open door")


@access(ANYBODY)
def declared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for anybody")


urlpatterns = [path("forgotten/", forgotten), path("declared/", declared), path("", include("extranet.urls"))]


def every_route(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for part in resolver.url_patterns:
        if isinstance(part, URLResolver):
            yield from every_route(part, before + str(part.pattern))
        else:
            yield before + str(part.pattern), part


@pytest.mark.parametrize("urlconf", ["extranet.urls", "extranet.web.reset_site.host_urls"])
def test_every_route_declares_its_rule(urlconf: str) -> None:
    routes = dict(every_route(get_resolver(urlconf)))
    assert routes
    assert [name for name, route in routes.items() if not isinstance(getattr(route.callback, "access", 0), Rule)] == []


@pytest.mark.django_db
def test_a_view_without_a_rule_is_refused_to_everybody_and_recorded(settings: Settings, now: datetime) -> None:
    settings.ROOT_URLCONF = __name__
    with time_machine.travel(now, tick=False):
        for client in (browser(), signed_in(new_account(now=now))):
            assert client.get("/declared/").content == b"for anybody"
            answer = client.get("/forgotten/")
            assert answer.status_code == 403
            assert b"an open door" not in answer.content
        refused = events(Action.ACCESS_REFUSED, "/forgotten/")
    assert [event.detail for event in refused] == [{"why": "the page declares no rule"}]  # within a minute: one
