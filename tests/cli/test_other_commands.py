"""The commands beside `render`, as processes."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tirage import __version__
from tirage.assets.fonts import bundled
from tirage.cli import doctor

Tirage = Callable[..., "subprocess.CompletedProcess[str]"]


def test_version_and_help(call: Tirage) -> None:
    """The version is one line; the help names every command."""
    assert call("--version").stdout == f"tirage {__version__}\n"
    told = call("--help").stdout
    assert all(f"  {name} " in told for name in ("render", "check", "starters", "sample", "fonts", "doctor", "schema"))


def test_help_loads_neither_the_engine_nor_rich() -> None:
    """Help is there at once: what only drawing or a progress bar needs stays unloaded."""
    heavy = ("pydantic", "rich", "httpcore", "asyncio")
    code = f"import sys, tirage.cli.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_check_tells_what_rows_lose_and_draws_nothing(tirage: Tirage, folder: Path) -> None:
    """Overflowing text, missing glyphs and missing pictures are told by row; nothing is written."""
    (folder / "t.csv").write_text(
        "title,photo,extra\nfine,,\nfar too long for the box that it is given,,\nno\U0010fffd,,\nx,none.png,\n",
        encoding="utf-8",
    )
    before = set(folder.iterdir())
    done = tirage("check", "card.json", "--data", "t.csv", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["rows"], told["failed"], told["losing"]) == (4, 1, 2)
    found = [(each["row"], [one["code"] for one in each["problems"] + each["warnings"]]) for each in told["findings"]]
    assert found == [(4, ["source_not_found"]), (2, ["text_overflow"]), (3, ["glyph_missing"]), (1, [])]
    assert told["noted"] == 1 and told["findings"][3]["notes"][0]["code"] == "value_empty"
    assert [each["code"] for each in told["general"]] == ["column_unused"]
    assert set(folder.iterdir()) == before


def test_check_of_good_rows_and_of_sample_rows(tirage: Tirage) -> None:
    """What is well ends with 0."""
    assert tirage("check", "card.json", "--data", "rows.csv").returncode == 0
    assert tirage("check", "card.json").returncode == 0


def test_check_tells_people_a_table_and_draws_the_worst_rows(tirage: Tirage, folder: Path) -> None:
    """What there is in how many rows, then the worst rows with their sentences; they are drawn where that is asked."""
    (folder / "t.csv").write_text("title\nfine\nfar too long for the box that it is given\nno\U0010fffd\n", "utf-8")
    done = tirage("check", "card.json", "--data", "t.csv", "--sheet", "worst.png")
    assert done.returncode == 1
    told = done.stderr.splitlines()
    assert any(line.split()[:3] == ["text_overflow", "1", "title"] for line in told)
    rows = [int(line.split()[0]) for line in told if line.strip()[:1].isdigit()]
    assert rows == [2, 3] and "U+10FFFD" in done.stderr and "\U0010fffd" not in done.stderr
    assert "The worst rows: worst.png" in done.stdout
    assert (folder / "worst.png").read_bytes().startswith(b"\x89PNG")


def test_check_names_a_missing_column_once(call: Tirage, folder: Path) -> None:
    """A required column that the table lacks is told once, with the column that was probably meant."""
    (folder / "t.csv").write_text("titel\n" + "x\n" * 100)
    done = call("check", "card.json", "--data", "t.csv")
    assert done.returncode == 2
    assert done.stderr.count("'title'") == 1 and "'titel'" in done.stderr


def test_starters_are_listed_shown_and_copied(call: Tirage, folder: Path) -> None:
    """A copied starter is a template in a folder of its own; what is there already is not written over."""
    assert "social-ad" in call("starters").stdout
    assert "quotation" in call("starters", "quote").stdout
    assert call("starters", "quotes").returncode == 2
    assert call("starters", "quote", "--write", "mine").returncode == 0
    assert call("check", "mine/quote/template.json").returncode == 0
    assert call("starters", "quote", "--write", "mine").returncode == 2
    assert call("starters", "quote", "--write", "mine", "--force").returncode == 0


def test_sample_data_fits_its_template(tirage: Tirage, folder: Path) -> None:
    """A sample is a table of the template's variables, the same for the same seed, and can be drawn."""
    first = tirage("sample", "product-card", "-n", "5", "--seed", "7").stdout
    assert len(list(csv.DictReader(io.StringIO(first)))) == 5
    assert tirage("sample", "product-card", "-n", "5", "--seed", "7", "--out", "s.csv").returncode == 0
    with (folder / "s.csv").open(newline="", encoding="utf-8") as file:
        assert file.read() == first.replace("\n", "\r\n")  # the pipe above is read with universal line ends
    done = tirage("render", "product-card", "--data", "s.csv", "--out", "res", "--scale", "0.2", "--rows", "1-2")
    assert done.returncode == 0, done.stderr


def test_fonts_are_listed_and_added(tirage: Tirage, folder: Path) -> None:
    """The bundled families are listed; an added font is listed as one's own and serves; a damaged file is refused."""
    assert "Inter" in tirage("fonts").stdout
    face = bundled().family("Anton")[0]
    (folder / "mine.ttf").write_bytes(face.path.read_bytes())
    assert tirage("fonts", "add", "mine.ttf").returncode == 0
    listed = json.loads(tirage("fonts", "list", "--json").stdout)
    assert [each["family"] for each in listed if each["origin"] == "own"] == ["Anton"]
    assert tirage("render", "card.json", "--set", "title.fontFamily=Anton").returncode == 0
    (folder / "bad.ttf").write_bytes(face.path.read_bytes()[:5000])
    refused = tirage("fonts", "add", "bad.ttf")
    assert refused.returncode == 2 and "bad.ttf" in refused.stderr


def test_doctor_finds_this_machine_well(tirage: Tirage) -> None:
    """Where the tests run, everything needed is there: libraries, fonts, a trial picture."""
    done = tirage("doctor", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, True), done.stdout
    names = {each["name"] for each in told["findings"] if each["state"] != "bad"}
    assert names >= {"tirage", "Python", "skia-python", "pyvips", "fonts", "cache", "trial picture"}


def test_doctor_tells_a_library_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that raises and one that takes its process down are told; those around them are found well."""
    crash = "import os; os._exit(11)"
    libraries = (("orjson", "import orjson"), ("lxml", "raise ImportError('no libxml2 here')"), ("pydantic", crash))
    monkeypatch.setattr(doctor, "LIBRARIES", (*libraries, ("faker", ""), ("no-such-library", "")))
    found = {each.name: (each.state, each.text) for each in doctor._libraries()}
    assert [found[name][0] for name in ("orjson", "lxml", "pydantic", "faker")] == ["ok", "bad", "bad", "ok"]
    assert "libxml2" in found["lxml"][1] and "crashes" in found["pydantic"][1]
    assert "is not installed" in found["no-such-library"][1]


@pytest.mark.parametrize("which", ["template", "report"])
def test_schemas_are_json_with_their_dialect(call: Tirage, which: str) -> None:
    """Each schema says its dialect, and every reference in it leads somewhere."""
    schema = json.loads(call("schema", which).stdout)
    assert schema["$schema"].endswith("2020-12/schema")
    references = {part.split('"')[0] for part in json.dumps(schema).split('"$ref": "#/$defs/')[1:]}
    assert references and references <= schema["$defs"].keys()
