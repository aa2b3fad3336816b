"""The pages of the service desk, the auditors and the administrators."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
