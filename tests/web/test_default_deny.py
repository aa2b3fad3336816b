"""A page that forgot to say for whom it is opens for nobody. That no page forgot it: test_permissions.py."""

from datetime import datetime

import pytest
import time_machine
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from pytest_django import Settings

from extranet.audit.actions import Action
from extranet.web.access import ANYBODY, access
from tests.credentials.people import events, new_account
from tests.web.people import browser, signed_in


def forgotten(request: HttpRequest) -> HttpResponse:
    return HttpResponse("an open door")


@access(ANYBODY)
def declared(request: HttpRequest) -> HttpResponse:
    return HttpResponse("for anybody")


urlpatterns = [path("forgotten/", forgotten), path("declared/", declared), path("", include("extranet.urls"))]


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
