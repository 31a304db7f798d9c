"""Bound layers or a node → nothing, or the refusal of what would take too long or too much memory to draw."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from tirage.engine import brush
from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.layer import Layer, properties_of
from tirage.engine.scene import Box, Ellipse, Glyphs, Group, Node, Outline, Paint, Path, Pattern, Picture, Solid, Stroke
from tirage.engine.template import BoundTemplate
from tirage.engine.values.filter import Blur, ColorMatrix, DropShadow
from tirage.engine.values.transform import Affine, Rect, scaling

MAX_SECONDS = 10.0
"""The longest painting that is begun, by the estimate."""
MAX_LIVE_PIXELS = 150_000_000
"""How many pixels may exist at once, of the page and of the groups that are composited: 600 MB at four bytes."""

MAX_TEXT_LAYER = 30_000
"""A text is cut at so many code points, so what is beyond costs nothing."""
MAX_CODE_POINTS = 300_000
"""Of all texts of a render together: setting as many takes two to three seconds."""

# Measured on one core of 2026, in nanoseconds. A device pixel …
_SOLID, _SHADED, _SAMPLED = 2.0, 8.0, 15.0
_COMPOSITED, _COLOURED, _BLURRED, _EDGE_BLURRED = 5.0, 10.0, 60.0, 15.0
_UNSEEN_BLUR = 1.0  # … of a blurred shape, where the page does not show it
# … a px of a path's length, a dash, a glyph.
_FILLED_LENGTH, _STROKED_LENGTH, _DASH, _GLYPH = 10.0, 100.0, 15_000.0, 1_000.0
_WORTH_A_LOOK = 50_000_000.0
_WORTH_MEASURING = 10_000_000.0
"""What a path may cost by the crudest estimate before its length is summed up, which is slow for a code's modules."""
_EDGE_COPIES = 3
"""The masks of a blurred shape, in pixels of four bytes a pixel."""
_DOCUMENT_COPIES, _DOCUMENT_TIMES = 9, 20
"""What a pixel of a filtered group costs in a PDF, in pixels and in time: it is painted, split and compressed there."""


def check_texts(bound: BoundTemplate) -> None:
    """Refuse texts that are too long together. Raises RenderProblem `render_too_complex`."""
    total, longest = 0, ("", 0)
    waiting: list[Layer] = [layer for page in bound.pages for layer in page.layers]
    while waiting:
        layer = waiting.pop()
        waiting.extend(layer.nested())
        written = getattr(layer, "text", None) if "text" in properties_of(type(layer)) else None
        if isinstance(written, str):
            length = min(len(written), MAX_TEXT_LAYER)
            total, longest = total + length, max(longest, (layer.name, length), key=lambda each: each[1])
    if total > MAX_CODE_POINTS:
        message = f"The texts of the picture have {total} characters together; at most {MAX_CODE_POINTS} are set."
        raise RenderProblem(Problem("render_too_complex", message, hint="Shorten the texts.", layer=longest[0]))


def check(node: Node, width: float, height: float, scale: float, *, vector: bool = False, times: int = 1) -> None:
    """Estimate the painting of a page of `width` × `height` px at `scale` device pixels per px.

    `vector` is for documents, in which only filtered groups become pixels; `times` is how often it is painted.
    Raises RenderProblem `render_too_complex` that names the costliest layer.
    """
    estimate = _Estimate(vector)
    page = Rect(0, 0, width * scale, height * scale)
    live = 0.0 if vector else page.width * page.height
    estimate.visit(node, scaling(scale, scale), page, live)
    estimate.seconds *= times
    why = None
    if estimate.seconds > MAX_SECONDS:
        about = f"about {estimate.seconds:.0f}" if estimate.seconds < 1000 else "more than 1000"
        why = f"would take {about} s, and {MAX_SECONDS:.0f} s are allowed"
    elif estimate.peak > MAX_LIVE_PIXELS:
        limit = MAX_LIVE_PIXELS // 10**6
        why = f"would need {estimate.peak / 1e6:.0f} megapixels in memory at once, and {limit} are allowed"
    if why:
        layer = max(estimate.by_label, key=estimate.by_label.__getitem__, default="")
        hint = "Use fewer or smaller blurs, shadows, blended groups or dashes, or a lower scale."
        raise RenderProblem(Problem("render_too_complex", f"The picture {why}.", hint=hint, layer=layer or None))


