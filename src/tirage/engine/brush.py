"""Values of the display list → what Skia draws with: matrices, paths, paints, filters, glyph runs; and extents."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

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
    Picture,
    Pixels,
    RadialGradient,
    Shape,
    Solid,
    Stroke,
)
from tirage.engine.skia_loader import skia
from tirage.engine.values.color import Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import Blur, ColorMatrix, DropShadow, Filter
from tirage.engine.values.outline import Command
from tirage.engine.values.transform import Affine, Rect

BLENDS = {
    "normal": skia.BlendMode.kSrcOver,
    "multiply": skia.BlendMode.kMultiply,
    "screen": skia.BlendMode.kScreen,
    "overlay": skia.BlendMode.kOverlay,
    "darken": skia.BlendMode.kDarken,
    "lighten": skia.BlendMode.kLighten,
    "color-dodge": skia.BlendMode.kColorDodge,
    "color-burn": skia.BlendMode.kColorBurn,
    "hard-light": skia.BlendMode.kHardLight,
    "soft-light": skia.BlendMode.kSoftLight,
    "difference": skia.BlendMode.kDifference,
    "exclusion": skia.BlendMode.kExclusion,
    "hue": skia.BlendMode.kHue,
    "saturation": skia.BlendMode.kSaturation,
    "color": skia.BlendMode.kColor,
    "luminosity": skia.BlendMode.kLuminosity,
    "plus-lighter": skia.BlendMode.kPlus,
    # Skia has no plus-darker; the painter makes it of plus-lighter between two inversions.
    "plus-darker": skia.BlendMode.kMultiply,
}
_CAPS = {"butt": skia.Paint.kButt_Cap, "round": skia.Paint.kRound_Cap, "square": skia.Paint.kSquare_Cap}
_JOINS = {"miter": skia.Paint.kMiter_Join, "round": skia.Paint.kRound_Join, "bevel": skia.Paint.kBevel_Join}

NEAREST = skia.SamplingOptions()
LINEAR = skia.SamplingOptions(skia.FilterMode.kLinear)
MIPMAPS = skia.SamplingOptions(skia.FilterMode.kLinear, skia.MipmapMode.kLinear)
CUBIC = skia.SamplingOptions(skia.CubicResampler.Mitchell())
SHARP = skia.SamplingOptions(skia.CubicResampler.CatmullRom())

LEAST_SHARP = 0.84
"""The scale from which a picture is reduced while it is painted, as well as it would be before."""

# A Gaussian is below half an 8-bit level beyond three deviations.
BLUR_REACH = 3.0
_OUTLINES = 256
_outlines: dict[int, tuple[Outline, Any]] = {}
"""Paths of the last outlines by identity; the outline is held, so that no other can have its."""


def matrix(affine: Affine) -> Any:
    """A skia.Matrix."""
    return skia.Matrix.MakeAll(affine.a, affine.c, affine.e, affine.b, affine.d, affine.f, 0, 0, 1)


def rectangle(rect: Rect) -> Any:
    """A skia.Rect."""
    return skia.Rect.MakeXYWH(rect.x, rect.y, rect.width, rect.height)


def rounded(box: Box) -> Any:
    """A skia.RRect; radii that do not fit are scaled down together (CSS Backgrounds 3, 5.5), which Skia does."""
    if not box.radii:
        return skia.RRect.MakeRect(rectangle(box.rect))
    made = skia.RRect()
    made.setRectRadii(rectangle(box.rect), box.radii)
    return made


def inset(shape: Box | Ellipse, by: float) -> Any:
    """The skia.RRect whose edge lies `by` px inside the shape's (outside where negative); sharp corners stay sharp."""
    made = skia.RRect.MakeOval(rectangle(shape.rect)) if isinstance(shape, Ellipse) else rounded(shape)
    by = min(by, shape.rect.width / 2, shape.rect.height / 2)
    moved = skia.RRect()
    made.inset(by, by, moved)
    return moved


@lru_cache(maxsize=1024)
def outline(commands: tuple[Command, ...], even_odd: bool = False) -> Any:
    """A skia.Path of outline commands."""
    path = skia.Path()
    draw = {
        "M": path.moveTo, "L": path.lineTo, "Q": path.quadTo, "C": path.cubicTo, "Z": path.close,
        "R": lambda *edges: path.addRect(skia.Rect(*edges)),
    }  # fmt: skip
    for verb, numbers in commands:
        draw[verb](*numbers)
    path.setFillType(skia.PathFillType.kEvenOdd if even_odd else skia.PathFillType.kWinding)
    return path


