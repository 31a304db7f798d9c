"""The display list: what every layer lowers itself to, and the only things that the painter knows.

Four primitives (Group, Path, Picture, Glyphs), the shapes and paints they are made of, and two opaque handles:
Pixels, a decoded or flattened picture, and Typeface, a loaded font. All coordinates are px of the enclosing group.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from tirage.engine.values.color import Color
from tirage.engine.values.fill import Stop
from tirage.engine.values.filter import Filter
from tirage.engine.values.outline import Command
from tirage.engine.values.transform import IDENTITY, Affine, Rect

BlendMode = Literal[
    "normal", "multiply", "screen", "overlay", "darken", "lighten", "color-dodge", "color-burn", "hard-light",
    "soft-light", "difference", "exclusion", "hue", "saturation", "color", "luminosity", "plus-lighter", "plus-darker",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pixels:
    """A picture in memory. `handle` belongs to the painter's library; `key` names the content, for caches and print."""

    handle: Any
    width: int
    height: int
    key: str
    opaque: bool = False
    memory: Any = field(default=None, repr=False, compare=False)
    """What the handle's pixels lie in, where the handle itself does not keep it."""


@dataclass(frozen=True, slots=True)
class Typeface:
    """A loaded font. `handle` belongs to the painter's library; `key` is the SHA-256 of the font file."""

    handle: Any
    key: str
    family: str
    weight: int
    italic: bool
    color: bool = False
    """Whether its glyphs bring their own colours (COLR, CBDT), so that the paint's colour does not apply."""


# Shapes


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle with elliptical corners; `radii` are (rx, ry) clockwise from the top left, or empty for none."""

    rect: Rect
    radii: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Ellipse:
    """The ellipse inscribed in a rectangle."""

    rect: Rect


@dataclass(frozen=True, slots=True)
class Outline:
    """Any path."""

    commands: tuple[Command, ...]
    even_odd: bool = False


Shape = Box | Ellipse | Outline


# Paints


@dataclass(frozen=True, slots=True)
class Solid:
    """One colour."""

    color: Color


@dataclass(frozen=True, slots=True)
class LinearGradient:
    """Colours along the line from `start` to `end`."""

    start: tuple[float, float]
    end: tuple[float, float]
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class RadialGradient:
    """Colours from `center` out to the ellipse with the two `radii`."""

    center: tuple[float, float]
    radii: tuple[float, float]
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class ConicGradient:
    """Colours clockwise around `center`, from `angle` degrees (0 = up)."""

    center: tuple[float, float]
    angle: float
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """A picture laid over `rect`, repeated beyond it where `repeat` is set, else transparent there."""

    pixels: Pixels
    rect: Rect
    repeat: bool = False


Paint = Solid | LinearGradient | RadialGradient | ConicGradient | Pattern


@dataclass(frozen=True, slots=True)
class Stroke:
    """How an outline is drawn; lengths in px."""

    paint: Paint
    width: float
    cap: Literal["butt", "round", "square"] = "butt"
    join: Literal["miter", "round", "bevel"] = "miter"
    miter_limit: float = 4.0
    dash: tuple[float, ...] = ()
    dash_offset: float = 0.0
    alignment: Literal["center", "inside", "outside"] = "center"


# The four primitives


@dataclass(frozen=True, slots=True)
class Path:
    """A shape, filled and then stroked. `blur` is the standard deviation of a blur of its edge, for shadows."""

    shape: Shape
    fill: Paint | None = None
    stroke: Stroke | None = None
    blur: float = 0.0


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture drawn into `rect`, cut to `clip` where given."""

    pixels: Pixels
    rect: Rect
    clip: Shape | None = None


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Glyphs of one font at exact positions (their origins on the baseline).

    `size` is px per em; `positions` has one (x, y) a glyph. `clusters` gives for each glyph the offset into `text`, in
    code points, for formats whose text can be selected. `skew` (tangent) and `embolden` synthesise what a font lacks.
    """

    typeface: Typeface
    size: float
    glyphs: tuple[int, ...]
    positions: tuple[tuple[float, float], ...]
    paint: Paint
    text: str = ""
    clusters: tuple[int, ...] = ()
    stroke: Stroke | None = None
    blur: float = 0.0
    skew: float = 0.0
    embolden: bool = False


@dataclass(frozen=True, slots=True)
class Mask:
    """What a group shows: where `content` is opaque (`alpha`) or bright (`luminance`)."""

    content: Node
    mode: Literal["alpha", "luminance"] = "alpha"


@dataclass(frozen=True, slots=True)
class Group:
    """Children in painting order under one transform; with any effect they are composited as one picture.

    `filters` apply to that picture, first one first, then `clip`, `mask`, `opacity` and `blend` as in CSS Compositing.
    """

    children: tuple[Node, ...]
    transform: Affine = IDENTITY
    opacity: float = 1.0
    blend: BlendMode = "normal"
    clip: Shape | None = None
    mask: Mask | None = None
    filters: tuple[Filter, ...] = ()
    label: str = ""
    """The layer's name where the group stands for a layer, for the printed scene and for SVG ids."""
    href: str = ""
    """A link that vector documents put over the group's bounds."""


Node = Group | Path | Picture | Glyphs


@dataclass(frozen=True, slots=True)
class ScenePage:
    """One page: its size in px and what is on it."""

    name: str
    width: int
    height: int
    root: Group
    links: tuple[tuple[Rect, str], ...] = ()
    """Areas of the page (in px) and the URLs they lead to, for formats that have links."""


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that is painted, page by page.

    Where there are `seconds`, the pages are frames of one page, each shown for so long.
    """

    pages: tuple[ScenePage, ...]
    seconds: tuple[float, ...] = ()
