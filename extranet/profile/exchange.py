"""One exchange as frozen objects: what the rest of the code, the templates and the mails may ask about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf.locale import LANG_INFO

from extranet.profile.layouts import Layout, ReportKind


@dataclass(frozen=True)
class Exchange:
    """The exchange itself; ``short_name`` fits a page's corner."""

    name: str
    short_name: str


@dataclass(frozen=True)
class Sender:
    """Who a mail comes from."""

    name: str
    email: str


@dataclass(frozen=True)
class ServiceCenter:
    """Where people answer (J5, J17, J29). ``phone`` is as the exchange writes it; ``phone_hours`` may be blank."""

    name: str
    email: str
    sender_name: str
    phone: str
    phone_hours: str

    @property
    def sender(self) -> Sender:
        return Sender(name=self.sender_name, email=self.email)

    @property
    def phone_link(self) -> str:
        """``tel:`` address of a North American number."""
        return "tel:+1" + re.sub(r"\D", "", self.phone)


@dataclass(frozen=True)
class MailWords:
    """How one mail leaves: from whom, and whether by the secured way (the mark goes first in its subject)."""

    sender: Sender
    secured: bool


@dataclass(frozen=True)
class Agreement:
    """The agreement an agent accepts before the first look (J28). Its text is ``page("agreement")``; a new ``version``
    asks everybody again."""

    version: str
    title: str


@dataclass(frozen=True)
class Brand:
    """Colours as #rrggbb; files are names under the profile's static/ folder."""

    primary: str
    primary_dark: str
    accent: str
    logo: str
    logo_alt: str


@dataclass(frozen=True)
class Profile:
    """One exchange. ``words`` holds the labels and sentences of pages by key (wording.WORDS lists the keys).

    ``secured_mark`` stands first in the subject of secured mails, ``secured_header`` among their headers; either may be
    missing."""

    name: str
    folder: Path
    exchange: Exchange
    zone: ZoneInfo
    languages: tuple[str, ...]
    portal_name: str
    portal_path: str
    reset_site_name: str
    request_title: str
    secured_mark: str
    secured_header: tuple[str, str] | None
    account_domain: str
    username_prefix: str
    license_pattern: str
    license_example: str
    service_center: ServiceCenter
    system_sender: Sender
    agreement: Agreement
    notice: str
    brand: Brand
    words: Mapping[str, str]
    mails: Mapping[str, MailWords]
    calendar: Mapping[date, date]
    reports: Mapping[str, ReportKind]
    roster: Layout

    @cached_property
    def username_example(self) -> str:
        """The example of the user-name mail: prefix and example license (J11)."""
        return f"{self.username_prefix}{self.license_example}"

    def language_for(self, chosen: str) -> str:
        """The language of a reader's mails: the chosen one where it is offered, else the profile's first."""
        return chosen if chosen in self.languages else self.languages[0]

    @property
    def language_names(self) -> Mapping[str, str]:
        """The offered languages by code, each called as its speakers call it."""
        return {code: LANG_INFO[code]["name_local"] for code in self.languages}

    @property
    def static_folder(self) -> Path:
        return self.folder / "static"

    def expected_on(self, monday: date) -> date:
        """The day a Monday's reports are expected: that Monday unless the calendar moves it."""
        return self.calendar.get(monday, monday)
