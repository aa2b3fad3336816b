"""No mail carries consumer data (J28): what a person wrote is searched for numbers and dates that look like it.

Of mails only fields declared as free text are searched; all others are typed. Notes and reasons of staff are searched
before they are kept, because the trail and the queue are no place for it either. It errs on the side of refusing.
Numbers of the exchange's own (members, policies) have the shapes that the profile declares (``shape`` of a column).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from extranet.audit.actions import Action
from extranet.audit.record import Actor, JsonValue, record_refusal
from extranet.mail.catalogue import CatalogueMail
from extranet.policy import local_day
from extranet.profile.exchange import Profile
from extranet.profile.loader import current

_GAP = r"\s{0,2}[-./_\u00b7\u2010-\u2015\u2212]{0,2}\s{0,2}"  # every hyphen, dash and minus, with blanks around
SSN_SHAPE = re.compile(rf"(?<!\d)(\d{{3}}){_GAP}(\d{{2}}){_GAP}(\d{{4}})(?!\d)")
SSN_COMMAS = re.compile(r"(?<!\d)(?<!\d,)(\d{3}),(\d{2}),(\d{4})(?!\d|,\d)")  # no part of a longer list of numbers
CASE_SOLID = re.compile(r"(?<!\d)\d{10,19}(?!\d)")
CASE_GROUPED = re.compile(r"(?<![\w-])\d{3,}(?:[ .-]\d{3,})+(?![\w-])")
PHONE_SHAPE = re.compile(r"(?:1[ .-])?\d{3}[ .-]\d{3}[ .-]\d{4}")
SPOKEN_GAP = re.compile(
    r"(?<=\d)\W{0,3}\b(?:dash|hyphen|minus|dot|point|space|then|and|gui[oó]n|menos|punto|espacio|luego|y)\b\W{0,3}(?=\d)",
    re.I,
)
APART = re.compile(r"(?<=[0-9A-Za-z])[ ._-]{1,2}(?=\d)")
BIRTH_WORD = re.compile(
    r"\b(born|birth\w*|d\.?\s?o\.?\s?b|naci[oó]|nacid[oa]s?|nacimiento|f\.?\s?nac|cumplea\w*)\b", re.I
)
BIRTH_AFTER = re.compile(
    r"[\s,;:()–-]*(?:(?:is|was|as|es|era)\s+)?(?:(?:his|her|their|the|su|la|el)\s+)?"
    r"(?:date\s+of\s+birth|birth\s?date|birthday|d\.?o\.?b\b|fecha\s+de\s+nacimiento|cumplea)",
    re.I,
)
_ENGLISH = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SPANISH = {"ene": 1, "abr": 4, "ago": 8, "set": 9, "dic": 12}  # the others begin as in English
_MONTHS = {name: number for number, name in enumerate(_ENGLISH, start=1)} | _SPANISH
_MONTH = rf"(?:{'|'.join(_MONTHS)})[a-z]*\.?"
_MONTH_NAME = (  # whole names, so that "Decision-12-2019" is none
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?|ene(?:ro)?|febrero|marzo|abr(?:il)?|mayo|junio|julio|ago(?:sto)?|se[pt](?:tiembre)?"
    r"|setiembre|octubre|noviembre|dic(?:iembre)?)\.?"
)
_OF = r"(?:(?:of|de|del)\s+)?"
_TH = r"(?:st|nd|rd|th|º|°)?"
_SEP = r"\s?[-/.]\s?"
DATE_SHAPES = (
    re.compile(rf"(?<!\d)(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}}){_SEP}(?P<year>\d{{4}}|\d{{2}})(?!\d)"),
    re.compile(rf"(?<!\d)(?P<year>\d{{4}}){_SEP}(?P<month>\d{{1,2}}){_SEP}(?P<day>\d{{1,2}})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{1,2})\s(?P<day>\d{1,2})\s(?P<year>(?:19|20)\d{2})(?!\d)"),
    re.compile(rf"\b(?P<name>{_MONTH})\s*(?P<day>\d{{1,2}}){_TH},?\s+{_OF}(?P<year>\d{{4}})\b", re.I),
    re.compile(rf"(?<!\d)(?P<day>\d{{1,2}}){_TH}[\s-]+{_OF}(?P<name>{_MONTH}),?[\s-]+{_OF}(?P<year>\d{{4}})\b", re.I),
    re.compile(rf"\b(?P<name>{_MONTH_NAME}){_SEP}(?P<day>\d{{1,2}}){_SEP}(?P<year>\d{{4}})\b", re.I),
)
SOLID_DATES = (
    re.compile(r"(?<!\d)(?P<year>(?:19|20)\d{2})(?P<month>\d{2})(?P<day>\d{2})(?!\d)"),
    re.compile(r"(?<!\d)(?P<month>\d{2})(?P<day>\d{2})(?P<year>(?:19|20)\d{2})(?!\d)"),
)
"""Only beside a word of birth: eight digits may count anything."""
NEAR = 40  # characters between a word of birth and its date
RECENT_YEARS = 2  # dates of this system's own business are younger: publications, requests, passwords


class MailBlocked(Exception):
    """The free text of a mail, or a note, seems to hold consumer data. Says which kinds were found, never what."""

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


def check_text(text: str, *, what: str, about: str, by: Actor, now: datetime) -> None:
    """The same for a note or a reason that is kept: ``what`` says which. Not inside a transaction."""
    if found := _found(text, now):
        facts: dict[str, JsonValue] = {"kind": what, "found": found}
        record_refusal(action=Action.MAIL_BLOCKED, now=now, actor=by, subject=about, detail=facts)
        raise MailBlocked(found)


def require_clean(mail: CatalogueMail, *, now: datetime) -> None:
    """Raise MailBlocked if a free text of the mail holds what looks like consumer data; leaves no trace."""
    texts = [str(getattr(mail, name)) for name in sorted(mail.free_text)]
    if found := _found("\n".join(texts), now):
        raise MailBlocked(found)


def _found(text: str, now: datetime) -> list[str]:
    """What the text seems to hold, by the profile in force."""
    profile = current()
    today, phones = local_day(now, profile.zone), (profile.service_center.phone,)
    return search(text, today=today, phones=phones, shapes=shapes_of(profile))


def shapes_of(profile: Profile) -> dict[str, str]:
    """Shapes of the exchange's own numbers by the name of their column, once each."""
    columns = (column for kind in profile.reports.values() for column in kind.layout.columns if column.shape)
    return {column.header: column.shape for column in columns}


