"""The body and query of a render request → what is to be drawn, in which formats and sizes, and how it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field
from starlette.requests import Request

from tirage.actions.draw_order import Output
from tirage.actions.open_design import Design, in_size
from tirage.api.errors import Refused
from tirage.api.json_body import Body
from tirage.engine import formats
from tirage.engine.errors import Problem, RenderProblem, RowProblem, TemplateProblem, closest
from tirage.engine.options import OutputOptions
from tirage.engine.sizes import ALL, chosen_sizes
from tirage.engine.template import CANVAS, Json, instance

MAX_OUTPUTS = 12
Response = Literal["url", "binary", "base64"]

FormatName = Annotated[
    str, Field(max_length=20, description="png, jpeg (or jpg), webp, avif, pdf, svg; gif, apng or mp4 where it moves.")
]
SizeName = Annotated[str, Field(min_length=1, max_length=64)]
Metadata = Annotated[str, Field(max_length=10_000, description="Free text kept with the picture and echoed.")]


class LayerObject(Body):
    """Changes to one layer, named by its name in the design; `canvas` is the page. Unknown members are ignored."""

    model_config = ConfigDict(extra="allow")
    name: Annotated[str, Field(min_length=1, max_length=200)]


class PageObject(Body):
    """Changes to one page of a design; `index` is zero-based."""

    index: Annotated[int, Field(ge=0, le=1_000)]
    layers: list[LayerObject] = Field(default_factory=list, max_length=2_000)
    metadata: Metadata | None = None


class Size(Body):
    """One size of the output: by factor, or by a side in px, the other follows. With a name, of that size's page."""

    name: Annotated[str, Field(max_length=64, description="One of the sizes that the design names.")] = ""
    scale: Annotated[float | None, Field(ge=0.1, le=4, strict=False)] = None
    width: Annotated[int | None, Field(ge=1, le=16_384)] = None
    height: Annotated[int | None, Field(ge=1, le=16_384)] = None


class FormatOptions(Body):
    """Options of the formats; what a format cannot do, it ignores."""

    scale: Annotated[float, Field(ge=0.1, le=4, strict=False)] = 1.0
    quality: Annotated[int | None, Field(ge=1, le=100)] = None
    dpi: Annotated[float | None, Field(ge=1, le=2400, strict=False)] = None
    transparent: bool | None = None
    progressive: bool = False
    lossless: bool = False
    max_bytes: Annotated[int | None, Field(ge=100, le=1_000_000_000)] = None
    frames: Annotated[int | None, Field(ge=1, le=1_800, description="Of an animation.")] = None
    duration: Annotated[float | None, Field(ge=0.03, le=60, strict=False, description="Of an animation, s.")] = None
    fps: Annotated[float | None, Field(ge=0.05, le=30, strict=False, description="Frames a second.")] = None
    loops: Annotated[int, Field(ge=0, le=1_000, description="How often it is played; 0 is for ever.")] = 0


