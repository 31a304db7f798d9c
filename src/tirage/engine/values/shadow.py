"""Shadows: offset, blur, spread and colour, as a CSS `box-shadow` text or as an object; a list of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.values.color import BLACK, Color, parse_color
from tirage.engine.values.css import parse_values, pixels, split_commas, text_of

MAX_SHADOWS = 16
MAX_BLUR = 500.0
MAX_OFFSET = 16_384.0


@dataclass(frozen=True, slots=True)
class Shadow:
    """One shadow; lengths in px. `blur` is the CSS blur radius: twice the Gaussian's standard deviation."""

    x: float = 0.0
    y: float = 0.0
    blur: float = 0.0
    spread: float = 0.0
    color: Color = BLACK
    inset: bool = False

    @property
    def sigma(self) -> float:
        """The standard deviation of the blur in px (CSS Backgrounds 3, 6.1)."""
        return self.blur / 2

    @property
    def css(self) -> str:
        """The canonical text."""
        inset = "inset " if self.inset else ""
        return f"{inset}{self.x:g}px {self.y:g}px {self.blur:g}px {self.spread:g}px {self.color.css}"


def parse_shadows(value: object) -> tuple[Shadow, ...]:
    """Read one CSS text, one object, or a list of either. Raises PydanticCustomError `shadow_invalid`."""
    if value is None or value == "none" or value == "":
        return ()
    if isinstance(value, str):
        shadows = [_from_nodes(part) for part in split_commas(parse_values(value, "shadow_invalid"))]
    elif isinstance(value, list | tuple):
        # A list of one shadow each, not of lists: rows could nest those as deep as they like.
        if len(value) > MAX_SHADOWS or any(isinstance(item, list | tuple) for item in value):
            raise _invalid(f"a list of shadows has at most {MAX_SHADOWS} texts or objects")
        shadows = [shadow for item in value for shadow in parse_shadows(item)]
    elif isinstance(value, dict):
        shadows = [_from_object(value)]
    elif isinstance(value, Shadow):
        shadows = [value]
    else:
        raise _invalid("a shadow is a text such as 0 4px 12px rgba(0,0,0,0.4)")
    if len(shadows) > MAX_SHADOWS:
        raise _invalid(f"at most {MAX_SHADOWS} shadows")
    for shadow in shadows:
        if max(abs(shadow.x), abs(shadow.y), abs(shadow.spread)) > MAX_OFFSET:
            raise _invalid(f"offsets and spread lie within ±{MAX_OFFSET:g}px")
        if not 0 <= shadow.blur <= MAX_BLUR:
            raise _invalid(f"the blur radius lies within 0 and {MAX_BLUR:g}px")
    return tuple(shadows)


def _from_nodes(nodes: list[Any]) -> Shadow:
    lengths: list[float] = []
    color, inset = BLACK, False
    for node in nodes:
        length = pixels(node)
        if length is not None:
            lengths.append(length)
        elif node.type == "ident" and node.lower_value == "inset":
            inset = True
        else:
            color = parse_color(text_of([node]))
    if not 2 <= len(lengths) <= 4:
        raise _invalid("a shadow has two to four lengths: x, y, blur, spread")
    x, y, blur, spread = (*lengths, 0.0, 0.0)[:4]
    return Shadow(x, y, blur, spread, color, inset)


def _from_object(value: dict[str, Any]) -> Shadow:
    unknown = set(value) - {"x", "y", "blur", "spread", "color", "inset"}
    if unknown:
        raise _invalid(f"a shadow has no {sorted(unknown)[0]!r}; it has x, y, blur, spread, color, inset")
    numbers = {}
    for key in ("x", "y", "blur", "spread"):
        number = value.get(key, 0)
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise _invalid(f"{key} is a number of px")
        numbers[key] = float(number)
    color = value.get("color", "#000")
    inset = value.get("inset", False)
    if not isinstance(color, str) or not isinstance(inset, bool):
        raise _invalid("color is a colour and inset is true or false")
    return Shadow(**numbers, color=parse_color(color), inset=inset)


def _invalid(message: str) -> PydanticCustomError:
    return PydanticCustomError("shadow_invalid", "{message}", {"message": message})


ShadowList = Annotated[
    tuple[Shadow, ...],
    PlainValidator(parse_shadows),
    PlainSerializer(lambda shadows: [shadow.css for shadow in shadows], return_type=list[str]),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["0 4px 12px rgba(0,0,0,0.4)"]},
                {
                    "type": "array",
                    "maxItems": MAX_SHADOWS,
                    "items": {"anyOf": [{"type": "string"}, {"type": "object"}]},
                },
            ]
        }
    ),
]