def search(
    text: str, *, today: date, phones: tuple[str, ...] = (), shapes: Mapping[str, str] | None = None
) -> list[str]:
    """The kinds of consumer data that the text seems to hold. ``phones`` are the exchange's own numbers, exempt;
    ``shapes`` regular expressions of further numbers by their name."""
    plain = _plain(text)
    for phone in phones:
        plain = _without(plain, phone)
    joined = SPOKEN_GAP.sub("-", plain)
    kinds = {
        "a Social Security or taxpayer number": any(
            _is_tax_number(*hit.groups()) for shape in (SSN_SHAPE, SSN_COMMAS) for hit in shape.finditer(joined)
        ),
        "a birth date": any(_birth_dates(plain, today)),
        "a case number": any(_case_numbers(joined)),
        **{f"a number like {name}": _holds(joined, shape) for name, shape in (shapes or {}).items()},
    }
    return [kind for kind, there in kinds.items() if there]


def _holds(text: str, shape: str) -> bool:
    """Whether a number of that shape stands there, also in groups. Dates are struck out first: joined, they are one."""
    for date_shape in DATE_SHAPES:
        text = date_shape.sub(" date ", text)
    number = re.compile(rf"(?<![0-9])(?:{shape})(?![0-9])", re.I)
    return bool(number.search(text) or number.search(APART.sub("", text)))


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
            if day is not None and (day.year <= today.year - RECENT_YEARS or _is_beside_birth(text, hit)):
                yield day
    for shape in SOLID_DATES:
        for hit in shape.finditer(text):
            day = _day(hit.groupdict(), today)
            if day is not None and _is_beside_birth(text, hit):
                yield day


def _is_beside_birth(text: str, hit: re.Match[str]) -> bool:
    before = text[max(0, hit.start() - NEAR) : hit.start()]
    return bool(BIRTH_WORD.search(before) or BIRTH_AFTER.match(text, hit.end()))


def _day(parts: dict[str, str], today: date) -> date | None:
    month = _MONTHS[parts["name"][:3].lower()] if "name" in parts else int(parts["month"])
    year = int(parts["year"])
    if year < 100:
        year += 2000 if 2000 + year <= today.year + 1 else 1900
    for first, second in ((month, int(parts["day"])), (int(parts["day"]), month)):  # 03/04 and 04/03 are both written
        try:
            return date(year, first, second)
        except ValueError:
            continue
    return None
