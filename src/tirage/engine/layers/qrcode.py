"""A QR code or Micro QR code, with modules and eyes of its own shape and a logo in its middle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.codes.modules import ModuleShape, outline
from tirage.engine.codes.problems import value_problem, warn_of_colors, warn_of_quiet, warn_of_size, whole_pixels
from tirage.engine.codes.qr import RECOVERS, ErrorCorrection, QrCode, qr_code
from tirage.engine.decoration import alpha_shadows, paint_for
from tirage.engine.layer import BoxedLayer, Lowered, Url
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import ImageRef
from tirage.engine.scene import Group, Node, Outline, Path, Picture, Solid
from tirage.engine.values.color import BLACK, WHITE, ColorValue
from tirage.engine.values.fill import FillValue, ImageFill
from tirage.engine.values.outline import Command, rectangle, reverse
from tirage.engine.values.transform import Rect, translation

EyeShape = Literal["square", "rounded", "circle"]
_ROUND = {"square": 0.0, "rounded": 0.3, "circle": 0.5}
_SAFE = 0.5
"""Of what a level recovers, the share that a logo may hide: the rest is for dirt and bad light."""


class QrCodeLayer(BoxedLayer):
    """A square symbol in the middle of the layer's box."""

    main: ClassVar[str | None] = "value"

    type: Literal["qrcode"] = "qrcode"
    value: Annotated[str, Field(max_length=4296)] = Field("", description="What is encoded: a URL, a text.")
    error_correction: ErrorCorrection = Field("M", description="How much may be lost: L 7 %, M 15 %, Q 25 %, H 30 %.")
    micro: bool = Field(False, description="A Micro QR code, for a few characters.")
    quiet_zone: float | None = Field(None, ge=0, le=20, description="Empty modules around; unset means the standard's.")
    module_shape: ModuleShape = Field("square", description="How dark modules are drawn.")
    eye_frame: EyeShape = Field("square", description="The rings in three corners.")
    eye_ball: EyeShape = Field("square", description="What is inside the rings.")
    color: FillValue = Field(BLACK, description="A colour, or a gradient over the symbol.")
    eye_color: ColorValue | None = Field(None, description="Of rings and what is inside; unset means `color`.")
    background_color: ColorValue = Field(WHITE, description="Fills the box behind the symbol.")
    image_url: Url = Field("", description="A logo in the middle.")
    logo_size: float = Field(0.22, ge=0.05, le=0.4, description="The logo's side as a fraction of the symbol's.")
    logo_padding: float = Field(0.5, ge=0, le=5, description="Empty modules around the logo.")

    def images(self) -> Iterator[ImageRef]:
        """The logo, and the pictures of an image fill."""
        if self.image_url:
            yield ImageRef(self.image_url)
        if isinstance(self.color, ImageFill):
            yield ImageRef(self.color.image_url)

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Background, modules and eyes as one path (two where eyes have a colour), logo, border."""
        if not self.value:
            ctx.warn("code_empty", "There is no value, so no code is drawn.", key="value")
        symbol = self._symbol(ctx, width, height) if self.value else ()
        return Lowered(alpha_shadows(self.framed(symbol, width, height), self.shadow))

    def _symbol(self, ctx: LowerContext, width: float, height: float) -> Iterator[Node]:
        level = "H" if self.image_url and not self.micro else self.error_correction
        code = qr_code(self.value, level, micro=self.micro)
        count = code.modules.width
        quiet = code.quiet if self.quiet_zone is None else self.quiet_zone
        inside = min(width, height) - 2 * self.border_px(width, height)
        cell = whole_pixels(inside / (count + 2 * quiet), ctx)
        if cell <= 0:
            raise value_problem("The box has no room for a code.", "Enlarge the layer.")
        warn_of_size(ctx, cell)
        warn_of_quiet(ctx, self.quiet_zone, code.quiet)
        warn_of_colors(ctx, self.color, self.background_color)
        side = cell * count
        x, y = (round((extent - side) / 2 * ctx.scale) / ctx.scale for extent in (width, height))
        place = Rect(x, y, side, side)
        body = code.body
        if self.image_url:
            body = body.without([self._knock_out(ctx, code)])
        modules = outline(body, x, y, cell, cell, self.module_shape)
        eyes = tuple(command for eye in code.eyes for command in self._eye(x + eye[0] * cell, y + eye[1] * cell, cell))
        paint = paint_for(self.color, place, ctx)
        if self.eye_color is None:
            yield Path(Outline(modules + eyes), fill=paint)
        else:
            yield Path(Outline(modules), fill=paint)
            yield Path(Outline(eyes), fill=Solid(self.eye_color))
        if self.image_url:
            yield self._logo(ctx, place)

    def _eye(self, x: float, y: float, cell: float) -> tuple[Command, ...]:
        outer, ball = _ROUND[self.eye_frame], _ROUND[self.eye_ball]
        hole = rectangle(x + cell, y + cell, x + 6 * cell, y + 6 * cell, max(0.0, outer * 7 - 1) * cell if outer else 0)
        return (
            *rectangle(x, y, x + 7 * cell, y + 7 * cell, outer * 7 * cell),
            *reverse(hole),
            *rectangle(x + 2 * cell, y + 2 * cell, x + 5 * cell, y + 5 * cell, ball * 3 * cell),
        )

    def _knock_out(self, ctx: LowerContext, code: QrCode) -> tuple[float, float, float, float]:
        """The area of modules that the logo takes; too large a one is told."""
        count = code.modules.width
        half = count * self.logo_size / 2 + self.logo_padding
        hidden = (2 * half) ** 2 / (count * count)
        if hidden > RECOVERS[code.level] * _SAFE:
            ctx.warn(
                "code_logo_large",
                f"The logo hides {hidden:.0%} of the code; scanners may fail above {RECOVERS[code.level] * _SAFE:.0%}.",
                key="logoSize",
            )
        return (count / 2 - half, count / 2 - half, count / 2 + half, count / 2 + half)

    def _logo(self, ctx: LowerContext, place: Rect) -> Node:
        info = ctx.probe(self.image_url)
        side = place.width * self.logo_size
        zoom = side / max(info.width, info.height)
        wide, tall = info.width * zoom, info.height * zoom
        where = Rect(place.x + (place.width - wide) / 2, place.y + (place.height - tall) / 2, wide, tall)
        if info.format == "svg":
            drawing = ctx.svg(self.image_url, wide, tall, ())
            return Group((drawing,), transform=translation(where.x, where.y))
        return Picture(ctx.pixels(self.image_url, Rect(0, 0, info.width, info.height), wide, tall), where)
