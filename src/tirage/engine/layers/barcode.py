"""A barcode: linear with its number below, stacked, or a matrix."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from tirage.engine.codes.barcode import Barcode, Symbology, barcode
from tirage.engine.codes.modules import outline, runs
from tirage.engine.codes.problems import value_problem, warn_of_colors, warn_of_quiet, warn_of_size, whole_pixels
from tirage.engine.decoration import alpha_shadows
from tirage.engine.label import Label, LabelStyle, label_style, set_label
from tirage.engine.layer import BoxedLayer, Lowered
from tirage.engine.lowering import LowerContext
from tirage.engine.resources import FontRef
from tirage.engine.scene import Node, Outline, Path, Solid
from tirage.engine.values.color import BLACK, WHITE, ColorValue
from tirage.engine.values.font import FontWeight
from tirage.engine.values.outline import rectangle
from tirage.engine.values.transform import Rect


class BarcodeLayer(BoxedLayer):
    """A symbol as large as the layer's box allows; linear ones are as high as the box."""

    main: ClassVar[str | None] = "value"

    type: Literal["barcode"] = "barcode"
    value: Annotated[str, Field(max_length=4000)] = Field(
        "", description="What is encoded; a check digit may be left out."
    )
    symbology: Symbology = Field("code128", description="Which code.")
    quiet_zone: float | None = Field(
        None, ge=0, le=50, description="Empty modules beside it; unset means the standard's."
    )
    color: ColorValue = Field(BLACK, description="Of the bars.")
    background_color: ColorValue = Field(WHITE, description="Fills the box behind the bars.")
    show_text: bool = Field(True, description="Whether a linear code has its value below.")
    text_color: ColorValue | None = Field(None, description="Of the value below; unset means `color`.")
    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field("Inter", description="Of the value below.")
    font_size: float | None = Field(None, ge=1, le=1000, description="Of the value below, px; unset fits the code.")
    font_weight: FontWeight = Field(400, description="Of the value below.")

    def fonts(self) -> Iterator[FontRef]:
        """The face of the value below."""
        if self.show_text:
            yield from self._style(16).fonts()

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Background, bars as one path, the value below, border."""
        edge = self.border_px(width, height)
        nodes: Iterable[Node] = ()
        if self.value:
            inner = Rect(edge, edge, max(0.0, width - 2 * edge), max(0.0, height - 2 * edge))
            code = barcode(self.symbology, self.value)
            warn_of_colors(ctx, self.color, self.background_color)
            warn_of_quiet(ctx, self.quiet_zone, max(code.quiet))
            nodes = self._matrix(ctx, code, inner) if code.matrix else self._linear(ctx, code, inner)
        else:
            ctx.warn("code_empty", "There is no value, so no code is drawn.", key="value")
        return Lowered(alpha_shadows(self.framed(nodes, width, height), self.shadow))

    def _matrix(self, ctx: LowerContext, code: Barcode, inner: Rect) -> Iterator[Node]:
        quiet = code.quiet[0] if self.quiet_zone is None else self.quiet_zone
        columns, rows = code.modules.width + 2 * quiet, code.modules.height * code.row_height + 2 * quiet
        cell = self._cell(ctx, min(inner.width / columns, inner.height / rows), bars=False)
        wide, tall = cell * code.modules.width, cell * code.modules.height * code.row_height
        x, y = _snapped(ctx, inner.x + (inner.width - wide) / 2), _snapped(ctx, inner.y + (inner.height - tall) / 2)
        yield Path(Outline(outline(code.modules, x, y, cell, cell * code.row_height, "square")), fill=Solid(self.color))

    def _linear(self, ctx: LowerContext, code: Barcode, inner: Rect) -> Iterator[Node]:
        left, right = code.quiet if self.quiet_zone is None else (self.quiet_zone, self.quiet_zone)
        cell = self._cell(ctx, inner.width / (code.modules.width + left + right), bars=True)
        wide = cell * code.modules.width
        x = _snapped(ctx, inner.x + (inner.width - wide - (left + right) * cell) / 2 + left * cell)
        top, bottom = inner.y + (0 if left == 0 else cell), inner.bottom - (0 if left == 0 else cell)
        labels = self._labels(ctx, code, cell, x, wide) if self.show_text else []
        below = max((label.height for label, _ in labels), default=0.0)
        end = bottom - below
        if end - top < cell * 5:
            raise value_problem(f"The box has no room for the bars of a {code.name}.", "Make the layer higher.")
        # Guard bars of retail codes reach down to the middle of the digits.
        bars = [
            command
            for first, last in runs(code.modules.rows[0])
            for command in rectangle(
                x + first * cell,
                top,
                x + last * cell,
                end + (below / 2 if labels and any(a <= first and last <= b for a, b in code.guards) else 0),
            )
        ]
        yield Path(Outline(tuple(bars)), fill=Solid(self.color))
        for label, start in labels:
            yield label.at(start, end)

    def _labels(
        self, ctx: LowerContext, code: Barcode, cell: float, x: float, wide: float
    ) -> list[tuple[Label, float]]:
        """The value below, in groups under their bars where the standard wants them there; each with its left edge."""
        if code.digits:
            size = self.font_size or max(1.0, cell * 9.5)
            found = []
            for text, start, end in code.digits:
                label = set_label(ctx, text, self._style(size))
                found.append((label, x + (start + end) / 2 * cell - label.width / 2))
            return found
        size = self.font_size or min(max(11.0, cell * 9), 28.0)
        label = set_label(ctx, code.text, self._style(size), width=max(wide, 1.0))
        if label.cut and self.font_size is None:
            whole = set_label(ctx, code.text, self._style(size)).width
            label = set_label(ctx, code.text, self._style(max(1.0, size * wide / whole * 0.98)))
        return [(label, x + (wide - label.width) / 2)]

    def _style(self, size: float) -> LabelStyle:
        return label_style(self.font_family, self.font_weight, self.text_color or self.color, size)

    def _cell(self, ctx: LowerContext, cell: float, *, bars: bool) -> float:
        """A module's width, and a warning where it is small. Raises ResourceProblem where there is no room."""
        if cell <= 0:
            raise value_problem("The box has no room for a code.", "Enlarge the layer.")
        cell = whole_pixels(cell, ctx, bars=bars)
        warn_of_size(ctx, cell)
        return cell


def _snapped(ctx: LowerContext, position: float) -> float:
    return position if ctx.vector else round(position * ctx.scale) / ctx.scale
