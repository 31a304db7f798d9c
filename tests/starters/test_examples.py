"""The example tables and templates: every row of every one can be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.harness.studio import shoot

from tirage import starters
from tirage.tables import Row, open_table

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
PAIRS = {
    "people.csv": starters.path("social-ad"),
    "rows.xlsx": EXAMPLES / "card.json",
    "products.ndjson": EXAMPLES / "label.json",
    "tickets.csv": starters.path("ticket"),
}


def rows(table: str) -> list[Row]:
    """All rows of an example table; none is bad."""
    read = list(open_table(EXAMPLES / table))
    found = [row for row in read if isinstance(row, Row)]
    assert len(found) == len(read)
    return found


@pytest.mark.parametrize("table", PAIRS)
def test_every_row_is_drawn(table: str) -> None:
    """Every fifth row, and every one beyond ASCII, is drawn: no column is ignored, no glyph or picture is missing.

    A name or sentence that is too long may be cut; that is what a warning is for.
    """
    for row in rows(table):
        if row.number % 5 == 0 or not "".join(map(str, row.values.values())).isascii():
            told = shoot(PAIRS[table], row.values, data=EXAMPLES / table, scale=0.1).report.warnings
            assert [warning for warning in told if warning.code not in ("text_cut", "code_dense")] == [], row.number


def test_people_are_many_and_various() -> None:
    """The table of the demonstration has 200 people; some write from right to left, some in Chinese characters."""
    people = rows("people.csv")
    text = "".join(str(row.values["first_name"]) for row in people)
    assert len(people) == 200
    assert any("א" <= character <= "ת" for character in text)
    assert any("ء" <= character <= "ي" for character in text)
    assert any("一" <= character <= "鿿" for character in text)


@pytest.mark.parametrize("template", sorted(path.name for path in EXAMPLES.glob("*.json")))
def test_every_example_template_has_a_table(template: str) -> None:
    """No example template lies there without data to draw it with."""
    assert EXAMPLES / template in PAIRS.values()
