"""The pages of the service desk, the auditors and the administrators."""

from django.urls import URLPattern, path

from extranet.web.staff import (
    accounts,
    agent_acts,
    agent_identity,
    agents,
    audit,
    mail,
    mail_one,
    mail_words,
    removals,
    requests,
)

urlpatterns: list[URLPattern] = [
    path("agents/", agents.agents, name="staff-agents"),
    path("agents/<str:license>/", agents.agent, name="staff-agent"),
    path("agents/<str:license>/identity/", agent_identity.identity, name="staff-agent-identity"),
    path("agents/<str:license>/code/", agent_acts.code, name="staff-agent-code"),
    path("agents/<str:license>/do/<slug:act>/", agent_acts.act, name="staff-agent-act"),
    path("factor-removals/", removals.removals, name="staff-removals"),
    path("requests/", requests.requests, name="staff-requests"),
    path("requests/<str:number>/", requests.request_record, name="staff-request"),
    path("requests/<str:number>/take/", requests.take, name="staff-request-take"),
    path("requests/<str:number>/answer/", requests.answer_request, name="staff-request-answer"),
    path("requests/<str:number>/close/", requests.close_request, name="staff-request-close"),
    path("mail/", mail.mail, name="staff-mail"),
    path("mail/words/", mail_words.mail_words, name="staff-mail-words"),
    path("mail/words/<slug:language>/<slug:name>/", mail_words.one_mails_words, name="staff-mail-words-one"),
    path("mail/words/<slug:language>/<slug:name>/html/", mail_words.mail_words_html, name="staff-mail-words-html"),
    path("mail/held-back/", mail.held_back, name="staff-mail-held-back"),
    path("mail/<uuid:mail_id>/", mail_one.one_mail, name="staff-mail-one"),
    path("mail/<uuid:mail_id>/issue/", mail_one.issue, name="staff-mail-issue"),
    path("mail/<uuid:mail_id>/again/", mail_one.again, name="staff-mail-again"),
    path("mail/<uuid:mail_id>/address/", mail_one.address_works, name="staff-mail-address"),
    path("audit/", audit.audit, name="staff-audit"),
    path("audit/verify/", audit.verify, name="staff-audit-verify"),
    path("audit/export/", audit.export, name="staff-audit-export"),
    path("accounts/", accounts.accounts, name="staff-accounts"),
    path("accounts/<str:name>/", accounts.staff_account, name="staff-account"),
    path("accounts/<str:name>/link/", accounts.link, name="staff-account-link"),
    path("accounts/<str:name>/invite/", accounts.invite, name="staff-account-invite"),
    path("accounts/<str:name>/disable/", accounts.disable, name="staff-account-disable"),
    path("accounts/<str:name>/enable/", accounts.enable, name="staff-account-enable"),
]
