"""A workbook made to harm: some bytes that ask for half a terabyte must cost the sender's answer and nothing else."""

import io
import zipfile

import pytest

from extranet.agents.roster import RosterRefused
from tests.agents.conftest import read

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


def related(kind: str, target: str) -> str:
    link = f'<Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{link}</Relationships>'


def hand_made(sheet_data: str) -> bytes:
    """A whole workbook with exactly these cells; no library would write them."""
    types, sheet = '<Default Extension="xml" ContentType="application/xml"/>', '<sheet name="S" sheetId="1" r:id="r1"/>'
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">{types}</Types>',
        "_rels/.rels": related("officeDocument", "xl/workbook.xml"),
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheet}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": related("worksheet", "worksheets/sheet1.xml"),
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{sheet_data}</sheetData></worksheet>',
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0"?>{text}')
    return file.getvalue()


def cell(place: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>x</t></is></c>'


def reason_of(data: bytes) -> str:
    with pytest.raises(RosterRefused) as refusal:
        read(data)
    (fault,) = refusal.value.faults
    return str(fault)


def test_two_cells_far_apart_do_not_take_the_server_down() -> None:
    """A reader allots all cells in between: 17 thousand million of them, and the process that reads is gone."""
    corners = f'<row r="1">{cell("A1")}</row><row r="1048576">{cell("XFD1048576")}</row>'
    assert reason_of(hand_made(corners)) == "file: needs more memory or time to open than a roster can"


def test_the_same_made_small_is_opened_and_read() -> None:
    assert reason_of(hand_made(f'<row r="1">{cell("A1")}</row>')) == "line 1: holds a header and no agents"
