from django.urls import path

from extranet.web.second_factor import passkey, views

urlpatterns = [
    path("login/second-factor/", views.second_factor, name="second-factor"),
    path("login/second-factor/passkey/", passkey.after_password, name="second-factor-passkey"),
    path("login/second-factor/passkey/begin/", passkey.begin_after_password, name="second-factor-passkey-begin"),
    path("login/passkey/", passkey.alone, name="login-passkey"),
    path("login/passkey/begin/", passkey.begin_alone, name="login-passkey-begin"),
]
