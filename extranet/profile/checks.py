"""System checks: the profile loads, every mail can be said and says nothing it must not, colours can be read.

They run before the site serves, so that a brander learns of a hole from ``extranet doctor`` and not from an agent.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from itertools import chain

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from extranet.profile import words
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from extranet.profile.mail_rules import ADDRESS, Fault, footer_fault, mail_faults
from extranet.profile.reading import ProfileRefused
from extranet.profile.wording import MAIL_FIELDS, MUST_SAY, samples

READABLE = 4.5  # WCAG 2.2 AA, 1.4.3: contrast of normal text


def check_profile(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> Iterable[CheckMessage]:
    """Everything that can be wrong with the profile in force."""
    try:
        profile = current()
    except ProfileRefused as error:
        return [Error(str(error), id="profile.E001")]
    mails = chain.from_iterable(_language_faults(profile, language) for language in profile.languages)
    return [*mails, *_page_faults(), *_colour_faults(profile)]


def require_sound() -> None:
    """Raise ProfileRefused with every fault that the checks find: no site starts with a mail that misleads."""
    faults = [f"{fault.msg}; {fault.hint}" if fault.hint else fault.msg for fault in check_profile()]
    if faults:
        raise ProfileRefused(file=current().folder, key="(checks)", remedy="\n".join(["mend this:", *faults]))


def _language_faults(profile: Profile, language: str) -> Iterator[CheckMessage]:
    """Every mail in every wording; a fault of several wordings is told once."""
    found = chain.from_iterable(_mail_faults(profile, name, language) for name in MAIL_FIELDS)
    yield from {fault.msg: fault for fault in found}.values()


def _mail_faults(profile: Profile, name: str, language: str) -> Iterator[CheckMessage]:
    folder = f"{profile.folder}/emails/{language}/{name}"
    try:
        for _, sample in samples(name):
            mail = words.render(name, sample, language=language)
            yield from _foreign(profile, folder, mail, own=(str(sample.get("link", "")),))
            for fault in mail_faults(mail, language=language):
                yield _error(f"{folder} (or the frame _base.html)", fault)
        for fault in _unsaid(name, language):
            yield _error(folder, fault)
        yield from _frame_faults(profile, mail, language)
    except ProfileRefused as error:
        yield Error(str(error), id="profile.E002")


def _frame_faults(profile: Profile, mail: words.Rendered, language: str) -> Iterator[CheckMessage]:
    frame = profile.folder / "emails" / words.FRAME
    if fault := footer_fault(words.footer(language=language), mail.html):
        yield _error(str(frame), fault)
    if "{{ content }}" not in frame.read_text(encoding="utf-8"):
        yield _error(str(frame), Fault("E010", "never places {{ content }}", "put it where the words of a mail belong"))


def _error(where: str, fault: Fault) -> Error:
    return Error(f"{where}: {fault.found}", hint=fault.remedy, id=f"profile.{fault.check}")


def _unsaid(name: str, language: str) -> Iterator[Fault]:
    """A field is said where another value of it gives other words."""
    sample = MAIL_FIELDS[name]
    mail = words.render(name, sample, language=language)
    for field in MUST_SAY.get(name, ()):
        other = words.render(name, {**sample, field: _another(sample[field])}, language=language)
        for form, same in (("body.txt", other.text == mail.text), ("body.html", other.html == mail.html)):
            if same:
                yield Fault("E007", f"{form} never says {{{{ {field} }}}}", "put it where its reader looks for it")


def _another(value: object) -> object:
    """Another value of the same type."""
    if isinstance(value, date):  # moments too
        return value + timedelta(days=1)
    return 2 * value + 1 if isinstance(value, int) else f"{value}x"


def _foreign(profile: Profile, folder: str, mail: words.Rendered, *, own: tuple[str, ...]) -> Iterator[CheckMessage]:
    for part in (mail.text, mail.html):
        for found in sorted(foreign_addresses(profile, part, own=own)):
            hint = "use {{ portal_url }}, {{ login_url }}, {{ reset_url }}, {{ support_url }} or {{ link }}"
            yield Error(f"{folder}: names the foreign address {found}", hint=hint, id="profile.E003")


def foreign_addresses(profile: Profile, text: str, *, own: tuple[str, ...] = ()) -> set[str]:
    """Addresses in a mail that lead anywhere but to this site or its service center."""
    center = profile.service_center
    known = {*words.addresses().values(), *own, f"mailto:{center.email}", center.phone_link}
    found = (match.group().rstrip(".,;").replace("&amp;", "&") for match in ADDRESS.finditer(text))
    return {address for address in found if address not in known}


def _page_faults() -> Iterator[CheckMessage]:
    for name in ("agreement", "notice"):
        try:
            words.page(name)
        except ProfileRefused as error:
            yield Error(str(error), id="profile.E005")


def _colour_faults(profile: Profile) -> Iterator[CheckMessage]:
    for key in ("primary", "primary_dark", "accent"):
        ratio = contrast_with_white(getattr(profile.brand, key))
        if ratio < READABLE:
            message = f"{profile.folder}/profile.toml: brand.{key}: white on it has a contrast of {ratio:.1f}"
            yield Error(message, hint=f"choose a darker colour, at least {READABLE}", id="profile.E006")


def contrast_with_white(colour: str) -> float:
    """Contrast ratio of #rrggbb with white, 1 to 21, as WCAG 2.2 defines it."""
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)
