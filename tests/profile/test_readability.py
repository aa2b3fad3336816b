"""Plain words, measured: at most the eighth grade in English, at least "normal" in Spanish, mail by mail."""

from pathlib import Path

import pytest

from extranet.profile.exchange import Profile
from extranet.profile.wording import MAIL_FIELDS
from extranet.profile.words import Rendered, render
from tests.profile.readability import LIMITS, grade, hardest, inflesz, of_the_footer, page, read_words

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "readability.md"


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_every_mail_is_easy_enough_in_both_languages(shipped: Profile, name: str) -> None:
    assert hardest(name, "en") <= LIMITS["en"]
    assert hardest(name, "es") >= LIMITS["es"]


def test_the_confidentiality_notice_is_plain_words_too(shipped: Profile) -> None:
    assert of_the_footer("en") <= LIMITS["en"]
    assert of_the_footer("es") >= LIMITS["es"]


def test_the_page_of_the_measures_is_true(shipped: Profile) -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m tests.profile.readability > " + str(
        PAGE
    )


def test_the_measures_tell_hard_words_from_easy_ones() -> None:
    hard = "Notwithstanding the aforementioned confidentiality stipulations, unauthorized dissemination is prohibited."
    assert grade([hard]) > 20
    assert grade(["Your password was changed. If you did this, there is nothing to do."]) < 5
    assert inflesz(["La utilización indebida de informaciones confidenciales constituye responsabilidad jurídica."]) < 0
    assert inflesz(["Su contraseña cambió. Si fue usted, no tiene que hacer nada."]) > 80


def test_spanish_syllables_are_those_that_are_spoken() -> None:
    una_casa = inflesz(["Una casa"])  # u-na ca-sa: four syllables in two words of one sentence
    assert round(una_casa, 3) == round(206.835 - 62.3 * 4 / 2 - 2, 3)


def test_addresses_names_and_the_footer_are_not_what_is_measured(shipped: Profile) -> None:
    sample = {**MAIL_FIELDS["username_reminder"], "username": "CC_1H12345"}
    mail = render("username_reminder", sample, language="en")
    blocks = " ".join(read_words(mail, language="en"))
    assert "user name" in blocks
    assert "confidential" not in blocks
    other = render("username_reminder", {**sample, "username": "CC_9Z99999"}, language="en")
    assert grade(read_words(mail, language="en")) == grade(read_words(other, language="en"))


def test_a_line_in_another_language_is_not_measured(shipped: Profile) -> None:
    mail: Rendered = render("introduction", MAIL_FIELDS["introduction"], language="en")
    assert "Sus correos en español" in mail.html
    assert "Sus correos" not in " ".join(read_words(mail, language="en"))
