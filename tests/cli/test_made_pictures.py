"""Layers whose pictures are made, on the command line and in the service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.conftest import LOGO, Tirage
from tests.harness.evil import png
from tests.harness.provider import ImagesService, images_service

TEMPLATE = {
    "width": 60, "height": 40, "background": "#ffffff",
    "layers": [
        {"type": "image", "name": "art", "width": 60, "height": 40, "imageUrl": "{{ art }}", "prompt": "{{ prompt }}",
         "sourceImage": "{{ start }}", "removeBackground": "{{ cut }}"},
    ],
    "variables": [{"name": name} for name in ("art", "prompt", "start", "cut")],
}  # fmt: skip


@pytest.fixture
def service() -> Iterator[ImagesService]:
    """A service that makes pictures."""
    with images_service() as running:
        yield running


def test_rows_bring_prompts_and_a_second_run_asks_nobody(tirage: Tirage, folder: Path, service: ImagesService) -> None:
    """Prompts, pictures of the table's folder and cut-outs are made once; rows with a plain picture ask nobody."""
    (folder / "made.json").write_text(json.dumps(TEMPLATE))
    table = folder / "tables"
    table.mkdir()
    (table / "photo.png").write_bytes(png(9, 9))
    (table / "logo.svg").write_text(LOGO)
    rows = "art,prompt,start,cut\n,a kite,,\n,a kite,photo.png,\nphoto.png,,,true\nlogo.svg,,,\n,a kite,,\n"
    (table / "rows.csv").write_text(rows)
    variables = {"TIRAGE_AI_URL": service.url, "TIRAGE_AI_KEY": "sk-test", "TIRAGE_AI_MODEL": "pictor"}
    command = ("render", "made.json", "--data", "tables/rows.csv", "--out")
    first = tirage(*command, "one", **variables)
    assert first.returncode == 0, first.stderr
    assert sorted(each.path.rpartition("/")[2] for each in service.asked) == ["edits", "edits", "generations"]
    assert tirage(*command, "two", **variables).returncode == 0
    assert len(service.asked) == 3
    for number in range(1, 6):
        name = f"{number:05d}.png"
        assert (folder / "one" / name).read_bytes() == (folder / "two" / name).read_bytes()
    assert "sk-test" not in first.stderr + first.stdout


def test_without_a_provider_the_layer_says_so(tirage: Tirage, folder: Path) -> None:
    """The row fails with the layer's name and the remedy; a check finds it without drawing."""
    (folder / "made.json").write_text(json.dumps(TEMPLATE))
    (folder / "rows.csv").write_text("prompt\na kite\n")
    done = tirage("check", "made.json", "--data", "rows.csv", "--json")
    told = json.loads(done.stdout)["findings"][0]["problems"][0]
    assert done.returncode == 1
    assert (told["code"], told["layer"]) == ("provider_missing", "art") and "TIRAGE_AI_URL" in told["hint"]
