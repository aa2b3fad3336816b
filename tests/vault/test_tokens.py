"""Tokens, codes and generated passwords: enough entropy, and fit for people and mail programs."""

import math
import re
from collections import Counter

import pytest

from extranet.policy import POLICIES
from extranet.vault.passwords import (
    ALPHABET,
    GENERATED_BITS,
    GROUP_LENGTH,
    GROUPS,
    generate_password,
)
from extranet.vault.tokens import CODE_ALPHABET, TOKEN_BYTES, digest, new_token, normalise_code, same, short_code


def test_a_token_is_long_and_survives_any_mail_program() -> None:
    tokens = {new_token() for _ in range(200)}
    assert len(tokens) == 200
    assert TOKEN_BYTES * 8 >= 128
    assert all(re.fullmatch(r"[a-z2-7]{32}", token) for token in tokens)


def test_the_digest_is_sha256_and_not_the_token() -> None:
    assert digest("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert digest(new_token()) != digest(new_token())


@pytest.mark.parametrize("typed", ["CDF-HJK", " cdfhjk ", "cdf hjk", "CDFHJK\n"])
def test_a_code_is_taken_however_it_is_typed(typed: str) -> None:
    assert normalise_code(typed) == "CDFHJK"


def test_a_code_is_short_and_has_no_look_alikes() -> None:
    codes = {short_code() for _ in range(200)}
    assert all(re.fullmatch(f"[{CODE_ALPHABET}]{{6}}", code) for code in codes)
    assert not set(CODE_ALPHABET) & set("0OQ1IL5S2Z8B6GUVAE")
    assert all(normalise_code(code) == code for code in codes)
    assert len(codes) > 195


def test_same_compares_whole_texts_of_any_alphabet() -> None:
    assert same("ñandú", "ñandú")
    assert not same("a", "ab")
    assert not same("", "a")


def test_a_generated_password_is_five_groups_of_four_from_a_plain_alphabet() -> None:
    for _ in range(100):
        assert re.fullmatch(rf"[{ALPHABET}]{{4}}(-[{ALPHABET}]{{4}}){{4}}", generate_password())


def test_the_alphabet_has_no_look_alikes_no_cases_and_no_words() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET)
    assert ALPHABET.islower()
    assert not set(ALPHABET) & set("0o1il5s2z69quvmaeiou")


def test_its_entropy_is_what_every_policy_asks_for() -> None:
    assert math.floor(math.log2(len(ALPHABET) ** (GROUPS * GROUP_LENGTH))) == GENERATED_BITS == 84
    assert all(policy.generated_password_bits <= GENERATED_BITS for policy in POLICIES.values())
    assert all(len(generate_password()) >= policy.min_length_staff for policy in POLICIES.values())


@pytest.mark.parametrize("bits", [80, 84, 85, 102, 128])
def test_it_has_as_many_groups_as_the_bits_need_and_not_one_more(bits: int) -> None:
    groups = len(generate_password(bits=bits).split("-"))
    entropy = math.log2(len(ALPHABET)) * GROUP_LENGTH * groups  # every sign drawn evenly and alone, see below
    assert entropy >= bits > entropy - math.log2(len(ALPHABET)) * GROUP_LENGTH


def test_no_place_leans_on_another() -> None:
    """Each place alone and each pair of neighbours takes all values about equally often: chi square, at 8 sigma."""
    drawn = [generate_password().replace("-", "") for _ in range(20_000)]
    size, places = len(ALPHABET), GROUPS * GROUP_LENGTH
    for place in range(places):
        assert _spread(Counter(password[place] for password in drawn), size) < 8
    for place in range(places - 1):
        assert _spread(Counter(password[place : place + 2] for password in drawn), size**2) < 8
    assert len(set(drawn)) == len(drawn)


def _spread(counts: Counter[str], values: int) -> float:
    """How many standard deviations chi square lies off what even draws give."""
    expected = counts.total() / values
    square = sum((count - expected) ** 2 / expected for count in counts.values())
    square += (values - len(counts)) * expected  # values that never came
    freedom = values - 1
    return abs(square - freedom) / math.sqrt(2 * freedom)


def test_every_sign_is_drawn_evenly() -> None:
    drawn = Counter("".join(generate_password().replace("-", "") for _ in range(1000)))
    expected = 1000 * GROUPS * GROUP_LENGTH / len(ALPHABET)
    assert set(drawn) == set(ALPHABET)
    assert all(abs(count - expected) < 8 * math.sqrt(expected) for count in drawn.values())  # 8 sigma: never by chance