def _outline_of(shape: Outline) -> Any:
    """By identity first: a tree's shape is asked for several times, and to compare a code's commands takes long."""
    held = _outlines.get(id(shape))
    if held is not None and held[0] is shape:
        return held[1]
    path = outline(shape.commands, shape.even_odd)
    if len(_outlines) >= _OUTLINES:
        _outlines.clear()
    _outlines[id(shape)] = (shape, path)
    return path


def path_of(shape: Shape) -> Any:
    """Any shape as a skia.Path."""
    if isinstance(shape, Outline):
        return _outline_of(shape)
    if isinstance(shape, Ellipse):
        return skia.Path.Oval(rectangle(shape.rect))
    return skia.Path.RRect(rounded(shape)) if shape.radii else skia.Path.Rect(rectangle(shape.rect))


def argb(color: Color) -> int:
    """The colour as Skia's 0xAARRGGBB, unpremultiplied."""
    alpha, red, green, blue = (round(part * 255) for part in (color.alpha, color.red, color.green, color.blue))
    return alpha << 24 | red << 16 | green << 8 | blue


def sampling(pixels: Pixels, rect: Rect, ctm: Any) -> Any:
    """How to sample a picture drawn into `rect` under the canvas matrix `ctm`: exactly where it falls on pixels."""
    across, down = rect.width / pixels.width, rect.height / pixels.height
    if ctm.isScaleTranslate():
        left, top = ctm.getScaleX() * rect.x + ctm.getTranslateX(), ctm.getScaleY() * rect.y + ctm.getTranslateY()
        sizes = (ctm.getScaleX() * across - 1) * pixels.width, (ctm.getScaleY() * down - 1) * pixels.height
        if max(abs(left - round(left)), abs(top - round(top)), abs(sizes[0]), abs(sizes[1])) < 1e-2:
            return NEAREST
    scale_x = (ctm.getScaleX() ** 2 + ctm.getSkewY() ** 2) ** 0.5 * across
    scale_y = (ctm.getScaleY() ** 2 + ctm.getSkewX() ** 2) ** 0.5 * down
    if min(scale_x, scale_y) < LEAST_SHARP:
        return MIPMAPS
    if max(scale_x, scale_y) < 0.99:
        # Reduced by little: four samples a side leave out nothing, and smaller levels would only blur.
        return SHARP
    return CUBIC if max(scale_x, scale_y) > 1.001 else LINEAR


def picture_shader(pixels: Pixels, rect: Rect, ctm: Any, tile: Any) -> Any:
    """A skia.Shader of a picture laid over `rect`."""
    place = skia.Matrix.MakeAll(
        rect.width / pixels.width, 0, rect.x, 0, rect.height / pixels.height, rect.y, 0, 0, 1
    )  # fmt: skip
    return pixels.handle.makeShader(tile, tile, sampling(pixels, rect, ctm), place)


def shown_part(pixels: Pixels) -> tuple[int, int, int, int] | None:
    """Left, top, width and height of the part of a picture that is not wholly transparent; None where there is none."""
    whole = (0, 0, pixels.width, pixels.height)
    if pixels.opaque:
        return whole
    alpha = pixels.handle.toarray(colorType=skia.kRGBA_8888_ColorType)[..., 3] > 0
    rows, columns = alpha.any(axis=1).nonzero()[0], alpha.any(axis=0).nonzero()[0]
    if not len(rows):
        return None
    left, top = int(columns[0]), int(rows[0])
    return left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1


def cut_out(pixels: Pixels, left: int, top: int, width: int, height: int) -> Pixels:
    """A part of a picture as a picture of its own."""
    if (width, height) == (pixels.width, pixels.height):
        return pixels
    part = pixels.handle.makeSubset(skia.IRect.MakeXYWH(left, top, width, height))
    return Pixels(part, width, height, f"{pixels.key} {left} {top} {width} {height}", pixels.opaque)


