from django.urls import path

from extranet.web.second_factor import views

urlpatterns = [path("login/second-factor/", views.second_factor, name="second-factor")]
