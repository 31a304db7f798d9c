"""A workspace's font → what the API says of it."""

from __future__ import annotations

import orjson

from tirage.actions.picture_answer import Wire, timestamp
from tirage.assets.fontsource import face_of
from tirage.store.fonts import Font


class WireAxis(Wire):
    """An axis of a variable font."""

    tag: str
    minimum: float
    default: float
    maximum: float


class WireFont(Wire):
    """A font of a workspace. `weights` are the least and the greatest weight that it can be set in, 1 to 1000."""

    id: str
    family: str
    style: str
    weight: int
    weights: tuple[float, float]
    italic: bool
    color: bool
    axes: list[WireAxis]
    filename: str
    size: int
    sha256: str
    created_at: str


def font_answer(font: Font) -> WireFont:
    """A record as the API tells it."""
    face = face_of(font.sha256.hex(), orjson.loads(font.face))
    weights = next(((low, high) for tag, low, _, high in face.axes if tag == "wght"), (font.weight, font.weight))
    return WireFont(
        id=font.id,
        family=font.family,
        style=font.style,
        weight=font.weight,
        weights=weights,
        italic=font.italic,
        color=face.color,
        axes=[WireAxis(tag=tag, minimum=low, default=middle, maximum=high) for tag, low, middle, high in face.axes],
        filename=font.filename,
        size=font.size,
        sha256=font.sha256.hex(),
        created_at=timestamp(font.created_at),
    )
