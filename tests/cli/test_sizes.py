"""`tirage render --size` as a process: one template drawn in the sizes that it names."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Tirage = Callable[..., "subprocess.CompletedProcess[str]"]


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a PNG."""
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


@pytest.fixture
def advert(folder: Path) -> Path:
    """The folder of the card, which names two more sizes now, and a table of two rows."""
    document = json.loads((folder / "card.json").read_text())
    document["sizes"] = [
        {"name": "story", "width": 36, "height": 64, "overrides": {"photo": {"x": 10}, "bar": {"fill": "#00ff00"}}},
        {"name": "square", "width": 50, "height": 50},
    ]
    (folder / "card.json").write_text(json.dumps(document))
    (folder / "two.csv").write_text("title\nOne\nTwo\n")
    return folder


def test_all_sizes_are_drawn_in_one_call(tirage: Tirage, advert: Path) -> None:
    """Each size becomes a file that bears its name, and the template's own size is not drawn."""
    done = tirage("render", "card.json", "--size", "all", "--report", "told.ndjson")
    assert done.returncode == 0, done.stderr
    assert png_size(advert / "card-story.png") == (36, 64)
    assert png_size(advert / "card-square.png") == (50, 50)
    assert not (advert / "card.png").exists()
    told = [json.loads(line) for line in (advert / "told.ndjson").read_text().splitlines()]
    assert [line["size"] for line in told] == ["story", "square"]


def test_files_are_named_by_the_size(tirage: Tirage, advert: Path) -> None:
    """`{size}` stands for it anywhere in --out; a single size may be given any name."""
    assert tirage("render", "card.json", "--size", "all", "--out", "ads/{size}/ad.png").returncode == 0
    assert png_size(advert / "ads/story/ad.png") == (36, 64) and png_size(advert / "ads/square/ad.png") == (50, 50)
    assert tirage("render", "card.json", "--size", "story", "--out", "mine.png").returncode == 0
    assert png_size(advert / "mine.png") == (36, 64)
    assert tirage("render", "card.json", "--size", "all", "--out", "mine.png").returncode == 0
    assert png_size(advert / "mine-square.png") == (50, 50)


def test_a_summary_for_programs_names_each_size(tirage: Tirage, advert: Path) -> None:
    """With --json, stdout is one value that holds a summary of each; their recipes differ."""
    summary = json.loads(tirage("render", "card.json", "--size", "all", "--json").stdout)
    assert [each["size"] for each in summary["sizes"]] == ["story", "square"]
    assert len({each["recipe"] for each in summary["sizes"]}) == 2
    one = json.loads(tirage("render", "card.json", "--size", "story", "--json").stdout)
    assert one == {**summary["sizes"][0], "ok": True}


def test_a_table_is_drawn_in_every_size(tirage: Tirage, advert: Path) -> None:
    """Each size has a folder and a manifest of its own, so that a run is resumed size by size."""
    command = ("render", "card.json", "--data", "two.csv", "--size", "all", "--name", "{size}-{title}", "--json")
    first = json.loads(tirage(*command).stdout)
    assert first["ok"] and [(each["size"], each["drawn"]) for each in first["sizes"]] == [("story", 2), ("square", 2)]
    assert png_size(advert / "out/story/story-One.png") == (36, 64)
    assert png_size(advert / "out/square/square-Two.png") == (50, 50)
    again = json.loads(tirage(*command, "--resume").stdout)
    assert [(each["drawn"], each["skipped"]) for each in again["sizes"]] == [(0, 2), (0, 2)]


def test_one_size_of_a_table_lies_where_out_says(tirage: Tirage, advert: Path) -> None:
    """With a single size the folder is that of --out."""
    done = tirage("render", "card.json", "--data", "two.csv", "--size", "square", "--name", "{row}-{size}")
    assert done.returncode == 0, done.stderr
    assert png_size(advert / "out/1-square.png") == (50, 50)


def test_what_cannot_be_is_said(tirage: Tirage, advert: Path) -> None:
    """An unknown size is told with the closest, a template without sizes says so, and standard input is read once."""
    unknown = tirage("render", "card.json", "--size", "stroy")
    assert unknown.returncode == 2 and "'story'" in unknown.stderr
    none = tirage("render", "quote", "--size", "all")
    assert none.returncode == 2 and "lists no `sizes`" in none.stderr
    twice = tirage("render", "card.json", "--data", "-", "--size", "all")
    assert twice.returncode == 2 and "read once" in twice.stderr


def test_check_takes_sizes(tirage: Tirage, advert: Path) -> None:
    """Each size is checked on its own; what only one of them loses is told with its name."""
    (advert / "long.csv").write_text("title\nA title that fits into the wide card and not the small one\n")
    document = json.loads((advert / "card.json").read_text())
    title = next(each for each in document["layers"] if each["type"] == "text")
    title.update({"fontSize": 4, "width": "100%", "height": "100%"})
    document["sizes"] = [
        {"name": "wide", "width": 400, "height": 100},
        {"name": "tiny", "width": 12, "height": 12},
    ]
    (advert / "card.json").write_text(json.dumps(document))
    done = tirage("check", "card.json", "--data", "long.csv", "--size", "all", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1 and told["ok"] is False
    assert [(each["size"], each["losing"]) for each in told["sizes"]] == [("wide", 0), ("tiny", 1)]
    assert tirage("check", "card.json", "--data", "long.csv", "--size", "wide").returncode == 0
    piped = tirage("check", "card.json", "--data", "-", "--size", "all")
    assert piped.returncode == 2 and "Standard input is read once" in piped.stderr


def test_a_language_is_given_with_the_command(tirage: Tirage, folder: Path) -> None:
    """Numbers are written as there, for a picture, a table and a check; a tag that is none is refused."""
    (folder / "price.json").write_text(
        json.dumps(
            {
                "width": 200,
                "height": 40,
                "variables": [{"name": "price", "default": 1234.5}],
                "layers": [{"type": "text", "name": "t", "text": "{{ price | number(2) }}", "height": 40}],
            }
        )
    )
    (folder / "prices.csv").write_text("price\n1234.5\n")

    def written(*more: str) -> str:
        done = tirage("render", "price.json", "--report", "r.ndjson", *more)
        assert done.returncode == 0, done.stderr
        return str(json.loads((folder / "r.ndjson").read_text().splitlines()[0])["layers"][0]["text"]["text"])

    assert written("--out", "a.png") == "1,234.50"
    assert written("--out", "a.png", "--locale", "de") == "1.234,50"
    assert written("--data", "prices.csv", "--out", "o", "--locale", "de-CH") == "1’234.50"
    assert tirage("check", "price.json", "--locale", "de").returncode == 0
    refused = tirage("render", "price.json", "--locale", "not a language")
    assert refused.returncode == 2 and "no language" in refused.stderr
