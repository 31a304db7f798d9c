"""The base of every layer type: box, rotation, opacity, blending, shadow, visibility, and what a type must tell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, TypeAdapter
from pydantic_core import PydanticCustomError

from tirage.engine.decoration import border
from tirage.engine.lowering import ImageInfo, LowerContext
from tirage.engine.model import Model as Model
from tirage.engine.placing import Anchors, Pins
from tirage.engine.report import LayerReport, Warning_
from tirage.engine.resources import FontRef, ImageRef
from tirage.engine.scene import BlendMode, Box, Node, Path, Shape, Solid
from tirage.engine.values.color import Color, ColorValue
from tirage.engine.values.length import Length, LengthValue, PositiveLengthValue
from tirage.engine.values.shadow import ShadowList
from tirage.engine.values.sides import NONE, FourLengths, corner_radii
from tirage.engine.values.transform import Rect

MAX_TEXT = 100_000
MAX_URL = 15_000_000
"""A `data:` URL may carry a picture of about 10 MB."""

LINK_SCHEMES = ("http://", "https://", "mailto:", "tel:")


def _link(value: str) -> str:
    if value and not value.lower().startswith(LINK_SCHEMES):
        raise PydanticCustomError("link_invalid", "a link begins with http://, https://, mailto: or tel:")
    return value


def _moment(value: str) -> str:
    try:
        if value.strip():
            datetime.fromisoformat(value.strip())
    except ValueError:
        raise PydanticCustomError(
            "moment_invalid", "a moment is written as 2026-12-24, 2026-12-24T18:00 or 2026-12-24T18:00+01:00"
        ) from None
    return value.strip()


def _printable(value: str) -> str:
    if any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise PydanticCustomError("name_invalid", "a name has no control characters")
    return value


SizeMode = Literal["fixed", "hug", "fill"]
Name = Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_printable)]
Identifier = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Url = Annotated[str, Field(max_length=MAX_URL)]
Locale = Annotated[str, Field(max_length=35, pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*$")]
Moment = Annotated[str, Field(max_length=40), AfterValidator(_moment)]
Link = Annotated[str, Field(max_length=2048), AfterValidator(_link)]


@dataclass(frozen=True, slots=True)
class Lowered:
    """What a layer became, in px from the top left of its box.

    `box` is the box it took where content changed it (text that grows), `ink` what it really covers.
    """

    nodes: tuple[Node, ...]
    box: Rect | None = None
    ink: Rect | None = None


class Layer(Model):
    """What all layers have in common.

    `x` and `width` take percentages of the parent's width, `y` and `height` of its height.
    """

    main: ClassVar[str | None] = None
    """The JSON name of the property that a column named like the layer sets."""
    synonyms: ClassVar[dict[str, str]] = {}
    """Names of the wire contract that mean a property of this type, such as `backgroundColor` for a shape's fill."""

    id: Identifier = Field(description="Stays the same when the name changes.")
    name: Name = Field(description="Unique in the template; what rows and requests call the layer.")
    type: str
    x: LengthValue = Field(Length(0), description="Left edge in the parent.")
    y: LengthValue = Field(Length(0), description="Top edge in the parent.")
    width: PositiveLengthValue = Field(Length(100, True), description="Width of the box.")
    height: PositiveLengthValue = Field(Length(100, True), description="Height of the box.")
    width_mode: SizeMode = Field("fixed", description="hug follows the content, fill takes the room left.")
    height_mode: SizeMode = Field("fixed", description="The same for the height.")
    min_width: PositiveLengthValue | None = Field(None, description="The least width, whatever the mode says.")
    max_width: PositiveLengthValue | None = Field(None, description="The most width.")
    min_height: PositiveLengthValue | None = Field(None, description="The least height.")
    max_height: PositiveLengthValue | None = Field(None, description="The most height.")
    grow: float = Field(1, gt=0, le=1000, description="Its share of the room left, where it fills with others.")
    anchor: Anchors | None = Field(None, description="Edges that are tied to those of siblings or of what is around.")
    pin: Pins | None = Field(None, description="Distances from the edges of the group or page.")
    rotation: float = Field(0, ge=-36_000, le=36_000, description="Degrees clockwise about the centre of the box.")
    opacity: float = Field(1, ge=0, le=1, description="0 is invisible, 1 opaque.")
    visible: bool = Field(True, description="Whether the layer is drawn.")
    locked: bool = Field(False, description="Protected in the editor; no meaning for rendering.")
    blend_mode: BlendMode = Field("normal", description="How it mixes with what lies below (CSS).")
    shadow: ShadowList = Field((), description="Shadows that follow what the layer shows, first one on top.")
    blur: float = Field(0, ge=0, le=500, description="Standard deviation of a Gaussian blur of the layer, px.")
    flip: Literal["none", "horizontal", "vertical", "both"] = Field("none", description="Mirrored within its box.")
    link: Link = Field("", description="Where the layer leads to in PDF and SVG documents.")
    dynamic: tuple[str, ...] = Field(
        (),
        max_length=100,
        description="Which properties rows are meant to change: documentation for people and forms, not a lock.",
    )

    def lower(self, ctx: LowerContext, width: float, height: float) -> Lowered:
        """Turn the layer, with a box of `width` × `height` px, into primitives. Raises ResourceProblem."""
        raise TypeError(f"{type(self).__name__} does not say how it is drawn")

    def natural(self, ctx: LowerContext, width: float | None) -> tuple[float, float] | None:
        """The size that the content asks for, px, at most `width` wide; None where the box says it."""
        own = self.intrinsic(ctx)
        return own if own is None or width is None else (width, width * own[1] / own[0])

    def intrinsic(self, ctx: LowerContext) -> tuple[float, float] | None:
        """The size in px of a content that keeps its ratio (CSS Images 3, 5); None where it has none."""
        return None

    @property
    def placed(self) -> bool:
        """Whether its place is tied to others' or to edges, so that no layout of a group moves it."""
        return self.anchor is not None or self.pin is not None

    def within_width(self, wide: float, room: float) -> float:
        """A width within the layer's bounds; percentages are of `room`. The least wins, as in CSS."""
        return _within(wide, self.min_width, self.max_width, room)

    def within_height(self, tall: float, room: float) -> float:
        """The same for a height."""
        return _within(tall, self.min_height, self.max_height, room)

    def images(self) -> Iterator[ImageRef]:
        """The pictures that it needs."""
        yield from ()

    def fonts(self) -> Iterator[FontRef]:
        """The font faces that it asks for."""
        yield from ()

    def borrows(self) -> bool:
        """Whether it shows what another layer holds, so that a row that changes the other one changes it."""
        return False

    def nested(self) -> tuple[Any, ...]:
        """Its child layers."""
        return ()

    def with_nested(self, each: Callable[[Any], Any]) -> Self:
        """The layer with what `each` makes of its child layers in their places."""
        return self

    def ground(self) -> Color | None:
        """The one colour of its whole box, letters aside; None where something else is there or may be."""
        return None

    def letters(self) -> tuple[Color, ...]:
        """The colours of letters that people must be able to read against what lies beneath the layer."""
        return ()

    def findings(self, report: LayerReport, scale: float, probe: Callable[[str], ImageInfo]) -> Iterator[Warning_]:
        """What a check has to say of the layer as it was laid out; `scale` is device pixels per px."""
        yield from ()


