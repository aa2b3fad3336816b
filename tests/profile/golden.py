"""The golden copies: every mail as it is sent, in each language and wording. One file a mail and form.

``python -m tests.profile.golden`` writes them anew; look at the difference before you commit it. The text stands there
under each policy that words it otherwise, the HTML under the policy that ships.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import chain, product
from pathlib import Path

import django
from django.conf import settings

from extranet.profile.loader import current
from extranet.profile.wording import MAIL_FIELDS, samples
from extranet.profile.words import Rendered, render

FOLDER = Path(__file__).parent / "golden"
SHIPPED, *OTHERS = ("jobaid", "arc_ampe", "nist_63b4")


def copies(name: str, language: str) -> Iterator[tuple[Path, str]]:
    """The two files of one mail with what they must hold."""
    mails = list(_wordings(name, language))
    yield FOLDER / language / f"{name}.txt", "\n".join(_text(*mail) for mail in mails)
    yield FOLDER / language / f"{name}.html", "\n".join(_html(*mail) for mail in mails if "," not in mail[0])


def _wordings(name: str, language: str) -> Iterator[tuple[str, Rendered]]:
    """The usual sample first, then the variants; another policy only where it words the mail otherwise."""
    for variant, sample in samples(name):
        seen = [_under(SHIPPED, name, sample, language)]
        yield variant, seen[0]
        for policy in OTHERS:
            mail = _under(policy, name, sample, language)
            if mail not in seen:
                seen.append(mail)
                yield f"{variant}, {policy}", mail


def _under(policy: str, name: str, sample: Mapping[str, object], language: str) -> Rendered:
    before = settings.EXTRANET
    try:
        settings.EXTRANET = before.model_copy(update={"policy": policy})
        return render(name, sample, language=language)
    finally:
        settings.EXTRANET = before


def _text(title: str, mail: Rendered) -> str:
    return f"######## {title}\nSubject: {mail.subject}\n\n{mail.text}"


def _html(title: str, mail: Rendered) -> str:
    return f"<!-- {title} -->\n{mail.html}"


def _write() -> None:
    chosen = product(MAIL_FIELDS, current().languages)
    wanted = dict(chain.from_iterable(copies(name, language) for name, language in chosen))
    for file in set(FOLDER.rglob("*.*")) - set(wanted):
        file.unlink()
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    _write()
