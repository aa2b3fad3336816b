"""What leaves the house is what somebody looked at: each mail equals its golden copy to the letter."""

from itertools import product

import pytest

from extranet.profile.exchange import Profile
from extranet.profile.wording import MAIL_FIELDS, MUST_SAY, VARIANTS, samples
from tests.profile.golden import FOLDER, copies, frame

ALL = list(product(MAIL_FIELDS, ("en", "es")))


@pytest.mark.parametrize(("name", "language"), ALL)
def test_a_mail_equals_its_golden_copy(shipped: Profile, name: str, language: str) -> None:
    for file, text in copies(name, language):
        assert file.read_text(encoding="utf-8") == text, "look at it, then: python -m tests.profile.golden"


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_frame_of_all_mails_equals_its_golden_copy(shipped: Profile, language: str) -> None:
    file, text = frame(language)
    assert file.read_text(encoding="utf-8") == text
    assert text.count("<table") > 1


def test_there_is_a_golden_copy_for_every_mail_and_language_and_no_other(shipped: Profile) -> None:
    assert shipped.languages == ("en", "es")
    wanted = {file for name, language in ALL for file, _ in copies(name, language)} | {
        frame(language)[0] for language in ("en", "es")
    }
    assert set(FOLDER.rglob("*.*")) == wanted


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_the_samples_turn_every_yes_or_no_both_ways(name: str) -> None:
    seen = [fields for _, fields in samples(name)]
    turned = {field for field, value in MAIL_FIELDS[name].items() if isinstance(value, bool)}
    assert [field for field in turned if {fields[field] for fields in seen} != {True, False}] == []


def test_every_variant_is_a_sample_of_its_mail() -> None:
    for name, variants in VARIANTS.items():
        for variant, fields in variants.items():
            assert fields.keys() <= MAIL_FIELDS[name].keys(), (name, variant)
            assert {field: type(value) for field, value in fields.items()} == {
                field: type(MAIL_FIELDS[name][field]) for field in fields
            }, (name, variant)


@pytest.mark.parametrize("name", MAIL_FIELDS)
def test_what_opens_an_account_or_proves_something_must_be_said(name: str) -> None:
    needed = {"link", "password", "code", "fingerprint", "username"} & MAIL_FIELDS[name].keys()
    assert needed <= set(MUST_SAY.get(name, ()))