def _within(size: float, least: Length | None, most: Length | None, room: float) -> float:
    if most is not None:
        size = min(size, most.resolve(room))
    return size if least is None else max(size, least.resolve(room))


@dataclass(frozen=True)
class Property:
    """A property of a layer type: its attribute, and an adapter that reads values as rows write them."""

    attribute: str
    annotation: Any
    is_text: bool
    is_number: bool = False
    is_boolean: bool = False

    @cached_property
    def adapter(self) -> TypeAdapter[Any]:
        """Made when it is first asked for: one takes half a millisecond, and rows set few of a type's properties."""
        return TypeAdapter(self.annotation)


@cache
def properties_of(kind: type[Model]) -> dict[str, Property]:
    """The properties of a layer type by their JSON names."""
    found = {}
    for attribute, info in kind.model_fields.items():
        # The annotation with the field's own bounds, so that a single value can be checked without its model.
        annotation: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
        is_number = info.annotation in (int, float) or info.annotation == int | None
        found[info.alias or attribute] = Property(
            attribute, annotation, _is_text(info.annotation), is_number, info.annotation is bool
        )
    return found


def _is_text(annotation: Any) -> bool:
    return annotation is str or getattr(annotation, "__origin__", None) is str


class GroundedLayer(Layer):
    """A layer whose box can have a background."""

    background_color: ColorValue = Field(Color(0, 0, 0, 0), description="Fills the box behind the content.")

    def grounded(self, content: Iterable[Node], frame: Shape) -> tuple[Node, ...]:
        """The content over the box's background."""
        if self.background_color.alpha > 0:
            return (Path(frame, fill=Solid(self.background_color)), *content)
        return tuple(content)


class BoxedLayer(GroundedLayer):
    """A layer whose box can have a background, a border and rounded corners."""

    border_color: ColorValue = Field(Color(0, 0, 0), description="Colour of the border.")
    border_width: PositiveLengthValue = Field(Length(0), description="Inside the edge; percent of the shorter side.")
    border_style: Literal["solid", "dashed", "dotted"] = Field("solid", description="How the border is drawn.")
    border_radius: FourLengths = Field(NONE, description="One radius, or four clockwise from the top left.")

    def border_px(self, width: float, height: float) -> float:
        """The border's width in px; percentages are of the shorter side."""
        return self.border_width.resolve(min(width, height))

    def frame(self, width: float, height: float) -> Box:
        """The box of `width` × `height` px with its corners."""
        rect = Rect(0, 0, width, height)
        return Box(rect, corner_radii(self.border_radius, rect))

    def framed(
        self, content: Iterable[Node], width: float, height: float, shape: Shape | None = None
    ) -> tuple[Node, ...]:
        """The content between the box's background and its border, which both have the `shape` if one is given."""
        frame = shape or self.frame(width, height)
        nodes = self.grounded(content, frame)
        edge = border(frame, self.border_px(width, height), self.border_color, self.border_style)
        return (*nodes, edge) if edge is not None else nodes


class TimedLayer(BoxedLayer):
    """A layer that shows something else with time: binding gives it the moment of the render, animations run on."""

    now: Moment = Field("", description="The moment that is shown (ISO 8601); unset means that of the render.")

    def at(self, moment: str) -> Self:
        """The layer as it is at another moment (ISO 8601)."""
        return self.model_copy(update={"now": moment})
