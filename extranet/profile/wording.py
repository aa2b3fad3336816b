"""What a profile must put into words: the keys of page words and, a mail, the fields its templates may use.

The values beside the fields are samples: checks, tests and the preview for staff render every mail with them. A mail
gets exactly its own fields and the common ones; a template that names another field is refused.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

COMMON_FIELDS = ("exchange", "policy", "language", "portal_url", "login_url", "reset_url", "support_url")
"""Given to every mail by words.render: the Profile, the Policy, the code of the language, and four addresses under the
configured base URLs."""

USUAL = "usual"

_PERSON = {"first_name": "María", "last_name": "Nuñez-O'Connor"}
_LINK = {"link": "https://reset.example/x/abc?d=1&e=2", "minutes": 60}
_MOMENT = {"when": datetime(2026, 11, 23, 18, 5, tzinfo=UTC), "browser": "Firefox (Windows)"}

MAIL_FIELDS: Mapping[str, Mapping[str, object]] = {
    # username is always the short form, prefix and license; templates put the account domain before it (J14)
    "introduction": {**_PERSON, "kept_account": True, "username": "AB_1H12345"},  # username blank unless kept
    "username": {**_PERSON, "username": "AB_1H12345", "kept_account": False},  # kept: no password mail follows
    "password": {**_PERSON, "password": "mfkt-29rw-hxpe-7ncd", "valid_until": date(2026, 12, 7)},
    # link: to the page that asks for the user name; the password comes behind a reset_link with pickup
    "pickup": {**_PERSON, "link": _LINK["link"], "valid_until": date(2026, 12, 7)},
    "reset_link": {**_LINK, "pickup": True},  # not pickup: asked for on the reset site
    "reset_started_by_staff": _LINK,
    "password_was_reset": _MOMENT,
    "password_changed": _MOMENT,
    "api_token_made": {"when": _MOMENT["when"], "valid_until": date(2027, 2, 21)},
    "second_factor_changed": {**_MOMENT, "added": True, "app": True, "passkey": False, "codes": False},
    "factor_removal_asked": {"decide_by": datetime(2026, 11, 26, 18, 5, tzinfo=UTC)},
    "expiry_warning": {"expires_on": date(2026, 12, 3), "days": 10},
    "username_reminder": {**_PERSON, "username": "AB_1H12345"},
    # link: where the owner of the old address stops the change
    "email_change_old": {
        "new_email": "m•••@example.org",
        "wait_until": datetime(2026, 11, 26, 18, 5, tzinfo=UTC),
        "link": "https://portal.example/x/abc",
    },
    # code: proves the new address; blank where the roster vouches for it
    "email_change_new": {"active_on": datetime(2026, 11, 26, 18, 5, tzinfo=UTC), "code": "7KQM2R"},
    "email_changed": {},
    "request_received": {"number": "R-2026-000123"},
    "request_answered": {"number": "R-2026-000123", "answer": "Your account is open again.\n\nPlease try once more."},
    "book_ready": {
        "report_title": "Book of Business",
        "as_of": date(2026, 11, 23),
        "rows": 1410,
        "cases": 1,
        "compared": True,  # with the week before; if not, the three below are 0
        "added": 1,
        "gone": 0,
        "changed": 37,
    },
    "staff_enrolment": _LINK,
    "agency_staff_enrolment": {**_LINK, "username": "AB_1H12345.nina", "invited_by": "María Nuñez-O'Connor"},
    "book_access_given": {
        "person": "Nina Night",
        "username": "AB_1H12345.nina",
        "given_by": "María Nuñez-O'Connor",
        "may_export": True,
        "may_act": False,
    },
    "secured_notice": {
        "title": "Your book – Password",
        "link": _LINK["link"],
        "valid_until": date(2026, 12, 7),
    },  # for a mail that waits
    "secured_link": _LINK,  # its page asks for the code
    "certificate_changed": {**_MOMENT, "added": True, "by_service_center": False, "fingerprint": "8F:1C:04:AA"},
    "canary": {"number": "canary-0a1b2c", "phrase": "plain-3d4e5f"},  # to the exchange itself, before a Monday run
}

_NOTHING_CHANGED = {"added": 0, "gone": 0, "changed": 0}
_NO_FACTOR = {"added": False, "app": False, "passkey": False, "codes": False}

VARIANTS: Mapping[str, Mapping[str, Mapping[str, object]]] = {
    "introduction": {"new-account": {"kept_account": False, "username": ""}},
    "username": {"kept-account": {"kept_account": True}},
    "reset_link": {"on-the-reset-site": {"pickup": False}},
    "certificate_changed": {
        "removed": {"added": False},
        "removed-by-the-service-center": {"added": False, "by_service_center": True, "browser": ""},
    },
    "second_factor_changed": {
        "passkey-added": {**_NO_FACTOR, "added": True, "passkey": True},
        "codes-made": {**_NO_FACTOR, "added": True, "codes": True},
        "app-removed": {**_NO_FACTOR, "app": True},
        "passkey-removed": {**_NO_FACTOR, "passkey": True},
        "all-removed": {"added": False, "app": True, "passkey": True, "codes": True},
    },
    "expiry_warning": {
        "tomorrow": {"expires_on": date(2026, 11, 24), "days": 1},
        "today": {"expires_on": date(2026, 11, 23), "days": 0},
    },
    "email_change_new": {"roster-vouches": {"code": ""}},
    "book_ready": {
        "not-compared": {"compared": False, **_NOTHING_CHANGED},
        "same-as-before": _NOTHING_CHANGED,
        "many": {"cases": 12, "added": 3, "gone": 2, "changed": 1},
        "one-row": {"rows": 1, "gone": 1, "changed": 0},
    },
    "staff_enrolment": {"a-day": {"minutes": 1440}},
    "agency_staff_enrolment": {"a-day": {"minutes": 1440}},
    "book_access_given": {
        "look-only": {"may_export": False},
        "all-rights": {"may_act": True},
        "may-act": {"may_export": False, "may_act": True},
    },
}
"""Other samples of a mail whose words depend on its fields, by a name: what differs from MAIL_FIELDS."""

MUST_SAY: Mapping[str, tuple[str, ...]] = {
    "introduction": ("username",),
    "username": ("username",),
    "password": ("password", "valid_until"),
    "pickup": ("link", "valid_until"),
    "reset_link": ("link", "minutes"),
    "reset_started_by_staff": ("link", "minutes"),
    "password_was_reset": ("when",),
    "password_changed": ("when",),
    "api_token_made": ("when", "valid_until"),
    "second_factor_changed": ("when",),
    "factor_removal_asked": ("decide_by",),
    "expiry_warning": ("expires_on",),
    "username_reminder": ("username",),
    "email_change_old": ("new_email", "wait_until", "link"),
    "email_change_new": ("active_on", "code"),
    "request_received": ("number",),
    "request_answered": ("number", "answer"),
    "book_ready": ("report_title", "rows", "cases"),
    "staff_enrolment": ("link", "minutes"),
    "agency_staff_enrolment": ("link", "minutes", "username", "invited_by"),
    "book_access_given": ("person", "username", "given_by"),
    "secured_notice": ("link", "valid_until"),
    "secured_link": ("link", "minutes"),
    "certificate_changed": ("when", "fingerprint"),
    "canary": ("number", "phrase"),
}
"""Fields without which a mail would be of no use: both its forms must say them."""

SECRET_MAILS = frozenset(
    {
        *("password", "pickup", "reset_link", "reset_started_by_staff", "staff_enrolment", "agency_staff_enrolment"),
        *("secured_notice", "secured_link"),
    }
)
"""Mails whose body opens an account: sealed in the outbox and wiped once accepted."""


def samples(mail_name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    """The usual sample of a mail, and the variants: together they read every wording that it has."""
    yield USUAL, MAIL_FIELDS[mail_name]
    for variant, fields in VARIANTS.get(mail_name, {}).items():
        yield variant, {**MAIL_FIELDS[mail_name], **fields}


WORDS = (
    "log_in",
    "log_out",
    "user_name",
    "password",
    "forgot_password",
    "reset_password",
    "reset_my_password",
    "how_to_reset",
    "via_email",
    "next",
    "no_user_name",
    "wrong_email",
    "link_sent",
    "write_it_down",
    "request_answer_time",
    "pii_duty",
    "banner",
)
"""Keys of [words]; a profile may carry more, never fewer."""
