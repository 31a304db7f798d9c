"""Colours and gradients of a drawing → the paints of the display list."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticCustomError

from tirage.engine.scene import LinearGradient, Paint, RadialGradient, Solid
from tirage.engine.svg.allow import references
from tirage.engine.svg.shapes import NotExact, transform_of
from tirage.engine.svg.style import INHERITED, Rule, Style, computed, local_name
from tirage.engine.svg.viewport import length
from tirage.engine.values.color import Color, parse_color
from tirage.engine.values.fill import Stop
from tirage.engine.values.transform import Affine, Rect

_MAX_LINKS = 16


def color_of(text: str, style: Style) -> Color:
    """A colour value. Raises NotExact for notations that this program does not read."""
    text = text.strip()
    if text.lower() == "currentcolor":
        text = style.get("color")
    try:
        return parse_color(text)
    except PydanticCustomError:
        raise NotExact from None


def fraction(text: str) -> float:
    """A number or percentage held within 0…1."""
    value = length(text, 1.0)
    if value is None:
        raise NotExact
    return min(1.0, max(0.0, value))


class Paints:
    """Turns `fill` and `stroke` values into paints; knows the drawing's gradients by id."""

    def __init__(self, named: Mapping[str, Any], rules: Sequence[Rule], view: Rect) -> None:
        self._named = named
        self._rules = rules
        self._view = view

    def paint(self, name: str, style: Style, box: Rect) -> Paint | None:
        """The paint of `fill` or `stroke` for a shape with the bounds `box`, or None for none. Raises NotExact."""
        value = style.get(name).strip()
        opacity = fraction(style.get(f"{name}-opacity"))
        if value.lower() == "none":
            return None
        if not value.lower().startswith("url("):
            return Solid(color_of(value, style).with_alpha(opacity))
        target = self._named.get((references(value) or [""])[0])
        if target is None or local_name(target) not in ("linearGradient", "radialGradient"):
            raise NotExact
        return self._gradient(target, box, opacity)

    def _gradient(self, element: Any, box: Rect, opacity: float) -> Paint | None:
        chain = [element]
        while (link := (chain[-1].get("href") or "")[1:]) and link in self._named and len(chain) < _MAX_LINKS:
            chain.append(self._named[link])

        def inherited(name: str, initial: str) -> str:
            # Positions pass only between gradients of one kind (SVG 2, 14.2.2 and 14.2.3).
            own = name not in ("gradientUnits", "gradientTransform", "spreadMethod")
            return next(
                (
                    str(link.get(name))
                    for link in chain
                    if link.get(name) is not None and (not own or link.tag == element.tag)
                ),
                initial,
            )

        stops = next((found for link in chain if (found := self._stops(link, opacity))), ())
        if not stops:
            return None
        if len(stops) == 1:
            return Solid(stops[0].color)
        if inherited("spreadMethod", "pad") != "pad" or _blends_alpha(stops):
            raise NotExact
        relative = inherited("gradientUnits", "objectBoundingBox") == "objectBoundingBox"
        if relative and (box.width <= 0 or box.height <= 0):
            return None
        place = transform_of(inherited("gradientTransform", ""))
        if relative:
            place = place.then(Affine(box.width, 0, 0, box.height, box.x, box.y))
        if abs(place.a * place.d - place.b * place.c) < 1e-12:
            return Solid(stops[-1].color)
        view = Rect(0, 0, 1, 1) if relative else self._view

        def at(name: str, initial: str, reference: float) -> float:
            value = length(inherited(name, initial), reference)
            if value is None:
                raise NotExact
            return value

        if local_name(element) == "linearGradient":
            start = (at("x1", "0%", view.width), at("y1", "0%", view.height))
            end = (at("x2", "100%", view.width), at("y2", "0%", view.height))
            return _linear(start, end, stops, place)
        center = (at("cx", "50%", view.width), at("cy", "50%", view.height))
        radius = at("r", "50%", math.hypot(view.width, view.height) / math.sqrt(2))
        focus = (at("fx", str(center[0]), view.width), at("fy", str(center[1]), view.height))
        if radius <= 0:
            return Solid(stops[-1].color)
        if math.dist(focus, center) > 1e-6 * radius or at("fr", "0", 1.0) or place.b or place.c:
            raise NotExact
        return RadialGradient(place.apply(*center), (radius * abs(place.a), radius * abs(place.d)), stops)

    def _stops(self, element: Any, opacity: float) -> tuple[Stop, ...]:
        style = computed(element, Style(INHERITED), self._rules)
        stops: list[Stop] = []
        latest = 0.0
        for child in element:
            if local_name(child) != "stop":
                continue
            own = computed(child, style, self._rules)
            latest = max(latest, fraction(child.get("offset") or "0"))
            color = color_of(own.get("stop-color", "black"), own)
            stops.append(Stop(latest, color.with_alpha(opacity * fraction(own.get("stop-opacity", "1")))))
        if len(stops) > 1:
            # The colours beyond the ends are spelt out: Skia forgets the offsets of copies with two stops only.
            stops = [Stop(0.0, stops[0].color)] * (stops[0].offset > 0) + stops
            stops += [Stop(1.0, stops[-1].color)] * (stops[-1].offset < 1)
        return tuple(stops)


def _blends_alpha(stops: Sequence[Stop]) -> bool:
    """Whether colours and alpha change together: SVG blends those unmultiplied, CSS (and the painter) premultiplied."""
    colors = {(stop.color.red, stop.color.green, stop.color.blue) for stop in stops}
    return len(colors) > 1 and len({stop.color.alpha for stop in stops}) > 1


def _linear(start: tuple[float, float], end: tuple[float, float], stops: tuple[Stop, ...], place: Affine) -> Paint:
    """A linear gradient after a transform is linear again, along the transformed normal of its stripes."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    square = dx * dx + dy * dy
    if square == 0:
        return Solid(stops[-1].color)
    determinant = place.a * place.d - place.b * place.c
    # The gradient of the offset, through the inverse transpose.
    gx = (place.d * dx - place.b * dy) / determinant / square
    gy = (-place.c * dx + place.a * dy) / determinant / square
    x, y = place.apply(*start)
    length_squared = gx * gx + gy * gy
    return LinearGradient((x, y), (x + gx / length_squared, y + gy / length_squared), stops)
