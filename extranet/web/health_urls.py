"""Addresses that monitors ask; nobody logs in for them."""

from django.urls import path

from extranet.web import health

urlpatterns = [
    path("live", health.live, name="health-live"),
    path("ready", health.ready, name="health-ready"),
]
