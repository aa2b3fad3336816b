"""The profile's longer words: mails and page texts, rendered from its own folder and nowhere else.

A template that names a field it is not given is refused instead of leaving a hole in a mail. Every mail gets the
footer of the profile in both forms (J13), whatever its own words forget.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.utils import timezone, translation
from django.utils.safestring import SafeString, mark_safe

from extranet.profile.exchange import Profile
from extranet.profile.in_force import policy
from extranet.profile.loader import current
from extranet.profile.reading import ProfileRefused
from extranet.profile.wording import MAIL_FIELDS

FOOTER, FRAME = "_footer.txt", "_base.html"


@dataclass(frozen=True)
class Rendered:
    """The words of one mail. The subject lacks the secured mark, which the mail layer puts first."""

    subject: str
    text: str
    html: str


class _UnknownField(Exception):
    """A template named a field that it is not given; ``_fill`` adds the file."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class _MissingField(str):
    """``string_if_invalid`` that refuses: Django asks it for ``%s`` and then formats the name into it."""

    __slots__ = ()

    def __contains__(self, part: object) -> bool:
        return part == "%s"

    def __mod__(self, name: object) -> str:
        raise _UnknownField(str(name))


class _ExactContext(Context):
    """A context that refuses a name nobody gave, also inside ``{% if %}``, where Django would take it as false."""

    def __getitem__(self, key: Any) -> Any:
        if key not in self:
            raise _UnknownField(key)
        return super().__getitem__(key)


def addresses() -> dict[str, str]:
    """The site's own addresses, from the configured base URLs only, never from a request."""
    portal, profile = settings.EXTRANET.portal, current()
    return {
        "portal_url": f"{portal}{profile.portal_path}",
        "login_url": f"{portal}/login/",
        "reset_url": f"{settings.EXTRANET.reset}/",
        "support_url": f"{portal}/support/",
    }


def render(mail_name: str, context: Mapping[str, object], *, language: str) -> Rendered:
    """One mail from ``emails/<language>/<mail_name>/``; a language that the profile does not offer gives its first.

    ``context`` holds exactly the fields of wording.MAIL_FIELDS. Moments are aware and appear in the exchange's zone,
    days and months in the language. Raises ProfileRefused for a field too many, missing or unknown."""
    profile = current()
    language = profile.language_for(language)
    folders = _folders(profile, language)
    file = folders[0] / mail_name
    for field in sorted(set(MAIL_FIELDS[mail_name]) ^ set(context)):
        remedy = "is not a field of this mail" if field in context else "was not given to this mail"
        raise ProfileRefused(file=file, key=field, remedy=remedy)
    fields = {**context, **_common(profile, language)}
    with timezone.override(profile.zone), translation.override(language):
        subject = _fill(folders, f"{mail_name}/subject.txt", fields).strip()
        text = _fill(folders, f"{mail_name}/body.txt", fields).strip()
        html = _fill(folders, f"{mail_name}/body.html", fields).strip()
        end = _fill(folders, FOOTER, fields).strip()
        whole = _fill(folders, FRAME, {**fields, "subject": subject, "content": _trusted(html)})
    if len(subject.splitlines()) != 1:
        raise ProfileRefused(file=file / "subject.txt", key="(file)", remedy="must be one line that is not blank")
    return Rendered(subject=subject, text=f"{text}\n\n{end}\n", html=whole.strip() + "\n")


def footer(*, language: str) -> str:
    """The words that end every mail in that language (J13)."""
    profile = current()
    with timezone.override(profile.zone), translation.override(language):
        return _fill(_folders(profile, language), FOOTER, _common(profile, language)).strip()


def _folders(profile: Profile, language: str) -> tuple[Path, ...]:
    """Where the words of mails are looked for: the language's own first, then what all languages share."""
    return profile.folder / "emails" / language, profile.folder / "emails"


def _common(profile: Profile, language: str) -> dict[str, object]:
    return {"exchange": profile, "policy": policy(), "language": language, **addresses()}


def page(name: str) -> str:
    """A longer text of the profile: ``pages/<name>.html``, safe for templates, or else ``pages/<name>.txt``."""
    profile = current()
    html = (profile.folder / "pages" / f"{name}.html").is_file()
    fields = {"exchange": profile, **addresses()}
    text = _fill((profile.folder,), f"pages/{name}.{'html' if html else 'txt'}", fields).strip()
    return _trusted(text) if html else text


@cache
def _engine(folders: tuple[Path, ...]) -> Engine:
    """Templates of one profile, the first folder before the next. No app's templates or tags can be reached from
    here."""
    return Engine(dirs=list(map(str, folders)), string_if_invalid=_MissingField("%s"))


def _fill(folders: tuple[Path, ...], name: str, fields: Mapping[str, object]) -> str:
    file = next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)
    html = name.endswith(".html")
    try:
        template = _engine(folders).get_template(name)
        return template.render(_ExactContext(dict(fields), autoescape=html, use_tz=True))  # text is never escaped
    except TemplateDoesNotExist as error:
        raise ProfileRefused(file=file, key=str(error), remedy="does not exist; write its text") from error
    except TemplateSyntaxError as error:
        raise ProfileRefused(file=file, key="(file)", remedy=f"is not a valid template: {error}") from error
    except _UnknownField as error:
        remedy = "is no field here; see docs/reference/profile.md for the fields of each mail"
        raise ProfileRefused(file=file, key=error.name, remedy=remedy) from error


def _trusted(html: str) -> SafeString:
    """The profile's folder is installed by the operator, as trusted as our own templates; values were escaped."""
    return mark_safe(html)  # noqa: S308
