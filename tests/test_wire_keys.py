"""Every key of the wire's layer objects has its place in the golden `wire-keys`, which is drawn through `params`."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.harness.studio import Pixels, shoot
from tests.test_goldens import HOME

CASE = HOME / "goldens" / "wire-keys"
BOX = ("backgroundColor", "borderColor", "borderWidth", "borderRadius", "opacity")
KEYS = {
    # As the contract lists them: which keys apply to which layers.
    "canvas": ("backgroundColor",),
    "text": ("text", "color", *BOX),
    "image": (
        "imageUrl", "imagePosition", "imageAlignH", "imageAlignV", "imageEffect", "prompt", "sourceImage",
        "referenceImages", *BOX,
    ),
    "shape": BOX,
    "chart": (
        "chartColor", "chartLabelColor", "chartDataLabels", "chartDataValues", "backgroundColor", "opacity",
    ),
    "gauge": ("value", "maxValue", "circleColor", "progressColor", "textColor", "backgroundColor", "opacity"),
    "tickGauge": ("value", "maxValue", "activeColor", "inactiveColor", "backgroundColor", "opacity"),
    "progressBar": (
        "value", "maxValue", "progressColor", "remainingColor", "label", "labelAlign", "backgroundColor", "opacity",
    ),
}  # fmt: skip
TYPES = {layer["name"]: layer["type"] for layer in json.loads((CASE / "template.json").read_bytes())["layers"]} | {
    "canvas": "canvas"
}
PARAMS: list[dict[str, Any]] = json.loads((CASE / "params.json").read_bytes())


def drawn(params: list[dict[str, Any]]) -> Pixels:
    """The case with other layer objects."""
    return shoot(CASE / "template.json", {}, data=CASE / "params.json", params=params).pixels


@pytest.fixture(scope="module")
def whole() -> Pixels:
    """The case as it is."""
    return drawn(PARAMS)


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, keys in KEYS.items() for key in keys])
def test_every_key_of_the_wire_is_seen_in_a_golden(whole: Pixels, kind: str, key: str) -> None:
    """A layer of that kind is given the key, and without it the picture is another one."""
    given = [number for number, entry in enumerate(PARAMS) if TYPES[entry["name"]] == kind and key in entry]
    without = (
        [
            {name: value for name, value in entry.items() if (at, name) != (number, key)}
            for at, entry in enumerate(PARAMS)
        ]
        for number in given
    )
    assert any((drawn(params) != whole).any() for params in without)


def test_a_layer_is_hidden_through_the_wire(whole: Pixels) -> None:
    """With `visible` false a layer is not drawn."""
    assert (drawn([entry for entry in PARAMS if "visible" not in entry]) != whole).any()
