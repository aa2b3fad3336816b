"""The golden copies: every mail as it is sent, in each language and wording. One file a mail and form; what the HTML of
all mails of a language has around their words is kept once, in ``_frame.html``.

``python -m tests.profile.golden`` writes them anew; look at the difference before you commit it. The text stands there
under each policy that words it otherwise, the HTML under the policy that ships.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, product, takewhile
from pathlib import Path

import django
from django.conf import settings
from django.utils.html import escape

from extranet.profile.loader import current
from extranet.profile.wording import MAIL_FIELDS, samples
from extranet.profile.words import Rendered, render

FOLDER = Path(__file__).parent / "golden"
SHIPPED, *OTHERS = ("jobaid", "arc_ampe", "nist_63b4")


def copies(name: str, language: str) -> Iterator[tuple[Path, str]]:
    """The two files of one mail with what they must hold."""
    mails = list(_wordings(name, language))
    yield FOLDER / language / f"{name}.txt", "\n".join(_text(*mail) for mail in mails)
    inside = [_html(title, mail, language) for title, mail in mails if "," not in title]
    yield FOLDER / language / f"{name}.html", "\n".join(inside)


def frame(language: str) -> tuple[Path, str]:
    """The file of the frame with what it must hold."""
    head, tail = _frame(language)
    return FOLDER / language / "_frame.html", "\n".join([*head, "", *tail, ""])


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


def _html(title: str, mail: Rendered, language: str) -> str:
    (head, tail), lines = _frame(language), _lines(mail)
    assert lines[: len(head)] == head, f"{title} has another frame"
    assert lines[-len(tail) :] == tail, f"{title} has another frame"
    return "\n".join([f"<!-- {title} -->", *lines[len(head) : -len(tail)], ""])


@cache
def _frame(language: str) -> tuple[list[str], list[str]]:
    """The lines that the HTML of all mails begins and ends with."""
    pages = [_lines(_under(SHIPPED, name, dict(next(iter(samples(name)))[1]), language)) for name in MAIL_FIELDS]
    return _alike(pages), _alike([page[::-1] for page in pages])[::-1]


def _alike(pages: Sequence[Sequence[str]]) -> list[str]:
    """The lines with which all of them begin."""
    side_by_side = takewhile(lambda lines: len(set(lines)) == 1, zip(*pages, strict=False))
    return [lines[0] for lines in side_by_side]


def _lines(mail: Rendered) -> list[str]:
    """But for the subject, which a title repeats."""
    title = f"<title>{escape(mail.subject)}</title>"
    assert title in mail.html
    return mail.html.replace(title, "<title></title>").splitlines()


def _write() -> None:
    chosen = product(MAIL_FIELDS, current().languages)
    wanted = dict(chain.from_iterable(copies(name, language) for name, language in chosen))
    wanted |= dict(map(frame, current().languages))
    for file in set(FOLDER.rglob("*.*")) - set(wanted):
        file.unlink()
    for file, text in wanted.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    _write()
