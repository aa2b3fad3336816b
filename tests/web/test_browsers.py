"""Browsers in the words of their owners."""

import pytest

from extranet.web.browsers import LONGEST, in_words

APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0"


@pytest.mark.parametrize(("header", "words"), [
    ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox (Windows)"),
    (f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {CHROME} Safari/537.36 Edg/140.0.0.0", "Edge (Windows)"),
    (f"Mozilla/5.0 (X11; Linux x86_64) {CHROME} Safari/537.36", "Chrome (Linux)"),
    (f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {CHROME} Mobile Safari/537.36", "Chrome (Android)"),
    (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {APPLE} Safari/604.1", "Safari (iPhone)"),
    (f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.5 Safari/605.1.15", "Safari (Mac)"),
    ("Firefox (Windows)", "Firefox (Windows)"),
    ("curl/8.5.0", "curl/8.5.0"),
    ("", ""),
])  # fmt: skip
def test_what_a_browser_says_is_put_in_words(header: str, words: str) -> None:
    assert in_words(header) == words


def test_an_odd_one_is_cut_and_cannot_break_a_line() -> None:
    said = in_words("x\r\nBcc: y\x00" + "z" * 500)
    assert said.isprintable()
    assert len(said) == LONGEST
