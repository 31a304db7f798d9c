"""Fills: a colour, a linear, radial or conic gradient, or an image; as CSS text or as an object."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from tirage.engine.values.color import Color, parse_color
from tirage.engine.values.css import degrees, parse_values, split_commas, text_of

MAX_STOPS = 64

_SIDES = {
    frozenset({"top"}): 0.0,
    frozenset({"right"}): 90.0,
    frozenset({"bottom"}): 180.0,
    frozenset({"left"}): 270.0,
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A colour at an offset of 0…1 along the gradient."""

    offset: float
    color: Color


@dataclass(frozen=True, slots=True)
class Gradient:
    """A gradient over the box it fills.

    `angle` is in CSS degrees (0 = to the top, clockwise) for linear, the start angle for conic gradients; with `corner`
    a linear gradient runs into that corner as CSS Images 3 says. `center` and `radius` are fractions of the box;
    a radial gradient without `radius` reaches the farthest corner.
    """

    type: Literal["linear", "radial", "conic"]
    stops: tuple[Stop, ...]
    angle: float = 180.0
    corner: tuple[str, str] | None = None
    center: tuple[float, float] = (0.5, 0.5)
    radius: float | None = None
    circle: bool = False

    def canonical(self) -> dict[str, Any]:
        """The object form."""
        written: dict[str, Any] = {"type": self.type}
        if self.type != "radial":
            written["angle"] = self.angle
        if self.corner:
            written["corner"] = " ".join(self.corner)
        if self.type != "linear":
            written["center"] = list(self.center)
        if self.type == "radial":
            if self.radius is not None:
                written["radius"] = self.radius
            written["shape"] = "circle" if self.circle else "ellipse"
        written["stops"] = [{"offset": stop.offset, "color": stop.color.css} for stop in self.stops]
        return written


@dataclass(frozen=True, slots=True)
class ImageFill:
    """A picture that fills the box."""

    image_url: str
    fit: Literal["cover", "contain", "fill", "tile"] = "cover"

    def canonical(self) -> dict[str, Any]:
        """The object form."""
        return {"type": "image", "imageUrl": self.image_url, "fit": self.fit}


Fill = Color | Gradient | ImageFill


def colors_of(fill: Fill) -> tuple[Color, ...]:
    """The colour, or those of a gradient; none of a picture."""
    if isinstance(fill, Color):
        return (fill,)
    return tuple(stop.color for stop in fill.stops) if isinstance(fill, Gradient) else ()


def parse_fill(value: object) -> Fill:
    """Read a CSS colour or gradient, or an object. Raises PydanticCustomError `fill_invalid` or `color_invalid`."""
    if isinstance(value, Color | Gradient | ImageFill):
        return value
    if isinstance(value, str):
        text = value.strip()
        return _from_css(text) if "gradient(" in text.lower() else parse_color(text)
    if isinstance(value, dict):
        return _from_object(value)
    raise _invalid("a fill is a colour, a gradient such as linear-gradient(90deg, red, blue), or an object")


def _from_css(text: str) -> Gradient:
    nodes = parse_values(text, "fill_invalid")
    if len(nodes) != 1 or nodes[0].type != "function":
        raise _invalid("one gradient function is expected")
    name = nodes[0].lower_name
    parts = split_commas(nodes[0].arguments)
    head = parts[0] if parts else []
    if name == "linear-gradient":
        direction = _direction(head)
        stops = _stops(parts[1:] if direction else parts)
        angle, corner = direction or (180.0, None)
        return Gradient("linear", stops, angle=angle, corner=corner)
    if name in ("radial-gradient", "conic-gradient"):
        kind: Literal["radial", "conic"] = "radial" if name == "radial-gradient" else "conic"
        options = _options(head, kind)
        stops = _stops(parts[1:] if options is not None else parts, conic=kind == "conic")
        return Gradient(kind, stops, **(options or {"angle": 0.0}))
    raise _invalid(f"{name[:40]!r} is not supported; use linear-, radial- or conic-gradient()")


def _direction(nodes: list[Any]) -> tuple[float, tuple[str, str] | None] | None:
    if len(nodes) == 1 and (angle := degrees(nodes[0])) is not None:
        return angle, None
    words = [node.lower_value for node in nodes if node.type == "ident"]
    if len(words) == len(nodes) and words[:1] == ["to"]:
        sides = frozenset(words[1:])
        if sides in _SIDES:
            return _SIDES[sides], None
        vertical, horizontal = sides & {"top", "bottom"}, sides & {"left", "right"}
        if len(sides) == 2 and vertical and horizontal:
            return 0.0, (next(iter(vertical)), next(iter(horizontal)))
        raise _invalid("'to' is followed by a side or corner such as 'right' or 'bottom left'")
    return None


def _options(nodes: list[Any], kind: str) -> dict[str, Any] | None:
    words = [node.lower_value if node.type == "ident" else None for node in nodes]
    if not any(word in ("circle", "ellipse", "at", "from", "farthest-corner") for word in words):
        return None
    options: dict[str, Any] = {"angle": 0.0}
    if "at" in words:
        at = words.index("at")
        options["center"] = _position(nodes[at + 1 :])
        nodes, words = nodes[:at], words[:at]
    if kind == "conic" and "from" in words:
        angle = degrees(nodes[words.index("from") + 1]) if len(nodes) > words.index("from") + 1 else None
        if angle is None:
            raise _invalid("'from' is followed by an angle")
        options["angle"] = angle
    if kind == "radial":
        options["circle"] = "circle" in words
    return options


