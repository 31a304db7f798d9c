"""What surrounds content: fills over a box, borders, and shadows that follow a shape or glyphs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from tirage.engine.lowering import LowerContext
from tirage.engine.scene import (
    Box,
    ConicGradient,
    Ellipse,
    Glyphs,
    Group,
    LinearGradient,
    Node,
    Outline,
    Paint,
    Path,
    Pattern,
    RadialGradient,
    Shape,
    Solid,
    Stroke,
)
from tirage.engine.values.color import Color
from tirage.engine.values.fill import Fill, Gradient, ImageFill
from tirage.engine.values.filter import DropShadow
from tirage.engine.values.outline import Command
from tirage.engine.values.shadow import Shadow
from tirage.engine.values.transform import Rect, translation

_KAPPA = 0.5522847498307936
"""The control distance at which a cubic curve comes nearest to a quarter of a circle."""


def paint_for(fill: Fill, rect: Rect, ctx: LowerContext) -> Paint:
    """The paint of a fill laid over `rect`."""
    if isinstance(fill, Color):
        return Solid(fill)
    if isinstance(fill, ImageFill):
        return _pattern(fill, rect, ctx)
    center = (rect.x + fill.center[0] * rect.width, rect.y + fill.center[1] * rect.height)
    if fill.type == "linear":
        start, end = _gradient_line(fill, rect)
        return LinearGradient(start, end, fill.stops)
    if fill.type == "conic":
        return ConicGradient(center, fill.angle, fill.stops)
    return RadialGradient(center, _radii(fill, rect, center), fill.stops)


def _gradient_line(fill: Gradient, rect: Rect) -> tuple[tuple[float, float], tuple[float, float]]:
    """The line from the first to the last colour (CSS Images 3, 3.1)."""
    if fill.corner:
        vertical, horizontal = fill.corner
        # The 50 % line runs through the two neighbouring corners, so the gradient is perpendicular to that diagonal.
        dx = rect.height if horizontal == "right" else -rect.height
        dy = rect.width if vertical == "bottom" else -rect.width
    else:
        angle = math.radians(fill.angle)
        dx, dy = math.sin(angle), -math.cos(angle)
    norm = math.hypot(dx, dy) or 1.0
    dx, dy = dx / norm, dy / norm
    half = (abs(rect.width * dx) + abs(rect.height * dy)) / 2
    x, y = rect.x + rect.width / 2, rect.y + rect.height / 2
    return (x - dx * half, y - dy * half), (x + dx * half, y + dy * half)


def _radii(fill: Gradient, rect: Rect, center: tuple[float, float]) -> tuple[float, float]:
    if fill.radius is not None:
        if fill.circle:
            return (fill.radius * rect.width, fill.radius * rect.width)
        return (fill.radius * rect.width, fill.radius * rect.height)
    far_x = max(center[0] - rect.x, rect.right - center[0])
    far_y = max(center[1] - rect.y, rect.bottom - center[1])
    if fill.circle:
        radius = math.hypot(far_x, far_y)
        return radius, radius
    # farthest-corner keeps the ratio of farthest-side, so both grow by the square root of two (CSS Images 3, 3.2).
    return max(far_x, 1e-6) * math.sqrt(2), max(far_y, 1e-6) * math.sqrt(2)


def _pattern(fill: ImageFill, rect: Rect, ctx: LowerContext) -> Paint:
    info = ctx.probe(fill.image_url)
    whole = Rect(0, 0, info.width, info.height)
    if fill.fit == "tile":
        pixels = ctx.pixels(fill.image_url, whole, info.width, info.height)
        return Pattern(pixels, Rect(rect.x, rect.y, info.width, info.height), repeat=True)
    crop, place = fit_picture(fill.fit, info.width, info.height, rect, (0.5, 0.5))
    return Pattern(ctx.pixels(fill.image_url, crop, place.width, place.height), place)


def fit_picture(fit: str, width: float, height: float, rect: Rect, point: tuple[float, float]) -> tuple[Rect, Rect]:
    """Which part of a `width` × `height` picture goes where in `rect` (CSS Images 3, 5.5): (crop, place).

    `point` is the point to keep in view, as fractions of the picture; it also aligns what does not fill the box.
    """
    whole = Rect(0, 0, width, height)
    if fit == "fill" or not rect.width or not rect.height:
        return whole, rect
    if fit == "cover":
        scale = max(rect.width / width, rect.height / height)
        crop_width, crop_height = min(width, rect.width / scale), min(height, rect.height / scale)
        # Centre the crop on the point, as far as the picture reaches.
        x = min(max(point[0] * width - crop_width / 2, 0), width - crop_width)
        y = min(max(point[1] * height - crop_height / 2, 0), height - crop_height)
        return Rect(x, y, crop_width, crop_height), rect
    scale = min(rect.width / width, rect.height / height) if fit == "contain" else 1.0
    placed_width, placed_height = width * scale, height * scale
    x, y = rect.x + (rect.width - placed_width) * point[0], rect.y + (rect.height - placed_height) * point[1]
    return whole, Rect(x, y, placed_width, placed_height)


def border(shape: Shape, width: float, color: Color | None, style: str = "solid") -> Path | None:
    """A border inside a shape's edge, or None where there is none to see."""
    if width <= 0 or color is None or color.alpha == 0:
        return None
    if style == "dotted":
        stroke = Stroke(Solid(color), width, cap="round", dash=(0.0, 2 * width), alignment="inside")
    else:
        dash = (3 * width, 2 * width) if style == "dashed" else ()
        stroke = Stroke(Solid(color), width, dash=dash, alignment="inside")
    return Path(shape, stroke=stroke)


