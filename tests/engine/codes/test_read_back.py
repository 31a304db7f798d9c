"""Every code of the goldens is found by another reader, as drawn and after JPEG compression."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import zxingcpp

from tirage.engine.codes.barcode import barcode

GOLDENS = Path(__file__).resolve().parent.parent.parent / "goldens"


def _texts(image: Any) -> set[str]:
    grey = image.flatten().colourspace("b-w") if image.hasalpha() else image.colourspace("b-w")
    pixels = np.ndarray(buffer=grey.write_to_memory(), dtype=np.uint8, shape=(grey.height, grey.width))
    return {each.text for each in zxingcpp.read_barcodes(pixels)}


def _wanted(document: dict[str, Any]) -> set[str]:
    """What the code layers hold, as readers tell it."""
    found = set()
    for layer in document["layers"]:
        if layer["type"] == "qrcode":
            found.add(layer["value"])
        elif layer["type"] == "barcode":
            text = barcode(layer["symbology"], layer["value"]).text
            # Readers tell UPC as the EAN-13 that it is part of.
            found.add({"upca": f"0{text}", "upce": "0012345000065"}.get(layer["symbology"], text))
    return found


@pytest.mark.parametrize("golden", ["qrcode-kinds", "barcode-kinds"])
@pytest.mark.parametrize(
    ("scale", "shrink", "quality"),
    [(1, 1.0, None), (1, 1.0, 75), (2, 0.5, None), (2, 0.5, 75)],
    ids=["drawn", "jpeg", "half", "half-jpeg"],
)
def test_every_code_of_a_golden_is_read_back(
    studio: Any, golden: str, scale: int, shrink: float, quality: int | None
) -> None:
    """As drawn, from a JPEG of quality 75, and from a picture that was made smaller by half."""
    document = json.loads((GOLDENS / golden / "template.json").read_bytes())
    data = studio.render(document, scale=scale).files[0].data
    image = pyvips.Image.new_from_buffer(data, "")
    if shrink != 1.0:
        image = image.resize(shrink)
    if quality:
        image = image.flatten() if image.hasalpha() else image
        image = pyvips.Image.new_from_buffer(image.jpegsave_buffer(Q=quality), "")
    assert _wanted(document) - _texts(image) == set()
