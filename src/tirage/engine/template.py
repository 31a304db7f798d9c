"""The template document, version 1, and what it becomes: parsed, and bound to a row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field

from tirage.engine.expressions.compile import Expression
from tirage.engine.layer import Identifier, Layer, Locale, Model, Name
from tirage.engine.layers import AnyLayer
from tirage.engine.report import Warning_
from tirage.engine.values.color import WHITE
from tirage.engine.values.fill import Fill, FillValue

SCHEMA_VERSION = 1
MAX_SIDE = 16_384
MAX_PIXELS = 50_000_000
MAX_LAYERS = 1_000
MAX_DEPTH = 32
MAX_PAGES = 200
MAX_VARIABLES = 500
MAX_SIZES = 50

Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Json = None | bool | int | float | str | list[Any] | dict[str, Any]


class Guide(Model):
    """A line that helps to align in the editor; it is not drawn."""

    axis: Literal["x", "y"] = Field(description="x is a vertical line, y a horizontal one.")
    position: float = Field(description="px from the left or top edge.")


class Page(Model):
    """One page of the document; sizes in px."""

    name: Annotated[str, Field(max_length=100)] = ""
    width: Side = Field(description="px.")
    height: Side = Field(description="px.")
    background: FillValue = Field(WHITE, description="A colour, a gradient or a picture.")
    visible: bool = Field(True, description="Whether the page is drawn; may be an expression.")
    guides: tuple[Guide, ...] = Field((), max_length=500, description="Lines for the editor.")
    layers: tuple[AnyLayer, ...] = Field((), description="In painting order, the lowest first.")


class Size(Model):
    """A named size that the template can be drawn in as well, and what is different there."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")] = Field(
        description="What it is asked for by; becomes part of file names. `all` means every size."
    )
    width: Side = Field(description="px, of every page.")
    height: Side = Field(description="px, of every page.")
    overrides: dict[str, dict[str, Any]] = Field(
        default_factory=dict, max_length=MAX_LAYERS, description="Properties by layer name; `canvas` is the page."
    )


class Variable(Model):
    """A named value that rows bring, used as `{{ name }}`."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
    type: Literal["text", "number", "boolean", "color", "image", "url", "date", "list", "object"] = Field(
        "text", description="What values must be; `list` and `object` are JSON, also in a cell."
    )
    default: str | int | float | bool | tuple[Any, ...] | dict[str, Any] | None = Field(
        None, description="Used where a row has nothing."
    )
    required: bool = Field(False, description="Whether a row must have a value.")
    sample: str | int | float | bool | tuple[Any, ...] | dict[str, Any] | None = Field(
        None, description="An example for people and previews."
    )
    choices: tuple[str | int | float, ...] = Field((), max_length=500, description="The only values that there are.")
    min: float | None = Field(None, description="The smallest number; the least items of a list.")
    max: float | None = Field(None, description="The largest number; the most items of a list.")
    max_length: int | None = Field(None, ge=1, le=100_000, description="The most characters of a text.")
    pattern: Annotated[str, Field(max_length=500)] = Field(
        "", description="A regular expression (RE2) that the whole text must match."
    )
    description: Annotated[str, Field(max_length=500)] = ""
    empty_means: Literal["default", "empty"] = Field(
        "default", description="What an empty cell means: keep the default, or empty the text."
    )


class Settings(Model):
    """What holds for the whole template."""

    fonts: tuple[Name, ...] = Field((), max_length=50, description="Families to fall back on before the built-in ones.")
    locale: Locale = Field("en", description="Of texts that name none.")
    strict: bool = Field(False, description="Whether values for layers that do not exist are an error.")


class Document(Model):
    """The whole template as JSON."""

    schema_: Literal[1] = Field(1, alias="schema")
    id: Identifier | None = Field(None, description="Of the document itself.")
    name: Annotated[str, Field(max_length=200)] = "Untitled"
    description: Annotated[str, Field(max_length=2000)] = ""
    pages: tuple[Page, ...] = Field(min_length=1, max_length=MAX_PAGES, description="One or more pages.")
    variables: tuple[Variable, ...] = Field((), max_length=MAX_VARIABLES, description="What rows may bring.")
    sample_rows: tuple[dict[str, Any], ...] = Field(
        (), max_length=100, description="Examples; the first is drawn without data."
    )
    sizes: tuple[Size, ...] = Field((), max_length=MAX_SIZES, description="Other sizes of the same design.")
    settings: Settings = Field(default_factory=Settings, description="What holds for all pages.")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A variable's place in a text."""

    name: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string with placeholders: literal parts, variables and expressions in order."""

    parts: tuple[str | Placeholder | Expression, ...]

    @property
    def single(self) -> str | None:
        """The variable's name where the pattern is nothing but one placeholder."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only.name if isinstance(only, Placeholder) else None

    @property
    def whole(self) -> Expression | None:
        """The expression where the pattern is nothing else: its value keeps its type."""
        only = self.parts[0] if len(self.parts) == 1 else None
        return only if isinstance(only, Expression) else None