def brush(paint: Paint, ctm: Any, fade: float = 1.0, blur: float = 0.0) -> Any:
    """A skia.Paint that fills with `paint`, alpha multiplied by `fade`, edges blurred by a Gaussian of `blur` px."""
    if isinstance(paint, Solid):
        color = paint.color
        made = skia.Paint(AntiAlias=True, Color4f=skia.Color4f(color.red, color.green, color.blue, color.alpha * fade))
        _blur_edge(made, blur)
        return made
    if isinstance(paint, Pattern):
        tile = skia.TileMode.kRepeat if paint.repeat else skia.TileMode.kDecal
        shader = picture_shader(paint.pixels, paint.rect, ctm, tile)
    else:
        shader = _gradient(paint)
    # As a keyword: the binding's setShader writes the shader out and reads it back, pictures included.
    made = skia.Paint(AntiAlias=True, Shader=shader)
    _blur_edge(made, blur)
    # Dithering removes bands, and its code path is the quicker one: 3 ms instead of 9 for a full card.
    made.setDither(True)
    made.setAlphaf(fade)
    return made


def _blur_edge(made: Any, sigma: float) -> None:
    if sigma > 0:
        made.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, sigma, True))


def _gradient(paint: LinearGradient | RadialGradient | ConicGradient) -> Any:
    colors, offsets = _stops(paint.stops)
    # CSS Images 3, 3.4.2: colours are interpolated premultiplied.
    options = (skia.TileMode.kClamp, int(skia.GradientShader.kInterpolateColorsInPremul_Flag))
    if isinstance(paint, LinearGradient):
        return skia.GradientShader.MakeLinear([paint.start, paint.end], colors, offsets, *options)
    x, y = paint.center
    if isinstance(paint, RadialGradient):
        place = skia.Matrix.Translate(x, y).preScale(*(max(radius, 1e-3) for radius in paint.radii))
        return skia.GradientShader.MakeRadial((0, 0), 1.0, colors, offsets, *options, place)
    # Skia's sweep begins at three o'clock, CSS's at twelve.
    place = skia.Matrix.Translate(x, y).preRotate(paint.angle - 90)
    return skia.GradientShader.MakeSweep(0, 0, colors, offsets, options[0], 0, 360, options[1], place)


def _stops(stops: tuple[Stop, ...]) -> tuple[list[int], list[float]]:
    # Skia wants two colours at least.
    stops = stops * 2 if len(stops) == 1 else stops
    return [argb(stop.color) for stop in stops], [stop.offset for stop in stops]


def pen(stroke: Stroke, ctm: Any, fade: float = 1.0, blur: float = 0.0) -> Any:
    """A skia.Paint that strokes; twice as wide where half of the line is to be cut away."""
    made = brush(stroke.paint, ctm, fade, blur)
    made.setStyle(skia.Paint.kStroke_Style)
    made.setStrokeWidth(stroke.width * (1 if stroke.alignment == "center" else 2))
    made.setStrokeCap(_CAPS[stroke.cap])
    made.setStrokeJoin(_JOINS[stroke.join])
    made.setStrokeMiter(stroke.miter_limit)
    if stroke.dash and sum(stroke.dash) > 0:
        # As in SVG 2, 13.5.6: an odd list is repeated to an even one.
        dash = stroke.dash * (1 + len(stroke.dash) % 2)
        effect = skia.DashPathEffect.Make(dash, stroke.dash_offset)
        # None where the dashes are nothing in single precision: like a sum of zero, a line without gaps.
        if effect is not None:
            made.setPathEffect(effect)
    return made


def color_filter(filters: tuple[Filter, ...]) -> Any | None:
    """The filters as one skia.ColorFilter, where all of them are colour matrices; else None."""
    made = None
    for each in filters:
        if not isinstance(each, ColorMatrix):
            return None
        colors = skia.ColorFilters.Matrix(each.values)
        made = colors if made is None else skia.ColorFilters.Compose(colors, made)
    return made


def image_filter(filters: tuple[Filter, ...]) -> Any | None:
    """The filters as a chain of skia.ImageFilter, first one first; lengths are px of the current coordinates."""
    made = None
    for each in filters:
        if isinstance(each, ColorMatrix):
            made = skia.ImageFilters.ColorFilter(skia.ColorFilters.Matrix(each.values), made)
        elif isinstance(each, DropShadow):
            made = skia.ImageFilters.DropShadow(each.x, each.y, each.sigma, each.sigma, argb(each.color), made)
        elif each.sigma > 0:
            made = skia.ImageFilters.Blur(each.sigma, each.sigma, skia.TileMode.kDecal, made)
    return made


@dataclass(frozen=True, slots=True)
class _Face:
    """A typeface as a cache key: Skia's handles cannot be compared, the hash of the font file can."""

    key: str
    handle: Any = field(compare=False)


