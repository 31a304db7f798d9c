"""How a countdown is drawn: the properties of its digits, labels, separators and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from tirage.engine.label import LabelStyle, label_style
from tirage.engine.layer import Model
from tirage.engine.resources import FontRef, ImageRef
from tirage.engine.timing.remaining import Unit
from tirage.engine.values.color import BLACK, Color, ColorValue
from tirage.engine.values.fill import Fill, FillValue, ImageFill
from tirage.engine.values.font import FontWeight
from tirage.engine.values.shadow import ShadowList
from tirage.engine.values.sides import NONE, FourLengths

Ratio = Annotated[float, Field(ge=0, le=5)]


class UnitStyle(Model):
    """What is different for one unit."""

    color: ColorValue | None = Field(None, description="Of its digits.")
    label_color: ColorValue | None = Field(None, description="Of its label.")
    box_fill: FillValue | None = Field(None, description="Of its boxes.")


class PanelStyle(Model):
    """The looks of a row of units; lengths in em are of the digits."""

    font_family: Annotated[str, Field(min_length=1, max_length=500)] = Field("Inter", description="Of the digits.")
    font_size: float | None = Field(None, ge=1, le=1000, description="Of the digits, px; unset fits the box.")
    font_weight: FontWeight = Field(700, description="Of the digits: 1 to 1000, or normal and bold.")
    color: ColorValue = Field(BLACK, description="Of the digits.")
    min_digits: int = Field(2, ge=1, le=4, description="Shorter numbers begin with zeros.")
    numerals: Literal["latin", "locale"] = Field("latin", description="Digits 0 to 9, or those of the locale.")
    separator: Annotated[str, Field(max_length=5)] = Field("", description="Between two units, such as a colon.")
    separator_color: ColorValue | None = Field(None, description="Unset means that of the digits.")
    gap: float = Field(0.3, ge=0, le=5, description="Between units and beside separators, in em of the digits.")
    label_position: Literal["below", "above", "inside", "after", "none"] = Field(
        "below", description="Where labels stand; inside is in the unit's box, below the digits."
    )
    labels: tuple[Annotated[str, Field(max_length=50)], ...] = Field(
        (), max_length=4, description="In the order of the units; unset means the names of the locale."
    )
    label_width: Literal["long", "short", "narrow"] = Field("long", description="Of names of the locale: days, d …")
    label_case: Literal["none", "upper", "title"] = Field("none", description="How names of the locale are written.")
    label_family: Annotated[str, Field(max_length=500)] = Field("", description="Empty means that of the digits.")
    label_weight: FontWeight = Field(500, description="Of the labels.")
    label_color: ColorValue | None = Field(None, description="Unset means that of the digits.")
    label_size: float = Field(0.26, gt=0.05, le=3, description="In em of the digits.")
    label_gap: float = Field(0.18, ge=0, le=3, description="Between digits or box and label, in em of the digits.")
    boxes: Literal["none", "unit", "digit"] = Field("none", description="What stands in a box.")
    box_fill: FillValue | None = Field(None, description="A colour, a gradient or a picture.")
    box_padding: tuple[Ratio, Ratio] = Field((0.25, 0.25), description="Across and down, in em of the digits.")
    box_radius: FourLengths = Field(NONE, description="One radius, or four clockwise from the top left.")
    box_border_width: float = Field(0, ge=0, le=100, description="px.")
    box_border_color: ColorValue = Field(BLACK, description="Of the boxes' borders.")
    box_shadow: ShadowList = Field((), description="Of the boxes.")
    split_color: ColorValue | None = Field(None, description="Of a line across each box, as on a flip clock.")
    unit_styles: dict[Unit, UnitStyle] = Field(default_factory=dict, description="What is different for a unit.")

    def digits(self, size: float = 16) -> LabelStyle:
        """How digits are written."""
        return label_style(self.font_family, self.font_weight, self.color, size)

    def labelling(self) -> LabelStyle:
        """How labels are written."""
        return label_style(self.label_family or self.font_family, self.label_weight)

    def color_of(self, unit: Unit) -> Color:
        """The colour of a unit's digits."""
        return (self.unit_styles[unit].color if unit in self.unit_styles else None) or self.color

    def label_color_of(self, unit: Unit) -> Color:
        """The colour of its label."""
        own = self.unit_styles[unit].label_color if unit in self.unit_styles else None
        return own or self.label_color or self.color_of(unit)

    def fill_of(self, unit: Unit) -> Fill | None:
        """What its boxes are filled with."""
        return (self.unit_styles[unit].box_fill if unit in self.unit_styles else None) or self.box_fill

    def fonts(self) -> Iterator[FontRef]:
        """The faces of digits and labels."""
        yield from self.digits().fonts()
        yield from self.labelling().fonts()

    def images(self) -> Iterator[ImageRef]:
        """The pictures that boxes are filled with."""
        for fill in (self.box_fill, *(each.box_fill for each in self.unit_styles.values())):
            if isinstance(fill, ImageFill):
                yield ImageRef(fill.image_url)
