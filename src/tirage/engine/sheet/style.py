"""How a table is drawn: the properties of its texts, rows and rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from tirage.engine.label import LabelStyle, label_style
from tirage.engine.layer import Model
from tirage.engine.resources import FontRef
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.font import FontWeight
from tirage.engine.values.length import Length
from tirage.engine.values.sides import FourLengths

_PADDING = (Length(8), Length(12), Length(8), Length(12))


class SheetStyle(Model):
    """The looks of header, rows and footer."""

    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        "Inter", description="Families, best first."
    )
    font_size: float = Field(16, ge=1, le=500, description="px.")
    font_weight: FontWeight = Field(400, description="1 to 1000, or normal and bold.")
    color: ColorValue = Field(Color(0.12, 0.13, 0.15), description="Of the texts.")
    line_height: float = Field(1.3, ge=0.5, le=5, description="Of cells with several lines, a factor of the size.")
    cell_padding: FourLengths = Field(_PADDING, description="Within cells; percent of the table's width.")
    max_lines: int | None = Field(None, ge=1, le=100, description="Of a cell; what is beyond ends with an ellipsis.")
    min_row_height: float = Field(0, ge=0, le=5_000, description="px; rows grow with their content.")
    vertical_align: Literal["top", "middle", "bottom"] = Field("middle", description="Of texts in their cells.")
    header_color: ColorValue | None = Field(None, description="Of the header's texts; unset means that of the others.")
    header_background: ColorValue | None = Field(None, description="Of the header.")
    header_weight: FontWeight = Field(700, description="Of the header's texts.")
    zebra_color: ColorValue | None = Field(None, description="Of every second row.")
    footer_rows: int = Field(0, ge=0, le=100, description="So many of the last rows are a footer, such as a total.")
    footer_color: ColorValue | None = Field(None, description="Of the footer's texts.")
    footer_background: ColorValue | None = Field(None, description="Of the footer.")
    footer_weight: FontWeight = Field(700, description="Of the footer's texts.")
    rules: Literal["none", "header", "rows", "columns", "all"] = Field(
        "rows", description="Lines: below the header and above the footer, between rows, between columns, or all."
    )
    rule_color: ColorValue = Field(Color(0.85, 0.86, 0.88), description="Of the lines.")
    rule_width: float = Field(1, ge=0, le=100, description="px.")
    header_rule_width: float | None = Field(
        None, ge=0, le=100, description="Below the header and above the footer, px; unset means as the others."
    )
    header_rule_color: ColorValue | None = Field(None, description="The same for their colour.")

    def texts(self, weight: int | None = None) -> LabelStyle:
        """How a cell is written."""
        return label_style(self.font_family, weight or self.font_weight, self.color, self.font_size)

    def faces(self, weights: set[int]) -> Iterator[FontRef]:
        """The faces of cells, header, footer, and of cells with weights of their own."""
        for weight in sorted({self.font_weight, self.header_weight, self.footer_weight, *weights}):
            yield from self.texts(weight).fonts()
