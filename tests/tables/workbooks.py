"""Workbooks made by hand, so that they can be wrong in every way."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STRINGS = "xl/sharedStrings.xml"
SHEET = "xl/worksheets/sheet1.xml"


def sheet(rows: str) -> str:
    """The part of a worksheet with these `row` elements."""
    return f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def strings(items: str) -> str:
    """The part of the shared strings with these `si` elements."""
    return f'{_XML}<sst xmlns="{_MAIN}">{items}</sst>'


def parts(rows: str) -> dict[str, str]:
    """The parts of a small workbook: one sheet, one shared-strings part, styles with a date, a time and a duration."""
    kinds = (
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/{STRINGS}" ContentType="{_TYPE}.sharedStrings+xml"/>'
    )
    relations = (
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    formats = "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in (0, 14, 22, 20, 46))
    return {
        "[Content_Types].xml": f'{_XML}<Types xmlns="{_PACKAGE}/content-types">'
        f'<Default Extension="xml" ContentType="application/xml"/>{kinds}</Types>',
        "_rels/.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_XML}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="People" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_XML}<Relationships xmlns="{_PACKAGE}/relationships">{relations}'
        "</Relationships>",
        "xl/styles.xml": f'{_XML}<styleSheet xmlns="{_MAIN}"><cellXfs count="5">{formats}</cellXfs></styleSheet>',
        STRINGS: strings("<si><t>name</t></si><si><t>Ann</t></si>"),
        SHEET: sheet(rows),
    }


def packed(parts: Mapping[str, str | bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The parts as a ZIP container."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return file.getvalue()


def workbook(rows: str, **changed: str | bytes) -> bytes:
    """A workbook of one sheet; `strings`, `workbook`, `styles`, `types` and `sheet` replace whole parts."""
    names = {
        "strings": STRINGS,
        "workbook": "xl/workbook.xml",
        "styles": "xl/styles.xml",
        "types": "[Content_Types].xml",
        "sheet": SHEET,
    }
    return packed({**parts(rows), **{names[part]: data for part, data in changed.items()}})


def inline(*rows: list[str]) -> str:
    """`row` elements with these texts."""
    return "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{text}</t></is></c>' for text in row) + "</row>" for row in rows
    )