@dataclass(slots=True)
class _Estimate:
    """Walks a tree as the painter does. `clip` is what can be seen, in device pixels."""

    vector: bool
    seconds: float = 0.0
    peak: float = 0.0
    by_label: dict[str, float] = field(default_factory=dict)
    label: str = ""

    def spend(self, nanoseconds: float) -> None:
        self.seconds += nanoseconds * 1e-9
        self.by_label[self.label] = self.by_label.get(self.label, 0.0) + nanoseconds

    def visit(self, node: Node, ctm: Affine, clip: Rect, live: float) -> None:
        self.peak = max(self.peak, live)
        if isinstance(node, Group):
            outer, self.label = self.label, node.label or self.label
            self.group(node, node.transform.then(ctm), clip, live)
            self.label = outer
        elif isinstance(node, Path):
            self.path(node, ctm, clip, live)
        elif isinstance(node, Picture):
            self.spend(_area(_meet(node.rect.bounds(ctm), clip)) * _SAMPLED)
        else:
            self.glyphs(node, ctm, clip)

    def group(self, group: Group, ctm: Affine, clip: Rect, live: float) -> None:
        if group.opacity <= 0:
            return
        if group.clip is not None:
            bounds = brush.path_of(group.clip).getBounds()
            shown = Rect(bounds.left(), bounds.top(), bounds.width(), bounds.height())
            clip = _meet(shown.bounds(ctm), clip)
        faded = group.opacity < 1 and len(group.children) > 1
        if group.filters or group.mask is not None or group.blend != "normal" or faded:
            extent = brush.content_extent(group)
            if extent is None:
                return
            clip, live = self.composite(group, extent.bounds(ctm), ctm.scale, clip, live)
        for child in group.children:
            self.visit(child, ctm, clip, live)
        if group.mask is not None:
            self.visit(group.mask.content, ctm, clip, live + _area(clip))

    def composite(self, group: Group, extent: Rect, zoom: float, clip: Rect, live: float) -> tuple[Rect, float]:
        """A group that is a picture of its own: what of it is painted, and the pixels alive while it is."""
        reaches = [_reach(each) * zoom for each in group.filters]
        ahead = sum(reaches)
        largest = 0.0
        needed = _meet(extent, clip.outset(ahead))
        for each, reach in zip(group.filters, reaches, strict=True):
            # Each filter works on what the ones before it spread out and the ones after it still ask for.
            extent, ahead = extent.outset(reach), ahead - reach
            area = _area(_meet(extent, clip.outset(ahead)))
            largest = max(largest, area)
            filtered = _COLOURED if isinstance(each, ColorMatrix) else _BLURRED
            self.spend(area * filtered * (_DOCUMENT_TIMES if self.vector else 1))
        area = _area(needed)
        self.spend(area * _COMPOSITED)
        if self.vector:
            return needed, live + (largest * _DOCUMENT_COPIES)
        self.peak = max(self.peak, live + area + largest)
        return needed, live + area

    def path(self, path: Path, ctm: Affine, clip: Rect, live: float) -> None:
        if self.vector:
            self.stroke(path.stroke, _length(path.shape) * ctm.scale, ctm.scale)
            return
        extent = brush.extent(path)
        if extent is None:
            return
        length = _longest(path.shape, extent) * ctm.scale
        crude = length * (_FILLED_LENGTH if path.stroke is None else _STROKED_LENGTH)
        dashed = path.stroke is not None and path.stroke.dash
        if dashed or crude > _WORTH_MEASURING or self.seconds > MAX_SECONDS / 4:
            length = _length(path.shape) * ctm.scale
        placed = extent.bounds(ctm)
        area = _area(_meet(placed, clip))
        if path.fill is not None:
            self.spend(area * _shade(path.fill))
            if isinstance(path.shape, Outline):
                self.spend(length * _FILLED_LENGTH)
        if path.blur > 0:
            self.spend(area * _EDGE_BLURRED + _area(placed) * _UNSEEN_BLUR)
            self.peak = max(self.peak, live + area * _EDGE_COPIES)
        self.stroke(path.stroke, length, ctm.scale)

    def stroke(self, stroke: Stroke | None, length: float, zoom: float) -> None:
        if stroke is None or stroke.width <= 0:
            return
        if not self.vector:
            self.spend(length * _STROKED_LENGTH)
        if stroke.dash and (period := sum(stroke.dash) * zoom) > 0:
            self.spend(length / period * (len(stroke.dash) + 1) / 2 * _DASH)

    def glyphs(self, glyphs: Glyphs, ctm: Affine, clip: Rect) -> None:
        count = len(glyphs.glyphs)
        self.spend(count * _GLYPH * (1 if glyphs.stroke is None else 3))
        if self.vector or not count:
            return
        covered = count * (glyphs.size * ctm.scale) ** 2
        shade = _shade(glyphs.paint) + (_EDGE_BLURRED if glyphs.blur > 0 else 0.0)
        # How far a text reaches is looked up only where that makes a difference.
        if covered * shade > _WORTH_A_LOOK and (extent := brush.extent(glyphs)) is not None:
            covered = min(covered, 4 * _area(_meet(extent.bounds(ctm), clip)))
        self.spend(covered * shade)


def _shade(paint: Paint) -> float:
    if isinstance(paint, Solid):
        return _SOLID
    return _SAMPLED if isinstance(paint, Pattern) else _SHADED


def _reach(each: Blur | DropShadow | ColorMatrix) -> float:
    if isinstance(each, ColorMatrix):
        return 0.0
    reach = each.sigma * brush.BLUR_REACH
    return reach + max(abs(each.x), abs(each.y)) if isinstance(each, DropShadow) else reach


def _longest(shape: Box | Ellipse | Outline, extent: Rect) -> float:
    """What no outline within `extent` exceeds in length: every command crosses it, a curve's polygon three times."""
    if not isinstance(shape, Outline):
        return _length(shape)
    return 3 * len(shape.commands) * math.hypot(extent.width, extent.height)


def _length(shape: Box | Ellipse | Outline) -> float:
    """The length of an outline in px; of curves, that of their control polygon, which is longer."""
    if not isinstance(shape, Outline):
        return 2 * (shape.rect.width + shape.rect.height)
    total, start, at = 0.0, (0.0, 0.0), (0.0, 0.0)
    for verb, numbers in shape.commands:
        if verb == "R":
            total += 2 * (numbers[2] - numbers[0] + numbers[3] - numbers[1])
            continue
        points = tuple(zip(numbers[::2], numbers[1::2], strict=True)) if numbers else (start,)
        if verb == "M":
            start = at = points[0]
            continue
        for point in points:
            total += math.dist(at, point)
            at = point
    return total


def _meet(one: Rect, other: Rect) -> Rect:
    """What two rectangles have in common; without extent where that is nothing."""
    x, y = max(one.x, other.x), max(one.y, other.y)
    return Rect(x, y, max(0.0, min(one.right, other.right) - x), max(0.0, min(one.bottom, other.bottom) - y))


def _area(rect: Rect) -> float:
    return rect.width * rect.height
