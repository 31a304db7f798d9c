"""Template + overrides → BoundTemplate: values checked and put in, groups repeated, hidden layers and pages dropped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from pydantic import ValidationError

from tirage.engine.anchoring import without_hidden
from tirage.engine.errors import Problem, RowProblem
from tirage.engine.expand import is_number, text_of
from tirage.engine.layer import Layer, properties_of
from tirage.engine.repeat import copies
from tirage.engine.report import Warning_
from tirage.engine.template import (
    CANVAS,
    MAX_PIXELS,
    PAGE,
    REPEAT,
    BoundPage,
    BoundTemplate,
    Json,
    Overrides,
    Page,
    Template,
    instance,
)


def apply(template: Template, overrides: Overrides, warnings: tuple[Warning_, ...] = ()) -> BoundTemplate:
    """Overrides → BoundTemplate. Raises RowProblem where a value does not fit its property."""
    touched = set(template.reach(overrides))
    problems: list[Problem] = []
    pages = []
    for index, page in enumerate(template.document.pages):
        if not overrides.get(f"{PAGE}[{index}]", {}).get("visible", page.visible):
            continue
        layers = _applied(page.layers, overrides, touched, problems)
        canvas = {**overrides.get(CANVAS, {}), **overrides.get(instance(CANVAS, f"[{index}]"), {})}
        pages.append(_page(index, page, canvas, layers, frozenset(touched), problems))
    if not pages:
        problems.append(Problem("pages_hidden", "The row hides every page; at least one must be drawn.", "/pages"))
    if problems:
        raise RowProblem(problems)
    return BoundTemplate(template, tuple(pages), overrides, warnings)


def _page(
    index: int, page: Page, canvas: Mapping[str, Json], layers: tuple[Layer, ...], touched: frozenset[str],
    problems: list[Problem],
) -> BoundPage:  # fmt: skip
    update = _coerced(Page, CANVAS, canvas, problems)
    changed = page.model_copy(update=update) if update else page
    if changed.width * changed.height > MAX_PIXELS:
        message = f"The page would be {changed.width}×{changed.height} px; at most {MAX_PIXELS // 10**6} megapixels."
        problems.append(Problem("page_too_large", message, f"/{CANVAS}.width", layer=CANVAS))
    return BoundPage(
        index, page.name, changed.width, changed.height, changed.background, layers, touched, "background" in update
    )


def _applied(
    layers: tuple[Layer, ...], overrides: Overrides, touched: set[str], problems: list[Problem]
) -> tuple[Layer, ...]:
    drawn: list[Layer] = []
    hidden: dict[str, Layer] = {}
    for layer in layers:
        # The type is asked first: to ask a layer for what it lacks takes some microseconds.
        repeated = "repeat" in properties_of(type(layer)) and getattr(layer, "repeat", None) is not None
        if layer.id in touched or repeated:
            own = overrides.get(layer.id, {})
            update = _coerced(type(layer), layer.name, own, problems)
            children = layer.nested()
            if repeated:
                count = own.get(REPEAT, 0)
                children = copies(layer, count if isinstance(count, int) else 0)
                touched.update(_ids(children))
            if layer.nested():
                update["children"] = _applied(children, overrides, touched, problems)
            layer = layer.model_copy(update=update)
            if not repeated or children:
                _check_mask(layer, problems)
        elif layer.nested() and not all(_shown(child) for child in layer.nested()):
            layer = layer.model_copy(update={"children": _applied(layer.nested(), overrides, touched, problems)})
        if layer.visible:
            drawn.append(layer)
        else:
            hidden[layer.name] = layer
    return tuple(without_hidden(drawn, hidden) if hidden else drawn)


def _ids(layers: tuple[Any, ...]) -> Iterator[str]:
    for layer in layers:
        yield layer.id
        yield from _ids(layer.nested())


def _check_mask(layer: Layer, problems: list[Problem]) -> None:
    mask = getattr(layer, "mask", None) if "mask" in properties_of(type(layer)) else None
    if mask is not None and mask.layer not in [child.id for child in layer.nested()]:
        message = f"Layer {layer.name!r} is masked by {mask.layer!r}, which is none of its shown children."
        problems.append(Problem("mask_unknown", message, f"/{layer.name}.mask", layer=layer.name))


def _shown(layer: Layer) -> bool:
    return layer.visible and getattr(layer, "repeat", None) is None and all(_shown(child) for child in layer.nested())


def _coerced(kind: Any, name: str, values: Mapping[str, Json], problems: list[Problem]) -> dict[str, Any]:
    """The values as the model's attributes, read as rows write them: numbers and booleans may be strings."""
    update: dict[str, Any] = {}
    for key, value in values.items():
        if key == REPEAT:
            continue  # how often, not what
        known = properties_of(kind)[key]
        if known.is_text:
            if isinstance(value, list | dict):
                problems.append(Problem("value_invalid", f"{key} takes a text.", f"/{name}.{key}", layer=name))
                continue
            value = text_of(value)
        elif value == "":
            continue  # an empty variable keeps what the template says
        elif known.is_number and not is_number(value):
            message = f"Layer {name!r}: {key} takes a number, not {text_of(value)[:40]!r}."
            problems.append(Problem("value_invalid", message, f"/{name}.{key}", layer=name))
            continue
        elif isinstance(value, str) and value[:1] in "[{":
            value = _structured(value)
        try:
            update[known.attribute] = known.adapter.validate_python(value)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            code = first["type"] if first["type"].endswith("_invalid") else "value_invalid"
            message = f"Layer {name!r}: {first['msg'].replace('Input', repr(key), 1)}."
            problems.append(Problem(code, message, f"/{name}.{key}", layer=name))
    return update


def _structured(text: str) -> Any:
    """A list or object that a cell writes as JSON; anything else stays the text it is."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
