"""System checks: the profile loads, every mail can be said and says nothing it must not, colours can be read.

They run before the site serves, so that a brander learns of a hole from ``extranet doctor`` and not from an agent.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error

from extranet.profile import words
from extranet.profile.exchange import Profile
from extranet.profile.loader import current
from extranet.profile.reading import ProfileRefused
from extranet.profile.wording import MAIL_FIELDS

ADDRESS = re.compile(r"""(?:https?://|mailto:|tel:|cid:|data:|//)[^\s"'<>)]+""")
REMOTE = re.compile(r"<\s*(script|img|iframe|link|form|object|embed|video|audio)\b|\bon[a-z]+\s*=|url\(|@import", re.I)
READABLE = 4.5  # WCAG 2.2 AA, 1.4.3: contrast of normal text


def check_profile(app_configs: Sequence[AppConfig] | None = None, **kwargs: object) -> Iterable[CheckMessage]:
    """Everything that can be wrong with the profile in force."""
    try:
        profile = current()
    except ProfileRefused as error:
        return [Error(str(error), id="profile.E001")]
    mails = chain.from_iterable(_mail_faults(profile, name, sample) for name, sample in samples())
    return [*mails, *_page_faults(), *_colour_faults(profile)]


def samples() -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every mail with sample fields, and once more with each yes-or-no field turned: no wording stays unread."""
    for name, sample in MAIL_FIELDS.items():
        yield name, sample
        for field in (field for field, value in sample.items() if isinstance(value, bool)):
            yield name, {**sample, field: not sample[field]}


def _mail_faults(profile: Profile, name: str, sample: Mapping[str, object]) -> Iterator[CheckMessage]:
    folder = f"{profile.folder}/emails/{name}"
    try:
        mail = words.render(name, sample)
    except ProfileRefused as error:
        yield Error(str(error), id="profile.E002")
        return
    for part in (mail.text, mail.html):
        for found in sorted(foreign_addresses(profile, part, own=(str(sample.get("link", "")),))):
            hint = "use {{ portal_url }}, {{ login_url }}, {{ reset_url }}, {{ support_url }} or {{ link }}"
            yield Error(f"{folder}: names the foreign address {found}", hint=hint, id="profile.E003")
    if hit := REMOTE.search(mail.html):
        hint = "mails carry tables and inline styles only"
        yield Error(
            f"{folder}/body.html: holds {hit.group()!r}, which fetches or runs something", hint=hint, id="profile.E004"
        )


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
