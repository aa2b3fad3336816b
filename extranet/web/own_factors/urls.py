from django.urls import path

from extranet.web.own_factors import confirm, passkeys, views

urlpatterns = [
    path("account/second-factor/", views.factors, name="own-factors"),
    path("account/second-factor/app/", views.app, name="own-factors-app"),
    path("account/second-factor/app/remove/", views.remove_app, name="own-factors-app-remove"),
    path("account/second-factor/codes/", views.codes, name="own-factors-codes"),
    path("account/second-factor/passkeys/", passkeys.add, name="own-passkeys"),
    path("account/second-factor/passkeys/begin/", passkeys.begin, name="own-passkeys-begin"),
    path("account/second-factor/passkeys/<int:passkey>/remove/", passkeys.remove, name="own-passkeys-remove"),
    path("account/confirm/", confirm.confirm, name="confirm"),
    path("account/confirm/passkey/", confirm.passkey, name="confirm-passkey"),
    path("account/confirm/passkey/begin/", confirm.begin, name="confirm-passkey-begin"),
]
