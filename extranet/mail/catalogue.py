"""Every mail this system can say: one frozen class each, named like its folder of words in the profile.

Fields are typed and checked: numbers, days, moments, an agent's own names and links. Free text is declared, and only
that passes the guard; no class has a field for consumer data (J28). What a mail looks like stands in the profile alone.
"""

from dataclasses import dataclass
from datetime import date, datetime

from extranet.mail.catalogue_mail import KINDS, CatalogueMail, FieldRefused

__all__ = ["KINDS", "CatalogueMail", "FieldRefused"]


@dataclass(frozen=True, kw_only=True)
class IntroductionMail(CatalogueMail, kind="introduction"):
    """J6, J10. ``username`` is blank unless the account was kept (J15)."""

    first_name: str
    last_name: str
    kept_account: bool
    username: str = ""


@dataclass(frozen=True, kw_only=True)
class UsernameMail(CatalogueMail, kind="username"):
    """J7, J11. ``username`` is the short form; the words put the account domain before it. To the owner of a kept
    account it promises no password (J15)."""

    first_name: str
    last_name: str
    username: str
    kept_account: bool = False


@dataclass(frozen=True, kw_only=True)
class PasswordMail(CatalogueMail, kind="password"):
    """J8, J12."""

    first_name: str
    last_name: str
    password: str
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class PickUpMail(CatalogueMail, kind="pickup"):
    """In place of the password mail where policy says so (SC-8). ``link`` leads to a question, not to a password."""

    first_name: str
    last_name: str
    link: str
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class ResetLinkMail(CatalogueMail, kind="reset_link"):
    """J22. ``minutes`` is the life of the link. ``pickup``: asked for behind the link of a third mail."""

    link: str
    minutes: int
    pickup: bool = False


@dataclass(frozen=True, kw_only=True)
class ResetStartedByStaffMail(CatalogueMail, kind="reset_started_by_staff"):
    """J17, J19: the service center began the reset."""

    link: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class PasswordWasResetMail(CatalogueMail, kind="password_was_reset"):
    """Notice after J24, so that an owner learns of a stranger's reset."""

    when: datetime
    browser: str


@dataclass(frozen=True, kw_only=True)
class PasswordChangedMail(CatalogueMail, kind="password_changed"):
    """Notice after a change inside the portal (J26)."""

    when: datetime
    browser: str


@dataclass(frozen=True, kw_only=True)
class ApiTokenMadeMail(CatalogueMail, kind="api_token_made"):
    """Notice to a publisher: a program can publish in the publisher's name through that day."""

    when: datetime
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class SecondFactorChangedMail(CatalogueMail, kind="second_factor_changed"):
    """IA-2: factors were added (or renewed), or removed: which. All three removed: by the service center."""

    when: datetime
    browser: str
    added: bool
    app: bool
    passkey: bool
    codes: bool


@dataclass(frozen=True, kw_only=True)
class FactorRemovalAskedMail(CatalogueMail, kind="factor_removal_asked"):
    """The service center was asked to remove all factors; a second person decides until then."""

    decide_by: datetime


@dataclass(frozen=True, kw_only=True)
class ExpiryWarningMail(CatalogueMail, kind="expiry_warning"):
    """J27."""

    expires_on: date
    days: int


@dataclass(frozen=True, kw_only=True)
class UsernameReminderMail(CatalogueMail, kind="username_reminder"):
    """J17: staff send the user name again."""

    first_name: str
    last_name: str
    username: str


@dataclass(frozen=True, kw_only=True)
class EmailChangeOldMail(CatalogueMail, kind="email_change_old"):
    """J19, to the old address. ``new_email`` is masked; ``wait_until`` is how long the owner may object,
    ``link`` where."""

    new_email: str
    wait_until: datetime
    link: str


@dataclass(frozen=True, kw_only=True)
class EmailChangeNewMail(CatalogueMail, kind="email_change_new"):
    """J19, to the new address: from when it is used, and the code that proves it; blank where the roster vouches."""

    active_on: datetime
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class EmailChangedMail(CatalogueMail, kind="email_changed"):
    """J19: the waiting time is over."""


@dataclass(frozen=True, kw_only=True)
class RequestReceivedMail(CatalogueMail, kind="request_received"):
    """J29, J30."""

    number: str


@dataclass(frozen=True, kw_only=True)
class RequestAnsweredMail(CatalogueMail, kind="request_answered", free_text=frozenset({"answer"})):
    """J30. The one mail with words that a person wrote."""

    number: str
    answer: str


@dataclass(frozen=True, kw_only=True)
class BookReadyMail(CatalogueMail, kind="book_ready"):
    """J2. Counts only. ``added``, ``gone``, ``changed``: cases since the week before, where it is ``compared``."""

    report_title: str
    as_of: date
    rows: int
    cases: int
    compared: bool = False
    added: int = 0
    gone: int = 0
    changed: int = 0


@dataclass(frozen=True, kw_only=True)
class StaffEnrolmentMail(CatalogueMail, kind="staff_enrolment"):
    """The one-use link with which a member of staff sets password and second factor."""

    link: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class AgencyStaffEnrolmentMail(CatalogueMail, kind="agency_staff_enrolment"):
    """The one-use link with which somebody who works for an agent sets the own password. ``username``: short form."""

    link: str
    minutes: int
    username: str
    invited_by: str


@dataclass(frozen=True, kw_only=True)
class BookAccessGivenMail(CatalogueMail, kind="book_access_given"):
    """To the agent whose book it is: somebody may look into it now, and what else. ``username``: short form."""

    person: str
    username: str
    given_by: str
    may_export: bool
    may_act: bool


@dataclass(frozen=True, kw_only=True)
class SecuredNoticeMail(CatalogueMail, kind="secured_notice"):
    """In place of a secured mail that waits to be picked up (SC-8): its subject, for two notices must not be taken for
    one (J9), and a ``link`` that opens nothing alone."""

    title: str
    link: str
    valid_until: date


@dataclass(frozen=True, kw_only=True)
class SecuredLinkMail(CatalogueMail, kind="secured_link"):
    """The second link to it, which wants the code of the screen where it was asked for."""

    link: str
    minutes: int


@dataclass(frozen=True, kw_only=True)
class CertificateChangedMail(CatalogueMail, kind="certificate_changed"):
    """Notice to a mailbox: its certificate for encrypted mails was uploaded, or removed, by its owner with a
    ``browser`` or for a caller ``by_service_center``."""

    when: datetime
    browser: str
    added: bool
    by_service_center: bool = False
    fingerprint: str


@dataclass(frozen=True, kw_only=True)
class CanaryMail(CatalogueMail, kind="canary"):
    """To ourselves, by the secured way: ``number`` stands in the subject too, ``phrase`` must not come back."""

    number: str
    phrase: str
