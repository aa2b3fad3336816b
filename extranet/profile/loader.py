"""Who the exchange is: one folder holds every word, address, colour and layout of it.

``current()`` gives the profile that the environment names. Everything is frozen; a fault in the folder is a
``ProfileRefused`` that names the file, the key and what to do, so a half-branded site never starts.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from itertools import product
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.conf.locale import LANG_INFO

from extranet.profile.exchange import Agreement, Brand, Exchange, MailWords, Profile, Sender, ServiceCenter
from extranet.profile.layouts import Layout, ReportKind, read_kind, read_layout
from extranet.profile.reading import ProfileRefused, Table, read_toml
from extranet.profile.secured_mark import read_header, read_mark
from extranet.profile.wording import MAIL_FIELDS, WORDS

__all__ = [
    "Agreement",
    "Brand",
    "Exchange",
    "MailWords",
    "Profile",
    "ProfileRefused",
    "Sender",
    "ServiceCenter",
    "current",
    "load",
]

PROFILES = Path(__file__).parent.parent / "profiles"
HEADS = {"exchange", "portal", "accounts", "service_center", "system_sender", "agreement", "brand", "words", "calendar"}
ROSTER_KEYS = (
    *("license", "npn", "first_name", "last_name", "email", "phone"),
    *("agency_name", "agency_license", "role", "status", "status_on", "certified_on"),
)
ROSTER_VALUES = {
    "role": {"agent", "agency_manager"},
    "status": {"pending", "certified", "suspended", "decertified"},
}


def current() -> Profile:
    """The profile that EXTRANET_PROFILE names. Loaded once a folder; follows overridden settings."""
    return load(settings.EXTRANET.profile)


def load(name_or_path: str) -> Profile:
    """The profile of that name under extranet/profiles/, or at that path. Raises ProfileRefused."""
    bare = re.fullmatch(r"[a-z0-9_]+", name_or_path)
    return _load((PROFILES / name_or_path if bare else Path(name_or_path)).absolute())


@cache
def _load(folder: Path) -> Profile:
    profile = _read(folder)
    _licenses_fit(profile)
    return profile


def _read(folder: Path) -> Profile:
    table = read_toml(folder / "profile.toml")
    table.only({*HEADS, "zone", "languages"})
    portal, accounts = table.table("portal"), table.table("accounts")
    portal.only({"name", "path", "reset_site_name", "request_title", "secured_mark", "secured_header"})
    accounts.only({"domain", "username_prefix", "license_pattern", "license_example"})
    languages = _languages(table)
    center, system = _service_center(table.table("service_center")), _sender(table.table("system_sender"))
    return Profile(
        name=folder.name,
        folder=folder,
        exchange=_exchange(table.table("exchange")),
        zone=_zone(table),
        languages=languages,
        portal_name=portal.text("name"),
        portal_path=_portal_path(portal),
        reset_site_name=portal.text("reset_site_name"),
        request_title=portal.text("request_title"),
        secured_mark=read_mark(portal),
        secured_header=read_header(portal),
        account_domain=_account_part(accounts, "domain"),
        username_prefix=_account_part(accounts, "username_prefix"),
        license_pattern=_license_pattern(accounts),
        license_example=accounts.text("license_example"),
        service_center=center,
        system_sender=system,
        agreement=_agreement(table.table("agreement"), folder),
        notice=_file_text(folder / "pages" / "notice.txt"),
        brand=_brand(table.table("brand"), folder / "static"),
        words=_words(table.table("words")),
        mails=_mails(folder / "emails", languages, senders={"service_center": center.sender, "system_sender": system}),
        calendar=_calendar(table),
        reports=_reports(folder / "reports"),
        roster=_roster(read_toml(folder / "roster.toml")),
    )


def _exchange(table: Table) -> Exchange:
    table.only({"name", "short_name"})
    return Exchange(name=table.text("name"), short_name=table.text("short_name"))


def _zone(table: Table) -> ZoneInfo:
    name = table.text("zone")
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise table.refused("zone", f"{name!r} is no time zone; write one like America/New_York") from error


def _languages(table: Table) -> tuple[str, ...]:
    codes = table.texts("languages")
    if not codes or len(set(codes)) < len(codes):
        raise table.refused("languages", 'must list language codes, each once, the first for who chose none: ["en"]')
    for code in codes:
        if "name_local" not in LANG_INFO.get(code, {}):
            raise table.refused("languages", f"{code!r} is no language code whose days and months are known; write en")
    return codes


def _portal_path(table: Table) -> str:
    path = table.text("path")
    if not re.fullmatch(r"(/[A-Za-z0-9_-]+)+", path):
        raise table.refused("path", f"is {path!r}; begin with / and end without it, letters and digits only")
    return path


def _account_part(table: Table, key: str) -> str:
    value = table.text(key)
    if not re.fullmatch(r"[A-Za-z0-9_-]+", value):
        raise table.refused(key, f"is {value!r}; letters, digits, _ and - only")
    return value


def _license_pattern(table: Table) -> str:
    pattern, example = table.text("license_pattern"), table.text("license_example")
    try:
        fits = re.fullmatch(pattern, example)
    except re.error as error:
        raise table.refused("license_pattern", f"is not a regular expression: {error}") from error
    if not fits:
        raise table.refused("license_example", f"{example!r} does not fit license_pattern")
    return pattern


def _email(table: Table, key: str) -> str:
    value = table.text(key)
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+", value):
        raise table.refused(key, f"{value!r} is no e-mail address")
    return value


def _service_center(table: Table) -> ServiceCenter:
    table.only({"name", "email", "sender_name", "phone", "phone_hours"})
    phone = table.text("phone")
    if len(re.sub(r"\D", "", phone)) != 10:
        raise table.refused("phone", f"is {phone!r}; write ten digits, e.g. 800-555-0100")
    return ServiceCenter(
        name=table.text("name"),
        email=_email(table, "email"),
        sender_name=table.text("sender_name"),
        phone=phone,
        phone_hours=table.text("phone_hours", ""),
    )


def _sender(table: Table) -> Sender:
    table.only({"name", "email"})
    return Sender(name=table.text("name"), email=_email(table, "email"))


def _agreement(table: Table, folder: Path) -> Agreement:
    table.only({"version", "title"})
    _file_text(folder / "pages" / "agreement.html")
    return Agreement(version=table.text("version"), title=table.text("title"))


def _brand(table: Table, static: Path) -> Brand:
    colours = ("primary", "primary_dark", "accent")
    table.only({*colours, "logo", "logo_alt"})
    for key in colours:
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", table.text(key)):
            raise table.refused(key, f"is {table.text(key)!r}; write a colour as #rrggbb")
    logo = table.text("logo")
    if not (static / logo).is_file():
        raise table.refused("logo", f"static/{logo} does not exist; put the file there")
    return Brand(logo=logo, logo_alt=table.text("logo_alt"), **{key: table.text(key) for key in colours})


def _words(table: Table) -> Mapping[str, str]:
    for key in WORDS:
        table.text(key)
    return MappingProxyType({key: table.text(key) for key in table.values})


def _mails(folder: Path, languages: tuple[str, ...], *, senders: Mapping[str, Sender]) -> Mapping[str, MailWords]:
    """How each mail leaves. Refuses a language that is listed while words of it are missing."""
    table = read_toml(folder / "mails.toml")
    table.only(MAIL_FIELDS)
    _file_text(folder / "_base.html")
    for code in languages:
        _file_text(folder / code / "_footer.txt")
        for name, part in product(MAIL_FIELDS, ("subject.txt", "body.txt", "body.html")):
            _file_text(folder / code / name / part)
    return MappingProxyType({name: _mail(table.table(name), senders) for name in MAIL_FIELDS})


def _mail(table: Table, senders: Mapping[str, Sender]) -> MailWords:
    table.only({"sender", "secured"})
    sender = table.text("sender")
    if sender not in senders:
        raise table.refused("sender", f"is {sender!r}; write one of {', '.join(senders)}")
    return MailWords(sender=senders[sender], secured=table.flag("secured"))


def _calendar(table: Table) -> Mapping[date, date]:
    moved = {}
    for row in table.tables("calendar"):
        row.only({"monday", "expected", "reason"})
        row.text("reason")
        monday = row.day("monday")
        if monday.weekday() != 0:
            raise row.refused("monday", f"{monday} is no Monday")
        moved[monday] = row.day("expected")
    return MappingProxyType(moved)


def _reports(folder: Path) -> Mapping[str, ReportKind]:
    kinds = [read_kind(read_toml(file)) for file in sorted(folder.glob("*.toml"))]
    for slug in ("book-of-business", "conditional-eligibility"):
        if slug not in {kind.slug for kind in kinds}:
            raise ProfileRefused(
                file=folder / f"{slug}.toml", key="(file)", remedy="does not exist; declare this report"
            )
    return MappingProxyType({kind.slug: kind for kind in kinds})


def _roster(table: Table) -> Layout:
    """The roster's headers are the exchange's own, its keys and two lists of values are what the code reads."""
    table.only({"identity", "columns"})
    layout = read_layout(table)
    for key in ROSTER_KEYS:
        if key not in layout.by_key:
            raise table.refused("columns", f"has no column with the key {key!r}, which every roster needs")
    for key, values in ROSTER_VALUES.items():
        if not set(layout.by_key[key].allowed) <= values:
            raise table.refused(f"columns.{key}.allowed", f"may hold only {', '.join(sorted(values))}")
    return layout


def _licenses_fit(profile: Profile) -> None:
    """Refuse a file layout whose license column does not take the profile's own licenses."""
    columns = {"roster.toml": profile.roster.by_key["license"]}
    for kind in profile.reports.values():
        columns[f"reports/{kind.slug}.toml"] = kind.layout.by_key[kind.agent_column]
    for file, column in columns.items():
        if column.pattern and not re.fullmatch(column.pattern, profile.license_example):
            remedy = "does not take accounts.license_example of profile.toml; make the patterns agree"
            raise ProfileRefused(file=profile.folder / file, key=f"columns.{column.key}.pattern", remedy=remedy)


def _file_text(file: Path) -> str:
    if not file.is_file() or not file.read_text(encoding="utf-8").strip():
        raise ProfileRefused(file=file, key="(file)", remedy="does not exist or is blank; write its text")
    return file.read_text(encoding="utf-8").strip()