def shape_shadows(shape: Shape, shadows: Sequence[Shadow], alpha: float = 1.0) -> tuple[Node, ...]:
    """The outer shadows of a shape painted with `alpha`, last one lowest, as `box-shadow` stacks them."""
    nodes: list[Node] = []
    for shadow in reversed([shadow for shadow in shadows if not shadow.inset]):
        paint = Solid(shadow.color.with_alpha(alpha))
        cast = Path(_spread(shape, shadow.spread), fill=paint, blur=shadow.sigma)
        if shadow.spread and isinstance(shape, Outline):
            cast = replace(cast, stroke=Stroke(paint, max(0.0, shadow.spread) * 2, join="round"))
        nodes.append(Group((cast,), transform=translation(shadow.x, shadow.y)))
    return tuple(nodes)


def inset_shadows(shape: Shape, rect: Rect, shadows: Sequence[Shadow]) -> tuple[Node, ...]:
    """The inner shadows of a shape: the blurred outside of it, seen only inside."""
    nodes: list[Node] = []
    for shadow in reversed([shadow for shadow in shadows if shadow.inset]):
        around = rect.outset(abs(shadow.x) + abs(shadow.y) + shadow.blur * 2 + abs(shadow.spread) + 10)
        hole = commands_of(_spread(shape, -shadow.spread))
        ring = Outline((*commands_of(Box(around)), *hole), even_odd=True)
        cast = Group(
            (Path(ring, fill=Solid(shadow.color), blur=shadow.sigma),), transform=translation(shadow.x, shadow.y)
        )
        nodes.append(Group((cast,), clip=shape))
    return tuple(nodes)


def glyph_shadows(glyphs: Sequence[Glyphs], shadows: Sequence[Shadow]) -> tuple[Node, ...]:
    """The shadows of a text, last one lowest: blurred copies of its glyphs, far cheaper than shadows of its pixels."""
    nodes: list[Node] = []
    for shadow in reversed([shadow for shadow in shadows if not shadow.inset]):
        paint = Solid(shadow.color)
        stroke = Stroke(paint, shadow.spread * 2, join="round") if shadow.spread > 0 else None
        cast = tuple(replace(run, paint=paint, stroke=stroke, blur=shadow.sigma) for run in glyphs)
        nodes.append(Group(cast, transform=translation(shadow.x, shadow.y)))
    return tuple(nodes)


def alpha_shadows(nodes: tuple[Node, ...], shadows: Sequence[Shadow]) -> tuple[Node, ...]:
    """The nodes with shadows that follow their alpha, whatever they are; a spread cannot be had this way."""
    filters = tuple(
        DropShadow(shadow.x, shadow.y, shadow.sigma, shadow.color) for shadow in shadows if not shadow.inset
    )
    return (Group(nodes, filters=filters),) if filters else nodes


def _spread(shape: Shape, by: float) -> Shape:
    if not by or isinstance(shape, Outline):
        return shape
    rect = shape.rect
    grown = Rect(rect.x - by, rect.y - by, max(0.0, rect.width + 2 * by), max(0.0, rect.height + 2 * by))
    if isinstance(shape, Ellipse):
        return Ellipse(grown)
    radii = tuple((max(0.0, x + by) if x else 0.0, max(0.0, y + by) if y else 0.0) for x, y in shape.radii)
    return Box(grown, radii)


def commands_of(shape: Shape) -> tuple[Command, ...]:
    """A shape as path commands, curves as cubics."""
    if isinstance(shape, Outline):
        return shape.commands
    rect = shape.rect
    half = (rect.width / 2, rect.height / 2)
    radii = (half,) * 4 if isinstance(shape, Ellipse) else shape.radii
    x, y, right, bottom = rect.x, rect.y, rect.right, rect.bottom
    if not radii:
        return (("M", (x, y)), ("L", (right, y)), ("L", (right, bottom)), ("L", (x, bottom)), ("Z", ()))
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = radii
    k = 1 - _KAPPA
    return (
        ("M", (x + ax, y)),
        ("L", (right - bx, y)),
        ("C", (right - bx * k, y, right, y + by * k, right, y + by)),
        ("L", (right, bottom - cy)),
        ("C", (right, bottom - cy * k, right - cx * k, bottom, right - cx, bottom)),
        ("L", (x + dx, bottom)),
        ("C", (x + dx * k, bottom, x, bottom - dy * k, x, bottom - dy)),
        ("L", (x, y + ay)),
        ("C", (x, y + ay * k, x + ax * k, y, x + ax, y)),
        ("Z", ()),
    )