def _position(nodes: list[Any]) -> tuple[float, float]:
    named = {"left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0, "center": 0.5}
    numbers = [
        node.value / 100 if node.type == "percentage" else named.get(getattr(node, "lower_value", "")) for node in nodes
    ]
    if not 1 <= len(numbers) <= 2 or any(number is None for number in numbers):
        raise _invalid("a position is one or two percentages or words such as 'left top'")
    if len(numbers) == 1:
        numbers.append(0.5)
    if getattr(nodes[0], "lower_value", "") in ("top", "bottom"):
        numbers.reverse()
    return float(numbers[0] or 0.0), float(numbers[1] or 0.0)


def _stops(parts: list[list[Any]], *, conic: bool = False) -> tuple[Stop, ...]:
    colors: list[Color] = []
    offsets: list[float | None] = []
    for nodes in parts:
        if not nodes:
            raise _invalid("a colour stop is empty")
        color = parse_color(text_of([nodes[0]]))
        places: list[float | None] = [_offset(node, conic=conic) for node in nodes[1:]]
        if len(places) > 2:
            raise _invalid("a colour stop has at most two positions")
        colors += [color] * max(1, len(places))
        offsets += places or [None]
    return _placed(colors, offsets)


def _offset(node: Any, *, conic: bool) -> float:
    if node.type == "percentage":
        return float(node.value) / 100
    angle = degrees(node) if conic else None
    if angle is None:
        raise _invalid("the position of a stop is a percentage")
    return angle / 360


def _placed(colors: list[Color], offsets: list[float | None]) -> tuple[Stop, ...]:
    """Fill in missing positions and keep them from running backwards (CSS Images 3, 3.4.3)."""
    if not 2 <= len(colors) <= MAX_STOPS:
        raise _invalid(f"a gradient has 2 to {MAX_STOPS} colour stops")
    if any(offset is not None and not math.isfinite(offset) for offset in offsets):
        raise _invalid("the position of a stop is a finite number")
    offsets[0] = 0.0 if offsets[0] is None else offsets[0]
    offsets[-1] = 1.0 if offsets[-1] is None else offsets[-1]
    known = [index for index, offset in enumerate(offsets) if offset is not None]
    for left, right in itertools.pairwise(known):
        start, end = offsets[left] or 0.0, offsets[right] or 0.0
        for index in range(left + 1, right):
            offsets[index] = start + (end - start) * (index - left) / (right - left)
    stops, latest = [], -math.inf
    for color, offset in zip(colors, offsets, strict=True):
        latest = max(latest, offset or 0.0)
        stops.append(Stop(min(1.0, max(0.0, latest)), color))
    return tuple(stops)


_OBJECT_KEYS = {
    "linear": {"type", "stops", "angle", "corner"},
    "radial": {"type", "stops", "center", "radius", "shape"},
    "conic": {"type", "stops", "angle", "center"},
    "image": {"type", "imageUrl", "fit"},
    "color": {"type", "color"},
}


def _from_object(value: dict[str, Any]) -> Fill:
    kind = value.get("type")
    if not isinstance(kind, str) or kind not in _OBJECT_KEYS:
        raise _invalid("a fill's type is color, linear, radial, conic or image")
    if unknown := set(value) - _OBJECT_KEYS[kind]:
        raise _invalid(f"a {kind} fill has no {sorted(unknown)[0][:40]!r}")
    if kind == "color":
        return parse_color(str(value.get("color", "")))
    if kind == "image":
        fit = value.get("fit", "cover")
        if not isinstance(value.get("imageUrl"), str) or fit not in ("cover", "contain", "fill", "tile"):
            raise _invalid("an image fill has an imageUrl, and a fit of cover, contain, fill or tile")
        return ImageFill(value["imageUrl"], fit)
    listed = value.get("stops")
    if not isinstance(listed, list | tuple) or not all(isinstance(stop, dict) for stop in listed):
        raise _invalid("stops is a list of {offset, color}")
    stops = _placed(
        [parse_color(str(stop.get("color", ""))) for stop in listed],
        [None if stop.get("offset") is None else _number(stop["offset"], "offset", 0, 1) for stop in listed],
    )
    center = value.get("center", [0.5, 0.5])
    if not isinstance(center, list | tuple) or len(center) != 2:
        raise _invalid("center is two fractions of the box such as [0.5, 0.5]")
    radius = value.get("radius")
    words = str(value["corner"]).split() if value.get("corner") else []
    if words and not (len(words) == 2 and words[0] in ("top", "bottom") and words[1] in ("left", "right")):
        raise _invalid("corner is such as 'bottom right'")
    if value.get("shape", "ellipse") not in ("circle", "ellipse"):
        raise _invalid("shape is circle or ellipse")
    return Gradient(
        kind,  # type: ignore[arg-type]
        stops,
        angle=_number(value.get("angle", 0 if kind == "conic" else 180), "angle", -36_000, 36_000),
        corner=(words[0], words[1]) if words else None,
        center=(_number(center[0], "center", -10, 10), _number(center[1], "center", -10, 10)),
        radius=None if radius is None else _number(radius, "radius", 0.001, 10),
        circle=value.get("shape") == "circle",
    )


def _number(value: object, name: str, low: float, high: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _invalid(f"{name} is a number from {low:g} to {high:g}")
    return float(value)


def _invalid(message: str) -> PydanticCustomError:
    return PydanticCustomError("fill_invalid", "{message}", {"message": message})


def _write(fill: Fill) -> Any:
    return fill.css if isinstance(fill, Color) else fill.canonical()


FillValue = Annotated[
    Color | Gradient | ImageFill,
    PlainValidator(parse_fill),
    PlainSerializer(_write),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "examples": ["#1a73e8", "linear-gradient(90deg, #f00, #00f)"]},
                {
                    "type": "object",
                    "required": ["type"],
                    "properties": {"type": {"enum": ["color", "linear", "radial", "conic", "image"]}},
                },
            ]
        }
    ),
]
