"""The example tables: what is committed is what their script makes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tirage.tables import BadRow, Row, open_table

ROOT = Path(__file__).parent.parent.parent


def rows(path: Path) -> list[Row | BadRow]:
    """All rows of a table."""
    with open_table(path) as table:
        return list(table)


def test_the_script_makes_the_examples(tmp_path: Path) -> None:
    """Run anew, it gives the same rows, none of them bad, and the same workbook bytes twice."""
    for folder in ("once", "twice"):
        (tmp_path / folder).mkdir()
        script = [sys.executable, str(ROOT / "tools/example_data.py"), str(tmp_path / folder)]
        subprocess.run(script, check=True)
    for name, count in (("people.csv", 200), ("products.ndjson", 24), ("rows.xlsx", 10)):
        made = rows(tmp_path / "once" / name)
        assert made == rows(ROOT / "examples" / name)
        assert len(made) == count
        assert all(isinstance(row, Row) and all(cell != "" for cell in row.values.values()) for row in made)
        assert (tmp_path / "once" / name).read_bytes() == (tmp_path / "twice" / name).read_bytes()


def test_the_people_show_what_layouts_must_bear() -> None:
    """Names right to left, of other scripts, with emoji and very long are among them, and every portrait is there."""
    people = [row.values for row in rows(ROOT / "examples/people.csv") if isinstance(row, Row)]
    names = [f"{each['first_name']} {each['last_name']}" for each in people]
    for sign in "مל美🌸Å":
        assert any(sign in name for name in names)
    assert max(map(len, names)) > 40
    assert all((ROOT / "examples" / str(each["photo"])).is_file() for each in people)