def font(glyphs: Glyphs) -> Any:
    """The skia.Font of a run: no hinting, sub-pixel positions, linear metrics, grey edges."""
    return _font(_Face(glyphs.typeface.key, glyphs.typeface.handle), glyphs.size, glyphs.skew, glyphs.embolden)


@lru_cache(maxsize=256)
def _font(face: _Face, size: float, skew: float, embolden: bool) -> Any:
    made = skia.Font(face.handle, size)
    made.setHinting(skia.FontHinting.kNone)
    made.setSubpixel(True)
    made.setLinearMetrics(True)
    made.setEdging(skia.Font.Edging.kAntiAlias)
    # Font.skewX is the shear of y upon x with y pointing down: negative leans to the right.
    made.setSkewX(-skew)
    made.setEmbolden(embolden)
    return made


def run(glyphs: Glyphs) -> Any:
    """The skia.TextBlob of a run."""
    face = _Face(glyphs.typeface.key, glyphs.typeface.handle)
    return _run(face, glyphs.size, glyphs.skew, glyphs.embolden, glyphs.glyphs, glyphs.positions)


@lru_cache(maxsize=1024)
def _run(
    face: _Face, size: float, skew: float, embolden: bool,
    glyphs: tuple[int, ...], positions: tuple[tuple[float, float], ...],
) -> Any:  # fmt: skip
    builder = skia.TextBlobBuilder()
    builder.allocRunPos(_font(face, size, skew, embolden), glyphs, positions)
    return builder.make()


def glyph_outlines(glyphs: Glyphs) -> Any:
    """All outlines of a run as one skia.Path; glyphs without one (colour glyphs) are left out."""
    whole, made = skia.Path(), font(glyphs)
    for glyph, (x, y) in zip(glyphs.glyphs, glyphs.positions, strict=True):
        outlined = made.getPath(glyph)
        if outlined is not None:
            whole.addPath(outlined, x, y)
    return whole


def extent(node: Node) -> Rect | None:
    """A rectangle in the coordinates around `node` that holds all it paints, or None where it paints nothing."""
    if isinstance(node, Group):
        return _group_extent(node)
    if isinstance(node, Picture):
        return node.rect
    if isinstance(node, Path):
        bounds, stroke = path_of(node.shape).getBounds(), node.stroke
    else:
        if not node.glyphs:
            return None
        bounds, stroke = run(node).bounds(), node.stroke
    reach = node.blur * BLUR_REACH
    if stroke is not None and stroke.alignment != "inside":
        # A mitre or a square cap reaches beyond half the width.
        factor = max(stroke.miter_limit if stroke.join == "miter" else 1.0, 1.5)
        reach += stroke.width * factor * (0.5 if stroke.alignment == "center" else 1.0)
    return Rect(bounds.left(), bounds.top(), bounds.width(), bounds.height()).outset(reach)


def content_extent(group: Group) -> Rect | None:
    """What the group's children cover, in the group's own coordinates and before its filters and clip."""
    whole: Rect | None = None
    for child in group.children:
        part = extent(child)
        if part is not None:
            whole = part if whole is None else whole.union(part)
    return whole


def _group_extent(group: Group) -> Rect | None:
    whole = content_extent(group)
    if whole is None:
        return None
    for each in group.filters:
        if isinstance(each, Blur):
            whole = whole.outset(each.sigma * BLUR_REACH)
        elif isinstance(each, DropShadow):
            whole = whole.union(whole.outset(each.sigma * BLUR_REACH).moved(each.x, each.y))
    if group.clip is not None:
        bounds = path_of(group.clip).getBounds()
        left, top = max(whole.x, bounds.left()), max(whole.y, bounds.top())
        right, bottom = min(whole.right, bounds.right()), min(whole.bottom, bounds.bottom())
        if right <= left or bottom <= top:
            return None
        whole = Rect(left, top, right - left, bottom - top)
    return whole.bounds(group.transform)


def grounded(node: Node, page: Rect, background: Color | None) -> tuple[Node, Color | None]:
    """The node without a first path that fills all of `page` with one opaque colour, and that colour as background."""
    if not isinstance(node, Group) or not node.children or node != Group(node.children):
        return node, background
    first = node.children[0]
    fill = first.fill if isinstance(first, Path) and first == Path(Box(page), fill=first.fill) else None
    if isinstance(fill, Solid) and fill.color.alpha == 1:
        return Group(node.children[1:]), fill.color
    return node, background
