"""The agent's portal. Its home stands where the profile says (J3)."""

from django.urls import path

from extranet.profile.loader import current
from extranet.web.portal import (
    account,
    agency_staff,
    agency_staff_account,
    agreement,
    book,
    changes,
    download,
    email_veto,
    home,
    login,
    logout,
    mail_language,
    own_certificate,
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
    path("account/language/", mail_language.mail_language, name="mail-language"),
    path("account/email/", own_email.own_email, name="own-email"),
    path("account/email/prove/", own_email.prove_own_email, name="own-email-prove"),
    path("account/email/stop/", own_email.stop_own_email, name="own-email-stop"),
    path("account/certificate/", own_certificate.own_certificate_page, name="own-certificate"),
    path("account/certificate/remove/", own_certificate.remove_certificate, name="own-certificate-remove"),
    path("account/staff/", agency_staff.agency_staff, name="agency-staff"),
    path("account/staff/<uuid:account_id>/", agency_staff_account.account, name="agency-staff-account"),
    path("account/staff/<uuid:account_id>/link/", agency_staff_account.new_link, name="agency-staff-link"),
    path("account/staff/<uuid:account_id>/revoke/", agency_staff_account.revoke_all, name="agency-staff-revoke"),
    path(
        "account/staff/<uuid:account_id>/<str:license>/end/",
        agency_staff_account.end_book,
        name="agency-staff-book-end",
    ),
    path("account/staff/rights/<uuid:grant_id>/end/", agency_staff.end_grant, name="agency-staff-grant-end"),
    path("email-change/<str:token>/", email_veto.email_veto, name="email-veto"),
    path("support/", support.support, name="support"),
]
