"""The pages of who publishes the reports and keeps the roster, and the home of all staff."""

from django.urls import path

from extranet.web.staff import home

urlpatterns = [
    path("", home.home, name="staff-home"),
]
