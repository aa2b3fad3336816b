"""Pages that exist in the demonstration only."""

from django.urls import path

from extranet.demo import views

urlpatterns = [
    path("", views.walk, name="demo-home"),
    path("mailbox/", views.mailbox, name="demo-mailbox"),
    path("mailbox/<str:name>/", views.mail, name="demo-mail"),
    path("codes/", views.codes, name="demo-codes"),
]
