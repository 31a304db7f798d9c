"""A picture in a frame: fitted, cropped at a point or a face, filtered, clipped, bordered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.decoration import alpha_shadows, fit_picture, inset_shadows, shape_shadows
from tirage.engine.layer import BoxedLayer, Lowered, Model, Url
from tirage.engine.lowering import LowerContext
from tirage.engine.report import ImageReport
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Box, Ellipse, Group, Node, Outline, Picture, Shape
from tirage.engine.values.filter import NO_FILTERS, FilterValue
from tirage.engine.values.outline import PathData, parse_path, regular_polygon, scaled, star
from tirage.engine.values.sides import corner_radii
from tirage.engine.values.transform import Rect, translation

Fraction = Annotated[float, Field(ge=0, le=1)]
_ALIGN = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0, "full": 0.5}


class Point(Model):
    """A point of a picture as fractions of its width and height."""

    x: Fraction = Field(0.5, description="0 is the left edge, 1 the right.")
    y: Fraction = Field(0.5, description="0 is the top edge, 1 the bottom.")


class Clip(Model):
    """The figure that a picture is cut to, inscribed in its box."""

    type: Literal["rectangle", "ellipse", "polygon", "star", "path"] = Field("ellipse", description="The figure.")
    sides: int = Field(6, ge=3, le=100, description="Corners of a polygon.")
    points: int = Field(5, ge=3, le=100, description="Tips of a star.")
    inner_radius: float = Field(0.5, ge=0.01, le=1, description="A star's inner radius as a fraction of the outer.")
    path: PathData | None = Field(None, description="SVG path data, in px of the box or of `viewBox`.")
    view_box: tuple[float, float] | None = Field(None, description="Width and height that `path` is drawn in.")


class ImageLayer(BoxedLayer):
    """A picture from a file, an http(s) or a `data:` URL. An empty `imageUrl` shows the background only."""

    main: ClassVar[str | None] = "imageUrl"

    type: Literal["image"] = "image"
    image_url: Url = Field("", description="A path, an http(s) or a data: URL.")
    fit: Literal["cover", "contain", "fill", "none"] = Field("cover", description="As CSS object-fit has it.")
    image_position: Literal["cro", "cov", "ai_face", "align", "crop", "cover", "contain"] | None = Field(
        None, description="The wire's way to place a picture; where it is set it wins over `fit`."
    )
    image_align_h: Literal["left", "center", "right", "full"] = Field("center", description="For the position `align`.")
    image_align_v: Literal["top", "center", "bottom", "full"] = Field("center", description="For the position `align`.")
    focal_point: Point = Field(default_factory=Point, description="What a crop keeps in view.")
    image_effect: FilterValue = Field(NO_FILTERS, description="A CSS filter list, applied to the picture.")
    clip: Clip | None = Field(None, description="Cut to a figure instead of the box.")

    def images(self) -> Iterator[ImageRef]:
        """The one picture."""
        if self.image_url:
            yield ImageRef(self.image_url)

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Shadow, background, the picture with its effects, border."""
        rect = Rect(0, 0, width, height)
        frame = self._frame(rect)
        picture, opaque = self._picture(ctx, rect, frame)
        opaque = opaque or self.background_color.alpha == 1
        drawn = self.framed(() if picture is None else (picture,), width, height, frame)
        if self.shadow:
            drawn = (*shape_shadows(frame, self.shadow), *drawn) if opaque else alpha_shadows(drawn, self.shadow)
        return Lowered((*drawn, *inset_shadows(frame, rect, self.shadow)))

    def _frame(self, rect: Rect) -> Shape:
        if self.clip is None or self.clip.type == "rectangle":
            return Box(rect, corner_radii(self.border_radius, rect))
        match self.clip.type:
            case "ellipse":
                return Ellipse(rect)
            case "polygon":
                return Outline(regular_polygon(self.clip.sides, rect.width, rect.height))
            case "star":
                return Outline(star(self.clip.points, self.clip.inner_radius, rect.width, rect.height))
        commands = parse_path(self.clip.path) if self.clip.path else ()
        if self.clip.view_box and all(side > 0 for side in self.clip.view_box):
            commands = scaled(commands, rect.width / self.clip.view_box[0], rect.height / self.clip.view_box[1])
        return Outline(commands) if commands else Box(rect)

    def _picture(self, ctx: LowerContext, rect: Rect, frame: Shape) -> tuple[Node | None, bool]:
        """The picture, and whether it covers the frame without any transparency."""
        if not self.image_url:
            ctx.warn("image_empty", "No picture is named.", key="imageUrl")
            return None, False
        if rect.width <= 0 or rect.height <= 0:
            return None, False
        info = ctx.probe(self.image_url)
        crop, place, focus = self._place(ctx, rect, info.width, info.height)
        if info.format == "svg":
            drawing = ctx.svg(self.image_url, place.width, place.height, ())
            node: Node = Group((Group((drawing,), transform=translation(place.x, place.y)),), clip=frame)
            covers = False
        else:
            pixels = ctx.pixels(self.image_url, crop, place.width, place.height)
            within = place.x >= 0 and place.y >= 0 and place.right <= rect.right and place.bottom <= rect.bottom
            # A picture inside a plain box needs no clip, and is drawn several times as fast without.
            node = Picture(pixels, place, clip=None if within and frame == Box(rect) else frame)
            covers = pixels.opaque and rect.union(place) == place
        ctx.note_image(ImageReport(self.image_url, info.sha256, info.width, info.height, crop, focus))
        if self.image_effect.filters:
            # The frame cuts after the effect: a blurred picture keeps a sharp edge.
            bare = Picture(node.pixels, node.rect) if isinstance(node, Picture) else node
            node = Group((Group((bare,), filters=self.image_effect.filters),), clip=frame)
        return node, covers and not self.image_effect.filters

    def _place(self, ctx: LowerContext, rect: Rect, width: int, height: int) -> tuple[Rect, Rect, str | None]:
        point = (self.focal_point.x, self.focal_point.y)
        match self.image_position:
            case None:
                return (*fit_picture(self.fit, width, height, rect, point), None)
            case "cro" | "crop":
                return (*fit_picture("cover", width, height, rect, point), None)
            case "cov" | "cover":
                return (*fit_picture("cover", width, height, rect, (0.5, 0.5)), None)
            case "contain":
                return (*fit_picture("contain", width, height, rect, point), None)
            case "ai_face":
                focus = ctx.focus(self.image_url, rect.width, rect.height)
                return (*fit_picture("cover", width, height, rect, (focus.x, focus.y)), focus.served)
        aligned = (_ALIGN[self.image_align_h], _ALIGN[self.image_align_v])
        crop, place = fit_picture("contain", width, height, rect, aligned)
        if self.image_align_h == "full":
            place = Rect(rect.x, place.y, rect.width, place.height)
        if self.image_align_v == "full":
            place = Rect(place.x, rect.y, place.width, rect.height)
        return crop, place, None
