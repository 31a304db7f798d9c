"""Every layer type is drawn in a box of any size, also in one that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from tirage.engine.layers import LAYER_TYPES

FILLED: dict[str, dict[str, Any]] = {
    "text": {"text": "Any size"},
    "image": {"imageUrl": ""},
    "svg": {"svg": "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><circle cx='4' cy='4' r='4'/></svg>"},
    "group": {"children": [{"type": "text", "name": "inner", "text": "inside"}], "layout": "row", "widthMode": "hug"},
    "chart": {"chartDataValues": [1, 2], "chartDataLabels": ["a", "b"], "showValues": True},
    "gauge": {"value": 50},
    "tickGauge": {"value": 50},
    "progressBar": {"value": 50, "label": "Half"},
    "rating": {"value": 2.5},
    "icon": {"icon": "star"},
    "iconRow": {"icon": "star", "value": 2.5},
    "table": {"rows": [["a", "b"], ["c", 2]], "fit": "shrink"},
    "countdown": {"target": "2026-01-01", "now": "2026-06-01", "finishedText": "Over"},
}
CODES = ("qrcode", "barcode")
"""They refuse a box without room: a code that cannot be scanned is none."""
SIZES = [(0, 0), (0, 60), (60, 0), (0.5, 0.5), (3, 200), (4000, 3), (4000, 3000)]


@pytest.mark.parametrize(
    "kind", [each for each in (kind.model_fields["type"].default for kind in LAYER_TYPES) if each not in CODES]
)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_layer_is_drawn_at_any_size(studio: Any, kind: str, width: float, height: float) -> None:
    """There is a picture, whatever is left of the layer."""
    layer = {"type": kind, "name": "it", "width": width, "height": height, **FILLED.get(kind, {})}
    page = {"width": 200, "height": 100, "background": "#ffffff", "layers": [layer]}
    assert studio.pixels(page).shape[:2] == (100, 200)
