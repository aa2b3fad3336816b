"""The agent's portal. Its home stands where the profile says (J3)."""

from django.urls import path

from extranet.profile.loader import current
from extranet.web.portal import (
    account,
    agreement,
    book,
    changes,
    download,
    email_veto,
    home,
    login,
    logout,
    own_email,
    password,
    sessions,
    support,
)

HOME = current().portal_path.strip("/")

urlpatterns = [
    path("", home.root, name="root"),
    path(HOME, home.home, name="home"),
    path(f"{HOME}/", home.root),
    path("login/", login.login, name="login"),
    path("logout/", logout.logout, name="logout"),
    path("agreement/", agreement.agreement, name="agreement"),
    path("reports/<slug:kind>/", book.book, name="book"),
    path("reports/<slug:kind>/changes/", changes.changes, name="changes"),
    path("reports/<slug:kind>/download/", download.download, name="download"),
    path("account/", account.account, name="account"),
    path("account/keepalive/", logout.keep_alive, name="keepalive"),
    path("account/sessions/", sessions.sessions, name="sessions"),
    path("account/sessions/end-others/", sessions.end_others, name="sessions-end-others"),
    path("account/sessions/<uuid:session_id>/end/", sessions.end, name="session-end"),
    path("account/password/", password.password, name="password"),
    path("account/email/", own_email.own_email, name="own-email"),
    path("account/email/prove/", own_email.prove_own_email, name="own-email-prove"),
    path("account/email/stop/", own_email.stop_own_email, name="own-email-stop"),
    path("email-change/<str:token>/", email_veto.email_veto, name="email-veto"),
    path("support/", support.support, name="support"),
]
