"""Vendored files are what they were, nothing asks another site, and no page stands bare."""

import hashlib
import re
import tomllib
from pathlib import Path

import pytest
from django.conf import settings as live_settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client
from pytest_django.fixtures import Settings

import extranet.web
from extranet.profile.loader import current
from extranet.web.static import HashedStatic, brand_sheet, collect, write_brand_sheet

WEB = Path(extranet.web.__file__).parent
STATIC = WEB / "static"
VENDOR = STATIC / "vendor"
LISTED = tomllib.loads((VENDOR / "VENDORED.toml").read_text())
OWN = [file for file in (STATIC / "app").rglob("*") if file.is_file()]


def digests() -> dict[str, str]:
    return {name: digest for package in LISTED.values() for name, digest in package["sha256"].items()}


def test_every_vendored_file_has_the_digest_that_is_written_down() -> None:
    found = {
        file.relative_to(VENDOR).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "VENDORED.toml"
    }
    assert found == digests()


def test_every_package_names_version_and_licence() -> None:
    for name, package in LISTED.items():
        assert package["version"], name
        assert package["license"], name
        assert (VENDOR / package["license_file"]).is_file(), name


def test_the_vendored_files_stay_small() -> None:
    assert sum(file.stat().st_size for file in VENDOR.rglob("*") if file.is_file()) < 1_200_000


@pytest.mark.parametrize("file", [*VENDOR.rglob("*.css"), *VENDOR.rglob("*.js"), *OWN], ids=lambda file: file.name)
def test_no_style_or_script_asks_another_site_or_a_source_map(file: Path) -> None:
    text = file.read_text()
    assert "sourceMappingURL" not in text
    assert not re.search(r"(url\(|@import|fetch\()\s*['\"]?(https?:)?//", text)
    assert "url(data:" not in text


def test_every_file_that_a_style_sheet_names_is_there() -> None:
    for sheet in STATIC.rglob("*.css"):
        for name in re.findall(r"url\(['\"]?([^)'\"]+)['\"]?\)", sheet.read_text()):
            assert (sheet.parent / name).resolve().is_file(), f"{sheet.name}: {name}"


@pytest.mark.parametrize("file", sorted((WEB / "templates").rglob("*.html")), ids=lambda file: file.name)
def test_no_template_carries_inline_style_or_script(file: Path) -> None:
    text = file.read_text()
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<style|\son[a-z]+\s*=|javascript:|hx-on", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


def test_the_profile_brings_its_pictures_and_colours() -> None:
    logo = finders.find(f"profile/{current().brand.logo}")
    assert Path(str(logo)).read_bytes() == (current().static_folder / current().brand.logo).read_bytes()
    sheet = finders.find("profile/brand.css")
    assert f"--brand-primary:{current().brand.primary}" in Path(str(sheet)).read_text()


def test_nothing_outside_the_profile_can_be_named() -> None:
    assert finders.find("profile/nowhere.svg") is None
    assert finders.find(current().brand.logo) is None, "found only under its prefix"


def test_the_brand_sheet_is_written_anew_only_when_the_colours_change(data_folder: Path) -> None:
    file = write_brand_sheet() / "brand.css"
    first = file.stat().st_mtime_ns
    write_brand_sheet()
    assert file.stat().st_mtime_ns == first
    file.write_text("stale")
    write_brand_sheet()
    assert file.read_text() == brand_sheet(current().brand)


@pytest.fixture
def hashed(settings: Settings, tmp_path: Path) -> None:
    settings.STORAGES = {
        **live_settings.STORAGES,
        "staticfiles": {"BACKEND": "extranet.web.static.HashedStatic"},
    }
    settings.STATIC_ROOT = tmp_path / "static"


@pytest.mark.usefixtures("hashed")
def test_collected_files_have_their_digest_in_the_name_and_are_compressed() -> None:
    collect()
    collect()  # safe to repeat
    address = HashedStatic().url("app/app.css")
    assert re.fullmatch(r"/static/app/app\.[0-9a-f]{12}\.css", address)
    file = Path(live_settings.STATIC_ROOT, address.removeprefix("/static/"))
    assert file.is_file()
    assert file.with_name(f"{file.name}.gz").is_file()
    assert HashedStatic().url("profile/brand.css") != "/static/profile/brand.css"
    assert address in render_to_string("base.html", {"title": "A page"})
    assert "immutable" in Client().get(address)["Cache-Control"]


@pytest.mark.usefixtures("hashed")
def test_a_file_that_was_never_collected_has_its_plain_address() -> None:
    assert HashedStatic().url("app/app.css") == "/static/app/app.css"
    assert '"/static/app/app.css"' in render_to_string("base.html", {"title": "A page"})
