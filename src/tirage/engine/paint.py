"""Scene → canvas: draws the four primitives, and nothing else, with Skia."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tirage.engine import brush, parted, soft_shadow
from tirage.engine.scene import Box, Ellipse, Glyphs, Group, Mask, Node, Path, Picture, Pixels, ScenePage, Shape, Stroke
from tirage.engine.skia_loader import skia
from tirage.engine.surface import Raster as Raster
from tirage.engine.surface import Surface, swapped
from tirage.engine.values.color import Color
from tirage.engine.values.filter import DropShadow
from tirage.engine.values.transform import Rect

_WHOLE = skia.Canvas.kFast_SrcRectConstraint
_CLIPS = {"inside": skia.ClipOp.kIntersect, "outside": skia.ClipOp.kDifference}
_INVERT = skia.ColorFilters.Matrix((-1, 0, 0, 0, 1, 0, -1, 0, 0, 1, 0, 0, -1, 0, 1, 0, 0, 0, 1, 0))


def device_size(width: float, height: float, scale: float) -> tuple[int, int]:
    """The size in device pixels of a page of `width` × `height` px."""
    return max(1, round(width * scale)), max(1, round(height * scale))


def raster(page: ScenePage, *, scale: float = 1.0, background: Color | None = None) -> Raster:
    """Paint a page into memory, over `background` or else over nothing. The page fills all of the pixels."""
    surface = _paint(page.root, page.width, page.height, scale, background)
    opaque = (background is not None and background.alpha == 1) or surface.is_opaque()
    return Raster(surface.columns, surface.rows, surface.data, opaque)


def flatten(node: Node, width: float, height: float, scale: float) -> Pixels:
    """The picture, in device pixels, of a node on a page of `width` × `height` px.

    Drawn as a Picture into (0, 0, width, height) of that page at the same scale, it reproduces the node exactly.
    """
    return _paint(node, width, height, scale, None).pixels()


def draw(node: ScenePage | Node, canvas: Any, *, vector: bool = False) -> None:
    """Draw onto a skia.Canvas whose units are px. `vector` prefers what documents keep to what paints fastest."""
    _Painter(canvas, vector).node(node.root if isinstance(node, ScenePage) else node, 1.0)


def _paint(node: Node, width: float, height: float, scale: float, background: Color | None) -> Surface:
    columns, rows = device_size(width, height, scale)
    node, background = brush.grounded(node, Rect(0, 0, width, height), background)
    surface = Surface(columns, rows, None if background is None else brush.argb(background))
    surface.canvas.scale(columns / width, rows / height)
    _Painter(surface.canvas, surface=surface).node(node, 1.0)
    return surface


class _Painter:
    """Walks a tree. `fade` is an opacity that falls to a node from groups that need no picture of their own for it."""

    def __init__(self, canvas: Any, vector: bool = False, surface: Surface | None = None) -> None:
        self.canvas, self.vector, self.surface = canvas, vector, surface
        # How many clips and layers lie between what is drawn and the surface itself.
        self.aside = 0

    def node(self, node: Node, fade: float) -> None:
        if isinstance(node, Group):
            self.group(node, fade)
        elif isinstance(node, Path):
            self.path(node, fade)
        elif isinstance(node, Picture):
            self.picture(node, fade)
        else:
            self.glyphs(node, fade)

    def group(self, group: Group, fade: float) -> None:
        fade *= group.opacity
        if fade <= 0 or not group.children:
            return
        canvas = self.canvas
        with skia.AutoCanvasRestore(canvas):
            if not group.transform.is_identity:
                canvas.concat(brush.matrix(group.transform))
            if group.clip is not None:
                self.clip(group.clip, skia.ClipOp.kIntersect)
                self.aside += 1
            plain = group.blend == "normal" and not group.filters and group.mask is None
            if plain and (fade == 1 or len(group.children) == 1):
                for child in group.children:
                    self.node(child, fade)
            else:
                self.composite(group, fade)
            self.aside -= group.clip is not None

    def composite(self, group: Group, fade: float) -> None:
        """Children as one picture: filters, then mask, opacity and blend (Compositing and Blending 1, 3.5)."""
        extent = brush.content_extent(group)
        if extent is None:
            return
        soft = None if self.vector else soft_shadow.last_filter(group.filters, self.canvas.getTotalMatrix())
        if soft and fade == 1 and group.blend == "normal" and group.mask is None:
            self.cast_softly(group, soft)
            return
        self.aside += 1
        # Documents know no plus-darker; multiply comes closest there.
        darker = group.blend == "plus-darker" and not self.vector
        if darker:
            self.invert()
        mode = brush.BLENDS["plus-lighter" if darker else group.blend]
        outer = skia.Paint(Alphaf=fade, BlendMode=mode, ColorFilter=_INVERT if darker else None)
        # The bounds say what is drawn before filters; Skia adds the reach of the filters itself.
        bounds = brush.rectangle(extent.outset(1))
        if group.mask is not None or darker or soft:
            reach = brush.extent(Group((Group(group.children, filters=group.filters),))) or extent
            self.canvas.saveLayer(brush.rectangle(reach.outset(1)), outer)
            outer = skia.Paint()
        if soft:
            self.cast_softly(group, soft)
        else:
            colors = brush.color_filter(group.filters)
            if colors is not None:
                outer.setColorFilter(colors)
            elif group.filters:
                outer.setImageFilter(brush.image_filter(group.filters))
            self.canvas.saveLayer(bounds, outer)
            for child in group.children:
                self.node(child, 1.0)
            self.canvas.restore()
        if group.mask is not None:
            self.mask(group.mask)
        if darker:
            self.canvas.restore()
            self.invert()
        self.aside -= 1

    def cast_softly(self, group: Group, shadow: DropShadow) -> None:
        """A picture of what casts the shadow, with the shadow beneath it: a tenth of the cost of Skia's filter."""
        inner = Group(group.children, filters=group.filters[:-1])
        cast = soft_shadow.begin(self.canvas, brush.extent(inner), shadow)
        if cast is None:
            return
        _Painter(cast.surface.canvas, surface=cast.surface).node(inner, 1.0)
        with skia.AutoCanvasRestore(self.canvas):
            self.canvas.resetMatrix()
            cast.draw_shadow(self.canvas)
            canvas, image = self.quickest(cast.surface.image())
            canvas.drawImage(image, cast.left, cast.top, brush.NEAREST, skia.Paint())

    def quickest(self, image: Any) -> tuple[Any, Any]:
        """The canvas on which a picture is laid soonest, and the picture as it is to be named there."""
        if self.surface is None or self.aside or (renamed := swapped(image)) is None:
            return self.canvas, image
        return self.surface.swapped(self.canvas.getTotalMatrix()), renamed

    def mask(self, mask: Mask) -> None:
        """Keep of the current layer what the mask shows."""
        keep = skia.Paint(BlendMode=skia.BlendMode.kDstIn)
        if mask.mode == "luminance":
            keep.setColorFilter(skia.LumaColorFilter.Make())
        self.canvas.saveLayer(None, keep)
        self.node(mask.content, 1.0)
        self.canvas.restore()

    def invert(self) -> None:
        """Invert the colours of all that has been painted, for plus-darker: 1 - min(1, (1 - D) + (1 - S))."""
        paint = skia.Paint(BlendMode=skia.BlendMode.kSrc, ColorFilter=_INVERT)
        self.canvas.saveLayer(skia.Canvas.SaveLayerRec(None, paint, skia.Canvas.kInitWithPrevious_SaveLayerFlag))
        self.canvas.restore()

    def clip(self, shape: Shape, op: Any) -> None:
        if isinstance(shape, Box):
            self.canvas.clipRRect(brush.rounded(shape), op, True)
        else:
            self.canvas.clipPath(brush.path_of(shape), op, True)

    def shape(self, shape: Shape, paint: Any, canvas: Any = None) -> None:
        canvas = canvas or self.canvas
        if isinstance(shape, Ellipse):
            canvas.drawOval(brush.rectangle(shape.rect), paint)
        elif isinstance(shape, Box):
            canvas.drawRRect(brush.rounded(shape), paint)
        else:
            canvas.drawPath(brush.path_of(shape), paint)

    def path(self, path: Path, fade: float) -> None:
        if fade < 1 and path.fill is not None and path.stroke is not None:
            # Fill and stroke overlap: faded one by one, the fill would show through the stroke.
            self.composite(Group((path,)), fade)
            return
        if path.fill is not None:
            paint = brush.brush(path.fill, self.canvas.getTotalMatrix(), fade, path.blur)
            self.shape(path.shape, paint)
        if path.stroke is not None and path.stroke.width > 0:
            self.stroke(path.shape, path.stroke, path.blur, fade)

    def stroke(self, shape: Shape, stroke: Stroke, blur: float, fade: float) -> None:
        canvas, matrix = self.canvas, self.canvas.getTotalMatrix()
        aside, sharp = stroke.alignment != "center", stroke.alignment == "inside" or stroke.join == "miter"
        if aside and sharp and not stroke.dash and isinstance(shape, Box | Ellipse):
            # The ring between two rounded rectangles has clean edges, where a clip would let a seam through.
            paint = brush.brush(stroke.paint, matrix, fade, blur)
            near, far = (0.0, stroke.width) if stroke.alignment == "inside" else (-stroke.width, 0.0)
            canvas.drawDRRect(brush.inset(shape, near), brush.inset(shape, far), paint)
            return
        paint = brush.pen(stroke, matrix, fade, blur)
        with skia.AutoCanvasRestore(canvas):
            if aside:
                self.clip(shape, _CLIPS[stroke.alignment])
            self.shape(shape, paint)

    def picture(self, picture: Picture, fade: float) -> None:
        canvas, handle = self.quickest(picture.pixels.handle)
        pixels, matrix = replace(picture.pixels, handle=handle), canvas.getTotalMatrix()
        target = brush.rectangle(picture.rect)
        sampling = brush.sampling(pixels, picture.rect, matrix)
        # Where there is no short cut, Skia's code for dithered colours is the quicker one, three times for LINEAR.
        dithered = sampling is not brush.NEAREST or (picture.clip is not None and canvas is self.canvas)
        paint = skia.Paint(AntiAlias=True, Alphaf=fade, Dither=dithered)
        if picture.clip is not None and not self.vector:
            # A shape filled with the picture is quicker than a clip, and its edge is smooth once, not twice.
            whole = target.makeOutset(0.01, 0.01).contains(brush.path_of(picture.clip).getBounds())
            tile = skia.TileMode.kClamp if whole else skia.TileMode.kDecal
            # As a keyword: the binding's setShader would encode the picture and decode it again, 180 ms for a card.
            shader = brush.picture_shader(pixels, picture.rect, matrix, tile)
            self.shape(picture.clip, skia.Paint(AntiAlias=True, Alphaf=fade, Dither=dithered, Shader=shader), canvas)
            return
        source = skia.Rect.MakeWH(pixels.width, pixels.height)
        with skia.AutoCanvasRestore(canvas):
            if picture.clip is not None:
                self.clip(picture.clip, skia.ClipOp.kIntersect)
            # The strict constraint would switch mip-maps off.
            canvas.drawImageRect(pixels.handle, source, target, sampling, paint, _WHOLE)

    def glyphs(self, glyphs: Glyphs, fade: float) -> None:
        if not glyphs.glyphs:
            return
        if fade < 1 and (len(glyphs.glyphs) > 1 or glyphs.stroke is not None):
            # Neighbouring glyphs may overlap, in Arabic and script faces always.
            self.composite(Group((glyphs,)), fade)
            return
        matrix, stroke = self.canvas.getTotalMatrix(), glyphs.stroke
        self.ink(glyphs, brush.brush(glyphs.paint, matrix, fade, glyphs.blur), self.vector and glyphs.blur > 0)
        if stroke is not None and stroke.width > 0:
            self.ink(glyphs, brush.pen(stroke, matrix, fade, glyphs.blur), self.vector)

    def ink(self, glyphs: Glyphs, paint: Any, as_outlines: bool) -> None:
        """Shadows and contours become outlines in documents, or their text would be found there twice."""
        if as_outlines and not glyphs.typeface.color:
            self.canvas.drawPath(brush.glyph_outlines(glyphs), paint)
        else:
            parted.draw(self.canvas, glyphs, paint, apart=self.vector)
