"""How hard the mails are to read. docs/reference/readability.md: ``python -m tests.profile.readability > that file``.

Measured are the words that a person reads, in the HTML form: without addresses, user names, passwords, codes and
numbers, and without a line in another language. English by the Flesch-Kincaid grade (years of school; syllables from
the CMU dictionary), Spanish by the scale of Szigriszt and Pazos, which INFLESZ reads: from 55 "normal", from 65 "easy".
"""

import os
import re
import sys
from collections.abc import Callable, Iterator

import django
import pylabeador
import textstat

from extranet.profile.mail_html import take_apart
from extranet.profile.wording import MAIL_FIELDS, samples
from extranet.profile.words import Rendered, footer, render

LIMITS = {"en": 8.0, "es": 55.0}
NO_WORDS = re.compile(r"https?://\S+|\S+@\S+|\S*\\\S*|\S*[0-9_]\S*|\[secure\]")
WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
VOWEL = re.compile(r"[aeiouyáéíóúü]", re.I)  # what has none is no word: PST, Mr
ENGLISH_IN_SPANISH = re.compile(r"«[^»]*»|Covered California|Agent Extranet|Credential Management|Agent Service Center")
INTRODUCTION = """\
# How easy the mails are to read

Every mail of the shipped profile, measured in each of its wordings; the hardest one counts. English by the
Flesch-Kincaid grade (years of school, at most {en:.0f}), Spanish by the scale of Szigriszt and Pazos that INFLESZ reads
(at least {es:.0f}: "normal"; from 65 "easy"). Counted are the words that a person reads; not counted are addresses,
user names, codes, numbers, and in Spanish the labels quoted from the English pages. The footer with the confidentiality
notice is the same in all mails and has a line of its own, so that its short sentences hide no long ones.

This page is written by `python -m tests.profile.readability`; a test fails when it is out of date, or a mail too hard.

| mail | English: grade | Spanish: INFLESZ |
|---|---|---|
"""


def read_words(mail: Rendered, *, language: str) -> list[str]:
    """The blocks of a mail that a person reads, without the footer, which is measured by itself."""
    blocks = list(take_apart(mail.html).blocks)
    left = " ".join(line for line in footer(language=language).split() if line != "--")
    while left:
        last = blocks.pop().text
        assert left.endswith(last)
        left = left.removesuffix(last).rstrip()
    return [block.text for block in blocks if block.language == language]


def sentences(blocks: list[str]) -> list[str]:
    """Sentence by sentence: a heading or an item of a list is one, too."""
    text = NO_WORDS.sub(" ", ". ".join(blocks))
    parts = (" ".join(filter(VOWEL.search, WORD.findall(part))) for part in re.split(r"[.!?¿¡]+", text))
    return [part for part in parts if part]


def grade(blocks: list[str]) -> float:
    """Flesch-Kincaid: years of school that English words ask for."""
    return float(textstat.flesch_kincaid_grade(". ".join(sentences(blocks)) + "."))


def inflesz(blocks: list[str]) -> float:
    """206.835 - 62.3 syllables a word - words a sentence (Szigriszt 1992; the scale: Barrio-Cantalejo 2008)."""
    said = sentences([ENGLISH_IN_SPANISH.sub(" ", block) for block in blocks])
    words = [word for sentence in said for word in sentence.split()]
    parts = [part for word in words for part in re.findall(r"\w+", word) if VOWEL.search(part)]
    syllables = sum(len(pylabeador.syllabify(part)) for part in parts)
    return 206.835 - 62.3 * syllables / len(words) - len(words) / len(said)


MEASURES: dict[str, Callable[[list[str]], float]] = {"en": grade, "es": inflesz}


def hardest(name: str, language: str) -> float:
    """The measure of a mail in its hardest wording, to one place."""
    mails = [render(name, sample, language=language) for _, sample in samples(name)]
    found = [MEASURES[language](read_words(mail, language=language)) for mail in mails]
    return round(max(found) if language == "en" else min(found), 1)


def of_the_footer(language: str) -> float:
    """The measure of what ends every mail: whom to ask, the paper, the confidentiality notice."""
    return round(MEASURES[language](footer(language=language).split("\n\n")), 1)


def page() -> str:
    """The whole page as Markdown."""
    return INTRODUCTION.format(**LIMITS) + "".join(_lines())


def _lines() -> Iterator[str]:
    yield f"| footer | {of_the_footer('en')} | {of_the_footer('es')} |\n"
    for name in MAIL_FIELDS:
        yield f"| `{name}` | {hardest(name, 'en')} | {hardest(name, 'es')} |\n"


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    sys.stdout.write(page())