PatternTree = Pattern | Json | tuple["PatternTree", ...] | Mapping[str, "PatternTree"]
"""A JSON value in which strings with placeholders are patterns, lists are tuples and objects are mappings."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A group whose children are drawn once for each item: how to find the items, and whom they concern."""

    items: PatternTree
    item: str
    index: str
    limit: int
    layers: tuple[str, ...]
    """The ids of the layers in it that are copied, but for those inside of a repeated group among them."""
    above: str | None = None
    """The id of the repeated group that this one lies in."""


def instance(key: str, place: str) -> str:
    """The id or name of a copy of a layer: `key[0]` of the first item. No id of a document holds a bracket."""
    return f"{key}{place}"


def origin(key: str) -> str:
    """The id of the layer that a copy was made of."""
    return key.partition("[")[0]


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A valid document with what binding needs: its digest, and each layer's properties that hold placeholders.

    Templates compare by identity, so that what is worked out for one can be cached under it.
    """

    document: Document
    digest: str
    """SHA-256 of the canonical JSON of the document."""
    patterns: Mapping[str, Mapping[str, PatternTree]] = field(default_factory=dict)
    """By layer id and JSON name of the property."""
    layers: Mapping[str, Layer] = field(default_factory=dict)
    """Every layer of every page by id, in document order, with variables at their defaults."""
    ancestors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of the groups around each layer, outermost first."""

    by_name: Mapping[str, str] = field(default_factory=dict)
    """Layer ids by name."""
    repeats: Mapping[str, Repeated] = field(default_factory=dict)
    """By the id of their group, outer ones first."""
    conditions: Mapping[int, PatternTree] = field(default_factory=dict)
    """By the index of a page: whether it is drawn, where that is an expression."""
    followers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The ids of the layers that are tied to one."""

    def layer_id(self, name: object) -> str | None:
        """The id of the layer that a row or a request calls so; `card[1]` is the second copy of a repeated one."""
        if not isinstance(name, str):
            return None
        if name in self.by_name:
            return self.by_name[name]
        base, bracket, place = name.partition("[")
        found = self.by_name.get(base)
        return instance(found, bracket + place) if found is not None and bracket else None

    def reach(self, ids: Iterable[str]) -> frozenset[str]:
        """Those layers, all that are tied to them directly or not, and the groups around each."""
        found: set[str] = set()
        waiting = list(ids)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                waiting += self.followers.get(origin(key), ())
                waiting += self.ancestors.get(origin(key), ())
        return frozenset(found)

    @property
    def name(self) -> str:
        """The document's name."""
        return self.document.name


@dataclass(frozen=True, slots=True)
class BoundPage:
    """A page as it is drawn for one row: variables replaced, hidden layers dropped.

    `touched` holds the ids of layers that differ from the template, and of the groups around them.
    """

    index: int
    name: str
    width: int
    height: int
    background: Fill
    layers: tuple[Layer, ...]
    touched: frozenset[str]
    background_touched: bool = False


Overrides = Mapping[str, Mapping[str, Json]]
"""What a row changes: by layer id and JSON name of the property; the canonical bound row.

`canvas` stands for all pages, `canvas[1]` for the second one.
`REPEAT` of a group is how often its children are drawn; `PAGE` with an index in brackets is a single page, `SETTINGS`
the document. No id is written like these.
"""
CANVAS = "canvas"
REPEAT = "repeat"
PAGE = "page"
SETTINGS = "settings[]"


@dataclass(frozen=True, slots=True, eq=False)
class BoundTemplate:
    """A template and a row made one; nothing in it depends on variables any more."""

    template: Template
    pages: tuple[BoundPage, ...]
    overrides: Overrides
    warnings: tuple[Warning_, ...] = ()

    @property
    def locale(self) -> str:
        """Of texts that name none: the template's, or the one that the row was bound in."""
        given = self.overrides.get(SETTINGS, {}).get("locale")
        return given if isinstance(given, str) else self.template.document.settings.locale
