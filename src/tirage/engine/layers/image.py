"""A picture in a frame: fitted, cropped at a point or a face, filtered, clipped, bordered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.clip import Clip
from tirage.engine.decoration import alpha_shadows, fit_picture, inset_shadows, shape_shadows
from tirage.engine.findings import picture_findings
from tirage.engine.layer import BoxedLayer, Lowered, Model, Name, Url
from tirage.engine.lowering import ImageInfo, LowerContext
from tirage.engine.report import ImageReport, LayerReport, Warning_
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Box, Group, Node, Picture, Shape
from tirage.engine.values.filter import NO_FILTERS, FilterValue
from tirage.engine.values.sides import corner_radii
from tirage.engine.values.transform import Rect, translation
from tirage.engine.wishes import MAX_PICTURES, form_of, picture_source

Fraction = Annotated[float, Field(ge=0, le=1)]
_ALIGN = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0, "full": 0.5}


class Point(Model):
    """A point of a picture as fractions of its width and height."""

    x: Fraction = Field(0.5, description="0 is the left edge, 1 the right.")
    y: Fraction = Field(0.5, description="0 is the top edge, 1 the bottom.")


class ReferenceImage(Model):
    """A picture that a made one begins with, and what the prompt calls it."""

    name: Name = Field(description="What the prompt calls it.")
    url: Url = Field(description="A path, an http(s) or a data: URL.")


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
    prompt: Annotated[str, Field(max_length=32_000)] = Field("", description="Words from which a picture is made.")
    source_image: Url = Field("", description="What the made picture begins with.")
    reference_images: tuple[ReferenceImage, ...] = Field(
        (), max_length=MAX_PICTURES, description="Named pictures for the prompt; six at most with the source."
    )
    remove_background: bool = Field(False, description="Whether the picture's subject is cut out.")

    @property
    def shown(self) -> str:
        """The source of what is drawn. Raises ResourceProblem `pictures_too_many`."""
        if not self.prompt and not self.remove_background:
            return self.image_url
        px = [0.0 if side.percent else side.value for side in (self.width, self.height)]
        named = [(each.name, each.url) for each in self.reference_images]
        return picture_source(
            self.image_url, self.prompt, self.source_image, named, form_of(*px), cut_out=self.remove_background
        )

    def images(self) -> Iterator[ImageRef]:
        """The one picture."""
        if source := self.shown:
            yield ImageRef(source)

    def intrinsic(self, ctx: LowerContext) -> tuple[float, float] | None:
        """The picture's own size."""
        info = ctx.probe(self.shown) if self.shown else None
        return None if info is None else (info.width, info.height)

    def findings(self, report: LayerReport, scale: float, probe: Callable[[str], ImageInfo]) -> Iterator[Warning_]:
        """Few pixels, or a form far from the frame's."""
        return picture_findings(report, scale, probe, natural=self.image_position is None and self.fit == "none")

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
        return self.clip.figure(rect)

    def _picture(self, ctx: LowerContext, rect: Rect, frame: Shape) -> tuple[Node | None, bool]:
        """The picture, and whether it covers the frame without any transparency."""
        source = self.shown
        if not source:
            ctx.warn("image_empty", "No picture is named.", key="imageUrl")
            return None, False
        if rect.width <= 0 or rect.height <= 0:
            return None, False
        info = ctx.probe(source)
        crop, place, focus = self._place(ctx, source, rect, info.width, info.height)
        if info.format == "svg":
            drawing = ctx.svg(source, place.width, place.height, ())
            node: Node = Group((Group((drawing,), transform=translation(place.x, place.y)),), clip=frame)
            covers = False
        else:
            pixels = ctx.pixels(source, crop, place.width, place.height)
            within = place.x >= 0 and place.y >= 0 and place.right <= rect.right and place.bottom <= rect.bottom
            # A picture inside a plain box needs no clip, and is drawn several times as fast without.
            node = Picture(pixels, place, clip=None if within and frame == Box(rect) else frame)
            covers = pixels.opaque and rect.union(place) == place
        ctx.note_image(ImageReport(source, info.sha256, info.width, info.height, crop, place, focus))
        if self.image_effect.filters:
            # The frame cuts after the effect: a blurred picture keeps a sharp edge.
            bare = Picture(node.pixels, node.rect) if isinstance(node, Picture) else node
            node = Group((Group((bare,), filters=self.image_effect.filters),), clip=frame)
        return node, covers and not self.image_effect.filters

    def _place(
        self, ctx: LowerContext, source: str, rect: Rect, width: int, height: int
    ) -> tuple[Rect, Rect, str | None]:
        point = (self.focal_point.x, self.focal_point.y)
        match self.image_position:
            case None | "contain":
                return (*fit_picture(self.image_position or self.fit, width, height, rect, point), None)
            case "cro" | "crop" | "cov" | "cover":
                kept = point if self.image_position in ("cro", "crop") else (0.5, 0.5)
                return (*fit_picture("cover", width, height, rect, kept), None)
            case "ai_face":
                focus = ctx.focus(source, rect.width, rect.height)
                return (*fit_picture("cover", width, height, rect, (focus.x, focus.y)), focus.served)
        aligned = (_ALIGN[self.image_align_h], _ALIGN[self.image_align_v])
        crop, place = fit_picture("contain", width, height, rect, aligned)
        place = Rect(rect.x, place.y, rect.width, place.height) if self.image_align_h == "full" else place
        place = Rect(place.x, rect.y, place.width, rect.height) if self.image_align_v == "full" else place
        return crop, place, None
