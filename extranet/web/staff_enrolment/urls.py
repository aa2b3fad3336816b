from django.urls import path

from extranet.web.staff_enrolment import views

urlpatterns = [path("login/enrol/<str:token>/", views.enrolment, name="staff-enrolment")]
