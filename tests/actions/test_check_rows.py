"""The service checks rows as the command line does."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.db.fixtures import Tenant

from tirage.actions.check_rows import check_rows
from tirage.actions.check_table import CHUNK
from tirage.actions.create_template import create_template
from tirage.actions.open_design import OpenDesigns
from tirage.actions.ranking import ranking_as_json
from tirage.context import Service
from tirage.engine.errors import Problem
from tirage.tables.rows import BadRow, Row

LOGO = "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%204%201'/%3E"
DOCUMENT: dict[str, Any] = {
    "name": "Card", "width": 160, "height": 80, "background": "#ffffff",
    "layers": [
        {"type": "image", "name": "photo", "width": 160, "height": 40, "imageUrl": "{{ photo }}"},
        {"type": "text", "name": "title", "y": 50, "height": 20, "fontSize": 14, "text": "{{ title }}"},
    ],
    "variables": [{"name": "title", "required": True}, {"name": "photo", "type": "image", "default": LOGO}],
}  # fmt: skip


async def _stream(rows: list[Row | BadRow]) -> AsyncIterator[Row | BadRow]:
    for row in rows:
        yield row


@pytest.mark.anyio
async def test_rows_of_a_design_are_checked_without_drawing(service: Service, alice: Tenant) -> None:
    """Failing and losing rows are found among several chunks, nothing is kept, and every row is counted."""
    workspace = alice.id
    record = await create_template(service, workspace, json.dumps(DOCUMENT).encode())
    design = await OpenDesigns().open(service, workspace, record.id, record.version)
    rows: list[Row | BadRow] = [Row(number, {"title": f"T{number}"}) for number in range(1, CHUNK + 4)]
    rows[1] = Row(2, {"title": "far too long for a card so small as this one is"})
    rows[2] = Row(3, {"title": "x", "photo": "file:///etc/passwd"})
    rows[3] = Row(4, {"title": ""})
    rows[4] = BadRow(5, Problem("ragged_row", "Row 5 has too few cells."))
    rows[CHUNK + 1] = Row(CHUNK + 2, {"title": "T1"})
    told = ranking_as_json(await check_rows(service, design, _stream(rows)))
    assert (told["rows"], told["failed"], told["losing"], told["noted"]) == (CHUNK + 3, 3, 1, 1)
    assert [(each["row"], [one["code"] for one in each["problems"]]) for each in told["findings"][:3]] == [
        (3, ["source_invalid"]), (4, ["variable_missing"]), (5, ["ragged_row"]),
    ]  # fmt: skip
    assert (told["findings"][3]["row"], told["findings"][4]["row"]) == (2, CHUNK + 2)
    assert [one["code"] for one in told["findings"][3]["warnings"]] == ["text_overflow"]
