"""No mail carries consumer data (J28): what a person wrote is searched for numbers and dates that look like it.

Only fields declared as free text are searched; all others are typed. It errs on the side of refusing.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime

from extranet.audit.actions import Action
from extranet.audit.record import Actor, record_refusal
from extranet.mail.catalogue import CatalogueMail
from extranet.policy import local_day
from extranet.profile.loader import current

_GAP = r"[-.\s\u2010-\u2015\u2212]?"  # every hyphen, dash and minus
SSN_SHAPE = re.compile(rf"(?<!\d)(\d{{3}}){_GAP}(\d{{2}}){_GAP}(\d{{4}})(?!\d)")
CASE_SOLID = re.compile(r"(?<!\d)\d{10,19}(?!\d)")
CASE_GROUPED = re.compile(r"(?<![\w-])\d{3,}(?:[ -]\d{3,})+(?![\w-])")
PHONE_SHAPE = re.compile(r"(?:1[ -])?\d{3}[ -]\d{3}[ -]\d{4}")
BIRTH_WORD = re.compile(r"\b(born|birth\w*|d\.?\s?o\.?\s?b)\b", re.I)
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
DATE_SHAPES = (
    re.compile(r"(?<!\d)(?P<month>\d{1,2})[-/.](?P<day>\d{1,2})[-/.](?P<year>\d{4}|\d{2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(rf"\b(?P<name>{_MONTH})\s*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b", re.I),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<name>{_MONTH}),?\s+(?P<year>\d{{4}})\b", re.I),
)
NEAR = 40  # characters between a word of birth and its date
RECENT_YEARS = 2  # dates of this system's own business are younger: publications, requests, passwords


class MailBlocked(Exception):
    """The free text seems to hold consumer data. Says which kinds were found, never what."""

    def __init__(self, found: list[str]) -> None:
        super().__init__("the text seems to hold " + ", ".join(found))
        self.found = found


def check(mail: CatalogueMail, *, about: str, by: Actor, now: datetime) -> None:
    """Refuse a mail before the act's transaction begins: records the refusal, raises MailBlocked."""
    try:
        require_clean(mail, now=now)
    except MailBlocked as error:
        facts = {"kind": mail.kind, "found": error.found}
        record_refusal(action=Action.MAIL_BLOCKED, now=now, actor=by, subject=about, detail=facts)
        raise


def require_clean(mail: CatalogueMail, *, now: datetime) -> None:
    """Raise MailBlocked if a free text of the mail holds what looks like consumer data; leaves no trace."""
    profile = current()
    texts = [str(getattr(mail, name)) for name in sorted(mail.free_text)]
    found = search("\n".join(texts), today=local_day(now, profile.zone), phones=(profile.service_center.phone,))
    if found:
        raise MailBlocked(found)


def search(text: str, *, today: date, phones: tuple[str, ...] = ()) -> list[str]:
    """The kinds of consumer data that the text seems to hold. ``phones`` are the exchange's own numbers, exempt."""
    plain = _plain(text)
    for phone in phones:
        plain = _without(plain, phone)
    kinds = {
        "a Social Security or taxpayer number": any(_is_tax_number(*hit.groups()) for hit in SSN_SHAPE.finditer(plain)),
        "a birth date": any(_birth_dates(plain, today)),
        "a case number": any(_case_numbers(plain)),
    }
    return [kind for kind, there in kinds.items() if there]


def _plain(text: str) -> str:
    """Digits of every script as 0-9, invisible characters gone: what a reader sees is what is searched."""
    shown = (char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    return "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in shown)


def _without(text: str, phone: str) -> str:
    """The text with the phone number struck out, however it is written."""
    digits = re.sub(r"\D", "", phone)
    return re.sub(r"(?<!\d)(?:\+?1\D{0,2})?\(?" + r"\D{0,2}".join(digits) + r"(?!\d)", " phone ", text)


def _is_tax_number(area: str, group: str, serial: str) -> bool:
    """Numbers that the Social Security Administration or the IRS gives out."""
    if serial == "0000" or group == "00" or area in ("000", "666"):
        return False
    if area < "900":
        return True
    return 50 <= int(group) <= 65 or 70 <= int(group) <= 88 or 90 <= int(group) <= 92 or int(group) >= 94


def _case_numbers(text: str) -> Iterator[str]:
    yield from CASE_SOLID.findall(text)
    for hit in CASE_GROUPED.finditer(text):
        digits = re.sub(r"\D", "", hit.group())
        if 10 <= len(digits) <= 19 and not PHONE_SHAPE.fullmatch(hit.group()):
            yield digits


def _birth_dates(text: str, today: date) -> Iterator[date]:
    """Dates older than this system's own business, and any date near a word of birth."""
    for shape in DATE_SHAPES:
        for hit in shape.finditer(text):
            day = _day(hit.groupdict(), today)
            before = text[max(0, hit.start() - NEAR) : hit.start()]
            if day is not None and (day.year <= today.year - RECENT_YEARS or BIRTH_WORD.search(before)):
                yield day


def _day(parts: dict[str, str], today: date) -> date | None:
    month = _MONTHS.index(parts["name"][:3].lower()) + 1 if "name" in parts else int(parts["month"])
    year = int(parts["year"])
    if year < 100:
        year += 2000 if 2000 + year <= today.year + 1 else 1900
    for first, second in ((month, int(parts["day"])), (int(parts["day"]), month)):  # 03/04 and 04/03 are both written
        try:
            return date(year, first, second)
        except ValueError:
            continue
    return None
