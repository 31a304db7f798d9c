"""The starter templates: complete, handsome with any data, small."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import pyvips
import zxingcpp
from tests.harness.studio import look_over, shoot

from tirage import starters
from tirage.assets.fonts import families
from tirage.engine.bind import variables_used
from tirage.engine.parse import parse
from tirage.engine.template import Template

NAMES = starters.names()
WANTED = {
    "ticket",
    "price-tag",
    "monthly-report",
    "invoice",
    "sale-countdown",
    "badge", "coupon", "match-result", "menu", "product-ad", "product-label", "recipe-card",
    "birthday-card", "certificate", "email-banner", "event-ticket", "job-post", "open-graph", "podcast-cover",
    "product-card", "quote", "real-estate-card", "social-ad", "story",
}  # fmt: skip
LONGEST_PICTURE = 120 * 1024
ALL_TOGETHER = 1_500_000
SMALL = 0.1
"""What is told about a text does not depend on the scale, so the pictures are drawn small."""


@cache
def template(name: str) -> Template:
    """A starter, parsed once."""
    return parse(starters.path(name).read_bytes())


@cache
def document(name: str) -> dict[str, Any]:
    """A starter's JSON."""
    return dict(json.loads(starters.path(name).read_bytes()))


def layers(level: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """All layers, groups before their children."""
    for layer in level:
        yield layer
        yield from layers(layer.get("children", []))


def rows() -> list[tuple[str, int]]:
    """Every starter with every sample row; −1 stands for no row at all."""
    return [(name, index) for name in NAMES for index in range(-1, len(document(name)["sampleRows"]))]


def test_all_of_them_are_there() -> None:
    """The starters have the names that the documentation gives them, and each says what it is for."""
    assert set(NAMES) == WANTED
    assert all(len(starters.describe(name)) > 20 for name in NAMES)


def test_a_wrong_name_is_answered_with_the_nearest() -> None:
    """A misspelt name brings the name that was meant; a name like a path finds nothing."""
    with pytest.raises(starters.StarterUnknown) as caught:
        starters.path("Certifcate")
    assert caught.value.closest == "certificate"
    with pytest.raises(starters.StarterUnknown) as caught:
        starters.path("../fonts")
    assert caught.value.closest is None


@pytest.mark.parametrize("name", NAMES)
def test_layer_names_are_an_interface(name: str) -> None:
    """Layer names are kebab-case, and every layer that rows are meant to change lists how."""
    found = list(layers(document(name)["pages"][0]["layers"]))
    assert all(re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", layer["name"]) for layer in found)
    for layer in found:
        main = {"text": "text", "image": "imageUrl"}.get(layer["type"])
        if main and re.fullmatch(r"\{\{ \w+ \}\}", layer[main]):
            assert main in layer["dynamic"], layer["name"]


@pytest.mark.parametrize("name", NAMES)
def test_variables_are_used_and_explained(name: str) -> None:
    """Every variable is used by a layer, described, and shown by a default or a sample; one at least is required or
    all have defaults, so that the starter draws without any data."""
    assert variables_used(template(name)) == {variable.name for variable in template(name).document.variables}
    for variable in template(name).document.variables:
        assert variable.description.endswith("."), variable.name
        assert variable.default is not None, variable.name


@pytest.mark.parametrize("name", NAMES)
def test_sample_rows_cover_short_long_and_right_to_left(name: str) -> None:
    """There are at least three sample rows, one of them in a script that runs from right to left."""
    samples = document(name)["sampleRows"]
    assert len(samples) >= 3
    texts = ["".join(str(value) for value in row.values()) for row in samples]
    assert any(unicodedata.bidirectional(character) in ("R", "AL") for text in texts for character in text)
    assert max(map(len, texts)) > 2.5 * min(map(len, texts))


@pytest.mark.parametrize("name", NAMES)
def test_only_bundled_fonts(name: str) -> None:
    """No starter asks for a font that does not travel with the package."""
    asked = {layer["fontFamily"] for layer in layers(document(name)["pages"][0]["layers"]) if "fontFamily" in layer}
    assert asked <= set(families())


@pytest.mark.parametrize(("name", "index"), rows())
def test_sample_row_draws_without_trouble(name: str, index: int) -> None:
    """A sample row fills its starter: nothing overflows, no glyph and no picture is missing, no column is ignored.

    Long texts may be cut with an ellipsis where the template says so.
    """
    row = document(name)["sampleRows"][index] if index >= 0 else {}
    report = shoot(starters.path(name), row, scale=SMALL).report
    allowed = {
        layer["name"] for layer in layers(document(name)["pages"][0]["layers"]) if layer.get("fit") == "ellipsis"
    }
    trouble = [told for told in report.warnings if told.code != "text_cut" or told.layer not in allowed]
    # Modules of a code are small in a small picture; at its own size there is a test below.
    trouble = [told for told in trouble if told.code != "code_dense"]
    assert not trouble


@pytest.mark.parametrize("name", NAMES)
def test_every_text_stands_out_from_its_ground(name: str) -> None:
    """A check finds no pale text in any sample row: what people begin with is legible."""
    for row in document(name)["sampleRows"]:
        pale = [told for told in look_over(starters.path(name), row) if told.code == "contrast_low"]
        assert not pale


@pytest.mark.parametrize("name", NAMES)
def test_certificate_and_all_others_are_documents_too(name: str) -> None:
    """Every starter is drawn as PDF as well."""
    assert shoot(starters.path(name), {}, format_name="pdf").data.startswith(b"%PDF")


def test_pictures_are_small() -> None:
    """No picture is larger than 120 KiB, all starters together stay under 1.5 MB, and every picture is used."""
    home = starters.path(NAMES[0]).parent.parent
    pictures = [file for file in home.rglob("assets/*") if file.is_file()]
    assert max(file.stat().st_size for file in pictures) <= LONGEST_PICTURE
    assert sum(file.stat().st_size for file in home.rglob("*") if file.is_file()) <= ALL_TOGETHER
    for file in pictures:
        used = f"assets/{file.name}" in (file.parent.parent / "template.json").read_text(encoding="utf-8")
        assert used, file


@pytest.mark.parametrize("name", ["ticket", "price-tag", "badge", "coupon", "product-label"])
def test_the_codes_of_a_starter_are_read_back(name: str) -> None:
    """At its own size, every code of every sample row says what the row says."""
    for row in document(name)["sampleRows"]:
        made = shoot(starters.path(name), row)
        assert not made.report.warnings
        image = pyvips.Image.new_from_buffer(made.data, "").colourspace("b-w")
        image = image.extract_band(0)
        pixels = np.ndarray(buffer=image.write_to_memory(), dtype=np.uint8, shape=(image.height, image.width))
        found = {each.text for each in zxingcpp.read_barcodes(pixels)}
        assert _says(name, row, found)


def _says(name: str, row: dict[str, Any], found: set[str]) -> bool:
    """Whether the texts of a picture's codes say what the row says; check digits may be added."""
    match name:
        case "ticket":
            return {row["number"], f"https://tickets.example/c?t={row['number']}"} <= found
        case "badge":
            return any(f"FN:{row['name']}" in each.splitlines() for each in found)
        case "coupon":
            return row["code"] in found
    return any(each.startswith(row["ean"]) for each in found)
