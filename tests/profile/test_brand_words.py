"""Nothing outside the profile folders speaks of one exchange: another one brands the site by copying a folder."""

import re
from collections.abc import Iterator
from pathlib import Path

import extranet

HOUSE = Path(extranet.__file__).parent
BRAND = re.compile(
    r"covered[\s._-]?ca|calheers|esharepoint|ccagentportal|california|credential management|\bcc_[0-9<{]"
    r"|877\D{0,2}453\D?9198",
    re.I,
)
PERMITTED = {("env.py", 'profile: str = Field("covered_california", description=')}
TEXTS = {".py", ".html", ".txt", ".toml", ".js", ".css", ".svg", ".json", ".md", ".xml", ".webmanifest"}


def spoken(house: Path) -> Iterator[str]:
    """Lines that name the exchange, as file:line: text."""
    for file in sorted(house.rglob("*")):
        name = file.relative_to(house)
        if name.parts[0] == "profiles" or not file.is_file() or file.suffix not in TEXTS:
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            permitted = any(name.as_posix() == where and line.strip().startswith(what) for where, what in PERMITTED)
            if BRAND.search(line) and not permitted:
                yield f"{name}:{number}: {line.strip()[:120]}"


def test_only_profiles_name_an_exchange() -> None:
    assert list(spoken(HOUSE)) == []


def test_the_search_would_find_a_brand_word(tmp_path: Path) -> None:
    words = ["Covered California", "a@covered.ca.gov", "ecoveredca\\x", "CalHEERS", "ESharePoint", "(877) 453-9198"]
    words += ["/sites/ccAgentPortal", "CC_1H12345", "Credential Management"]
    (tmp_path / "page.html").write_text("\n".join([*words, "accounts covered by a policy"]))
    assert [int(line.split(":")[1]) for line in spoken(tmp_path)] == list(range(1, len(words) + 1))
