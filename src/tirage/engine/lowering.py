"""What a layer may ask for while it lowers itself: text shaped, pictures decoded, drawings turned into paths."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tirage.engine.report import ImageReport, LineReport, TextReport
from tirage.engine.scene import Glyphs, Group, Node, Paint, Path, Pixels, Solid
from tirage.engine.values.font import split_families
from tirage.engine.values.markup import MarkupSpan
from tirage.engine.values.transform import Rect

Align = Literal["start", "end", "left", "center", "right", "justify"]
Fit = Literal["none", "shrink", "grow", "ellipsis"]


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a span looks. `size` and `letter_spacing` are px; `families` are tried in order; `weight` is 1–1000."""

    families: tuple[str, ...]
    size: float
    paint: Paint
    weight: int = 400
    italic: bool = False
    letter_spacing: float = 0.0
    underline: bool = False
    strike: bool = False
    background: Paint | None = None

    def marked(self, span: MarkupSpan) -> TextStyle:
        """The style of a stretch with inline markup within a text of this style."""
        size = self.size if span.font_size is None else max(1.0, span.font_size.resolve(self.size))
        spacing = self.letter_spacing
        return TextStyle(
            families=split_families(span.font_family) if span.font_family else self.families,
            size=size,
            paint=self.paint if span.color is None else Solid(span.color),
            weight=span.font_weight or (max(700, self.weight) if span.bold else self.weight),
            italic=self.italic or span.italic,
            letter_spacing=spacing if span.letter_spacing is None else span.letter_spacing.resolve(size),
            underline=self.underline or span.underline,
            strike=self.strike or span.strike,
            background=None if span.background is None else Solid(span.background),
        )


@dataclass(frozen=True, slots=True)
class TextSpan:
    """A stretch of text in one style. Line feeds are forced breaks."""

    text: str
    style: TextStyle


@dataclass(frozen=True, slots=True)
class TextSpec:
    """A paragraph block to be set into a box of `width` × `height` px.

    `line_height` is a factor of the font size. With `fit` `shrink`, sizes of all spans are scaled down together until
    everything fits or the first span's size reaches `min_size`; `ellipsis` cuts at the last line that fits; `grow` lets
    the box become higher; `none` overflows. `max_lines` limits the lines in every mode. `strut` names the style that
    gives the height of empty lines.
    """

    spans: tuple[TextSpan, ...]
    width: float
    height: float
    strut: TextStyle
    align: Align = "start"
    vertical_align: Literal["top", "middle", "bottom"] = "top"
    line_height: float = 1.2
    fit: Fit = "none"
    min_size: float = 1.0
    max_lines: int | None = None
    direction: Literal["auto", "ltr", "rtl"] = "auto"
    locale: str = "en"


@dataclass(frozen=True, slots=True)
class TextBlock:
    """A set text. Nodes and lines are in px from the top left of the spec's box; `under` (backgrounds, underlines) is
    painted before the glyphs, `over` (strikes) after them.

    `height` is that of the set lines; `ink` what the glyphs cover; `color_fonts` whether a glyph has its own colours.
    """

    glyphs: tuple[Glyphs, ...]
    under: tuple[Path, ...]
    over: tuple[Path, ...]
    lines: tuple[LineReport, ...]
    width: float
    height: float
    ink: Rect | None
    report: TextReport
    color_fonts: bool = False
    warnings: tuple[tuple[str, str], ...] = ()
    """(code, message) pairs, such as `text_overflow`, `text_cut`, `glyph_missing`, `font_missing`."""


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a header tells of a picture: its size in px after orientation, its format, whether it may be transparent."""

    width: int
    height: int
    format: str
    alpha: bool
    sha256: str


@dataclass(frozen=True, slots=True)
class Focus:
    """The point of a picture that a crop must keep, as fractions of width and height, and who found it."""

    x: float
    y: float
    served: str
    """`faces:opencv`, `attention:libvips`, …"""


class LowerContext(Protocol):
    """The engine's services as a layer sees them; all pure."""

    @property
    def scale(self) -> float:
        """Device pixels per px, including the scale of the output; pictures are decoded for it."""

    @property
    def vector(self) -> bool:
        """Whether the output keeps outlines and text."""

    @property
    def locale(self) -> str:
        """The locale of the template, such as `en` or `de-CH`."""

    @property
    def px_mm(self) -> float | None:
        """Millimetres that a px of the page becomes on paper; None where the output names no dots per inch."""

    def text(self, spec: TextSpec) -> TextBlock:
        """Set a text and put it into the layer's report."""

    def label(self, spec: TextSpec) -> TextBlock:
        """Set a small text that is not the layer's own (a tick, a caption): only missing glyphs and fonts are told."""

    def probe(self, source: str) -> ImageInfo:
        """Read a picture's header. Raises ResourceProblem."""

    def pixels(self, source: str, crop: Rect, width: float, height: float) -> Pixels:
        """Decode `crop` (px of the upright source) for a place of `width` × `height` px of the layer's box."""

    def focus(self, source: str, width: float, height: float) -> Focus:
        """Where the faces are, else where attention falls, for a crop of the ratio `width` : `height`."""

    def svg(self, source: str, width: float, height: float, colors: Sequence[tuple[str, str]]) -> Node:
        """An SVG drawing (a source, or the markup itself) fitted into a box, with colours replaced by name."""

    def child(self, layer: Any, width: float, height: float, place: Rect | None = None) -> Group:
        """Lower a child layer of a group of `width` × `height` px, placed in the group's coordinates.

        `place` is the box that the group's layout gives it, in the place of its own.
        """

    def natural(self, layer: Any, width: float | None) -> tuple[float, float] | None:
        """What `layer.natural` says, asked once for each width: groups that hug groups would ask ever more often."""

    def places(
        self, layers: Sequence[Any], width: float, height: float, given: Mapping[str, Rect] | None = None
    ) -> Mapping[str, Rect]:
        """By id, the places of those layers that are tied to siblings or to edges of their parent of that size, px.

        `given` are the places that a layout has given to others of them.
        """

    def baseline(self, layer: Any, width: float, height: float) -> float:
        """How far below the top of its box of that size the first baseline of a layer lies, px."""

    def layers(self) -> Iterator[tuple[Any, float, float]]:
        """Every layer that is drawn, of all pages, with the width and height of the box that it names, px."""

    def note_image(self, image: ImageReport) -> None:
        """Put a drawn picture into the layer's report."""

    def warn(self, code: str, message: str, *, key: str = "") -> None:
        """Add a warning about the layer; `key` names the property."""
