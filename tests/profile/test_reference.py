"""The reference pages say what the code takes: nothing missing, nothing out of date."""

import dataclasses
import re
from pathlib import Path

from extranet.profile.exchange import Agreement, Brand, Exchange, Profile, Sender, ServiceCenter
from extranet.profile.layouts import Column
from extranet.profile.reference import layouts_page
from extranet.profile.wording import COMMON_FIELDS, MAIL_FIELDS, SECRET_MAILS, WORDS

REFERENCE = Path(__file__).parent.parent.parent / "docs" / "reference"
PAGE = (REFERENCE / "profile.md").read_text(encoding="utf-8")


def test_the_layouts_page_is_up_to_date(shipped: Profile) -> None:
    written = (REFERENCE / "layouts.md").read_text(encoding="utf-8")
    assert written == layouts_page(shipped), "run: python -m extranet.profile.reference > docs/reference/layouts.md"


def test_every_mail_is_documented_with_exactly_its_fields() -> None:
    rows = re.findall(r"^\| `(\w+)`( \*)? \| [^|]+ \| ([^|]+) \|$", PAGE.split("## Mails")[1], re.M)
    documented = {name: (bool(star), set(re.findall(r"`(\w+)`", fields))) for name, star, fields in rows}
    assert documented == {name: (name in SECRET_MAILS, set(fields)) for name, fields in MAIL_FIELDS.items()}


def test_every_key_of_the_profile_is_documented() -> None:
    parts = {"exchange": Exchange, "service_center": ServiceCenter, "system_sender": Sender, "agreement": Agreement}
    keys = {f"{part}.{field.name}" for part, kind in parts.items() for field in dataclasses.fields(kind)}
    keys |= {f"brand.{field.name}" for field in dataclasses.fields(Brand)} | {*WORDS, *COMMON_FIELDS}
    assert {key for key in keys if f"`{key}`" not in PAGE} == set()


def test_every_setting_of_a_column_is_documented() -> None:
    assert {field.name for field in dataclasses.fields(Column) if f"`{field.name}`" not in PAGE} == set()
