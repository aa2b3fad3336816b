"""Passwords and codes read aloud: every sign has a word of its own, and what is heard is what was meant."""

from extranet.vault.passwords import ALPHABET, generate_password
from extranet.vault.tokens import CODE_ALPHABET
from extranet.web.spelled import SPOKEN, spelled


def test_every_sign_of_passwords_and_codes_has_a_word_that_sounds_like_no_other() -> None:
    assert set(SPOKEN) >= set(ALPHABET) | set(CODE_ALPHABET.lower())
    assert len(set(SPOKEN.values())) == len(SPOKEN)
    letters = {sign: word for sign, word in SPOKEN.items() if sign.isalpha()}
    assert all(word.startswith(sign) for sign, word in letters.items())
    assert len({word[:2] for word in letters.values()}) == len(letters)


def test_what_is_read_aloud_is_written_down_as_the_same_password() -> None:
    heard = {word: sign for sign, word in SPOKEN.items()}
    for _ in range(200):
        password = generate_password()
        groups = spelled(password).split(", ")
        assert "-".join("".join(heard[word] for word in group.split()) for group in groups) == password
    assert spelled("CDF347") == "charlie delta foxtrot three four seven"