class DesignBody(FormatOptions):
    """What to draw. Every member may be left out."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "format": "jpeg",
                    "metadata": "row 7",
                    "params": [{"name": "title", "text": "Hello", "color": "#1a73e8"}],
                }
            ]
        }
    )
    format: FormatName | None = None
    metadata: Metadata | None = None
    params: Annotated[list[LayerObject] | None, Field(max_length=2_000)] = None
    pages: Annotated[list[PageObject] | None, Field(max_length=200)] = None
    variables: dict[str, str | int | float | bool | list[Any] | dict[str, Any] | None] = Field(
        default_factory=dict, max_length=500, description="Values of the design's variables."
    )
    formats: Annotated[list[FormatName] | None, Field(min_length=1, max_length=MAX_OUTPUTS)] = None
    sizes: Annotated[
        Literal["all"] | Annotated[list[Size | SizeName], Field(min_length=1, max_length=MAX_OUTPUTS)] | None,
        Field(description="Sizes of the output, or names of sizes that the design lists; `all` are all of these."),
    ] = None
    clock: Annotated[datetime | None, Field(strict=False, description="The moment that is drawn; default: now.")] = None


def moment_of(body: DesignBody) -> datetime | None:
    """The moment that the request is to be drawn for, UTC where it names no offset; None is the present."""
    return body.clock.replace(tzinfo=UTC) if body.clock and body.clock.tzinfo is None else body.clock


@dataclass(frozen=True, slots=True)
class Wish:
    """How a request wants to be answered: strictly or not, as what."""

    strict: bool
    response: Response
    accepted: str | None = None


def read_wish(request: Request) -> Wish:
    """`?strict`, `?response` and `Accept`. Raises Refused `parameter_repeated`, RowProblem `parameter_invalid`."""
    strict = _flag(request, "strict")
    named = _parameter(request, "response")
    if named not in (None, "url", "binary", "base64"):
        message = f"response is url, binary or base64, not {str(named)[:40]!r}."
        raise RowProblem(Problem("parameter_invalid", message, "response"))
    accepted = _accepted(request.headers.get("accept", ""))
    response: Response = named or ("binary" if accepted is not None else "url")  # type: ignore[assignment]
    return Wish(strict, response, accepted or None)


def outputs_of(body: DesignBody, wish: Wish, design: Design) -> tuple[tuple[str, Output], ...]:
    """Each wanted output with its format's name as it was asked for.

    Raises RenderProblem `format_unknown`, `outputs_too_many`, RowProblem `size_invalid`.
    """
    named = body.formats or [body.format or wish.accepted or "png"]
    if body.formats and body.format:
        named = [body.format, *(each for each in body.formats if each != body.format)]
    sizes = _sizes(body, design)
    if len(named) * len(sizes) > MAX_OUTPUTS:
        message = f"{len(named)} formats in {len(sizes)} sizes are more than the {MAX_OUTPUTS} outputs of one request."
        raise RenderProblem(Problem("outputs_too_many", message))
    scales = [_scale(design, size, place) for place, size in enumerate(sizes)]
    return tuple(
        (name.lower(), Output(formats.get(name).name, _options(body, scale), size.name))
        for name in named
        for size, scale in zip(sizes, scales, strict=True)
    )


def _sizes(body: DesignBody, design: Design) -> list[Size]:
    """The wanted sizes, each as an object. Raises RowProblem `size_unknown`, with the closest name."""
    if body.sizes is None:
        return [Size(scale=body.scale)]
    asked = [Size(name=ALL)] if body.sizes == ALL else body.sizes
    sizes: list[Size] = []
    for place, each in enumerate(asked):
        size = Size(name=each) if isinstance(each, str) else each
        if size.scale is None and size.width is None and size.height is None and size.name:
            size = size.model_copy(update={"scale": body.scale})
        try:
            names = chosen_sizes(design.template, [size.name]) if size.name else ("",)
        except TemplateProblem as error:
            raise RowProblem([replace(problem, pointer=f"/sizes/{place}") for problem in error.problems]) from error
        sizes += [size.model_copy(update={"name": name}) for name in names]
    return sizes


@dataclass(frozen=True, slots=True)
class Changes:
    """The layer objects of a request with the place of each in its body, and the metadata of pages that have their own.

    `astray` are those of a page whose layer lies on another page: they change nothing.
    """

    params: tuple[Mapping[str, Json], ...]
    pointers: tuple[str, ...]
    page_metadata: Mapping[int, str] = field(default_factory=dict)
    astray: tuple[Problem, ...] = ()


def changes_of(body: DesignBody, design: Design) -> Changes:
    """The layer objects of the design, or of its single pages, where `canvas` is that page.

    Raises Refused `params_and_pages`, RowProblem `page_not_found`.
    """
    if body.params is not None and body.pages is not None:
        raise Refused("params_and_pages", "params and pages cannot be given together.", pointer="/pages")
    if body.pages is None:
        asked = tuple(_plain(each) for each in body.params or ())
        return Changes(asked, tuple(f"/params/{place}" for place in range(len(asked))))
    pages = design.template.document.pages
    beyond = [
        Problem("page_not_found", f"The design has {len(pages)} pages, counted from 0.", f"/pages/{place}/index")
        for place, each in enumerate(body.pages)
        if each.index >= len(pages)
    ]
    if beyond:
        raise RowProblem(beyond)
    found: list[tuple[Mapping[str, Json], str]] = []
    astray: list[Problem] = []
    for place, page in enumerate(body.pages):
        for number, layer in enumerate(page.layers):
            at = f"/pages/{place}/layers/{number}"
            if layer.name == CANVAS:
                found.append(({**_plain(layer), "name": instance(CANVAS, f"[{page.index}]")}, at))
            elif (home := design.page_of(layer.name)) in (None, page.index):
                found.append((_plain(layer), at))
            else:
                near = closest(layer.name, [name for name in design.layer_names if design.page_of(name) == page.index])
                message = f"Page {page.index} has no layer called {layer.name[:100]!r}; page {home} has."
                hint = f"Did you mean {near!r}?" if near else None
                astray.append(Problem("layer_not_found", message, f"{at}/name", hint, near, layer.name[:100]))
    metadata = {each.index: each.metadata for each in body.pages if each.metadata is not None}
    return Changes(tuple(each for each, _ in found), tuple(at for _, at in found), metadata, tuple(astray))


def _plain(layer: LayerObject) -> dict[str, Any]:
    return {"name": layer.name, **(layer.model_extra or {})}


def _options(body: DesignBody, scale: float) -> OutputOptions:
    return OutputOptions(
        scale=scale,
        quality=body.quality,
        dpi=body.dpi,
        progressive=body.progressive,
        transparent=body.transparent,
        max_bytes=body.max_bytes,
        lossless=body.lossless,
        frames=body.frames,
        duration=body.duration,
        fps=body.fps,
        loops=body.loops,
    )


def _scale(design: Design, size: Size, place: int) -> float:
    """The factor that makes the page this wide or high; rounded so that the side comes out as asked for."""
    given = [each for each in (size.scale, size.width, size.height) if each is not None]
    if len(given) != 1:
        message = "A size has one of scale, width and height."
        raise RowProblem(Problem("size_invalid", message, f"/sizes/{place}"))
    page = in_size(design, size.name).template.document.pages[0]
    width, height = page.width, page.height
    factor = size.scale or (size.width / width if size.width else (size.height or 1) / height)
    if not 0.1 <= factor <= 4:
        message = f"The page of {width}×{height} px is made 0.1 to 4 times as large, not {factor:.3g} times."
        raise RowProblem(Problem("size_invalid", message, f"/sizes/{place}"))
    return factor


def _parameter(request: Request, name: str) -> str | None:
    values = request.query_params.getlist(name)
    if len(values) > 1:
        raise Refused("parameter_repeated", f"The parameter {name} stands more than once.", pointer=name)
    return values[0] if values else None


def _flag(request: Request, name: str) -> bool:
    value = _parameter(request, name)
    if value is None or value.lower() in ("false", "0"):
        return False
    if value.lower() in ("", "true", "1"):
        return True
    raise RowProblem(Problem("parameter_invalid", f"{name} is true or false, not {value[:40]!r}.", name))


def _accepted(header: str) -> str | None:
    """The format that `Accept` asks for first: its name, empty for any picture, None where JSON will do."""
    for entry in header.split(","):
        media_type = entry.partition(";")[0].strip().lower()
        if media_type in ("application/json", "*/*", "application/problem+json"):
            return None
        if media_type == "image/*":
            return ""
        for each in formats.FORMATS:
            if media_type == each.media_type:
                return each.name
    return None
