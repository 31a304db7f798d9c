"""A document and the name of one of its sizes → the document of that size, and what is wrong with the sizes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from pydantic import ValidationError

from tirage.engine.anchoring import unknown_target
from tirage.engine.errors import Problem, TemplateProblem, closest
from tirage.engine.expand import compile_tree, placeholders
from tirage.engine.json_strict import as_tuples
from tirage.engine.layer import Layer, properties_of
from tirage.engine.template import CANVAS, MAX_PIXELS, Document, Page, Size, Template

ALL = "all"
"""Instead of a size's name: all of them."""
_CANVAS_KEYS = {"backgroundColor": "background", "background": "background"}
_FIXED = frozenset({"id", "name", "type", "children"})
"""What a layer is stays the same in every size."""


def for_size(template: Template, document: bytes, name: str) -> bytes:
    """The JSON of `template` (read from `document`) as it is in the size `name`, to be parsed like any other.

    Each page has the size's width and height, each layer what the size overrides. The list of sizes is left out, so
    that a change of one size leaves the digest of the others alone. Raises TemplateProblem `size_unknown`.
    """
    size = _named(template, name)
    raw = dict(orjson.loads(document))
    raw.pop("sizes", None)
    pages = template.document.pages
    if "pages" in raw:
        raw["pages"] = [_page(each, page, size) for each, page in zip(raw["pages"], pages, strict=True)]
    else:
        raw = _page(raw, pages[0], size)
    return orjson.dumps(raw)


def _page(raw: Mapping[str, Any], page: Page, size: Size) -> dict[str, Any]:
    changed = {**raw, "width": size.width, "height": size.height}
    for key, value in size.overrides.get(CANVAS, {}).items():
        changed[_CANVAS_KEYS[key]] = value
    changed["layers"] = _layers(raw.get("layers", []), page.layers, size)
    return changed


def _layers(raw: Sequence[Any], layers: Sequence[Layer], size: Size) -> list[Any]:
    """Read and unread layers lie in the same order, so a layer that was named by the reader is found as well."""
    changed = []
    for each, layer in zip(raw, layers, strict=True):
        values = size.overrides.get(layer.name)
        if values:
            synonyms = layer.synonyms
            each = {synonyms.get(key, key): value for key, value in (*each.items(), *values.items())}
        if layer.nested():
            each = {**each, "children": _layers(each["children"], layer.nested(), size)}
        changed.append(each)
    return changed


def chosen_sizes(template: Template, names: Sequence[str]) -> tuple[str, ...]:
    """The sizes that `names` ask for, each once; `all` is every one. Raises TemplateProblem `size_unknown`."""
    listed = [size.name for size in template.document.sizes]
    chosen: dict[str, None] = {}
    for name in names:
        if name == ALL and listed:
            chosen.update(dict.fromkeys(listed))
        else:
            chosen[_named(template, name).name] = None
    return tuple(chosen)


def _named(template: Template, name: str) -> Size:
    sizes = {size.name: size for size in template.document.sizes}
    if name not in sizes:
        near = closest(name, sizes)
        listed = f"There are {', '.join(sizes)}." if sizes else "The template lists no `sizes`."
        hint = f"Did you mean {near!r}?" if near else listed
        message = f"The template has no size {name[:100]!r}."
        raise TemplateProblem(Problem("size_unknown", message, "/sizes", hint, closest=near))
    return sizes[name]


def size_problems(document: Document, variables: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong with a document's sizes: names given twice, pages too large, overrides that fit nowhere."""
    layers = {layer.name: layer for page in document.pages for layer in _walk(page.layers)}
    local = {name: inner for page in document.pages for name, inner in _local(page.layers, ())}
    beside = {name: names for page in document.pages for name, names in _beside(page.layers)}
    seen: set[str] = set()
    for index, size in enumerate(document.sizes):
        at = f"/sizes/{index}"
        if size.name.lower() == ALL:
            yield Problem("name_reserved", f"`{ALL}` means every size; a size cannot bear that name.", f"{at}/name")
        if size.name.lower() in seen:
            hint = "Sizes name files, in which upper and lower case may be the same."
            yield Problem("size_duplicate", f"Two sizes are called {size.name!r}.", f"{at}/name", hint)
        seen.add(size.name.lower())
        if size.width * size.height > MAX_PIXELS:
            yield Problem("page_too_large", f"A page has at most {MAX_PIXELS // 1_000_000} megapixels.", f"{at}/width")
        for name, values in size.overrides.items():
            there = f"{at}/overrides/{_escape(name)}"
            if name == CANVAS:
                yield from _canvas_problems(values, there)
            elif name not in layers:
                near = closest(name, layers)
                hint = f"Did you mean {near!r}?" if near else "An override names a layer, or `canvas`."
                message = f"No layer is called {name[:100]!r}."
                yield Problem("size_layer_unknown", message, there, hint, closest=near)
            else:
                yield from _layer_problems(layers[name], values, there, {**variables, **dict.fromkeys(local[name])})
                yield from _anchor_problems(layers[name], values, there, beside[name])


def _local(layers: Sequence[Layer], around: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What the repetitions around each layer call their items, by the layer's name."""
    for layer in layers:
        yield layer.name, around
        repeat = getattr(layer, "repeat", None)
        inner = around if repeat is None else (*around, repeat.as_, repeat.index)
        yield from _local(layer.nested(), inner)


def _beside(layers: Sequence[Layer]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names of all layers of the same parent, by each of them."""
    names = tuple(layer.name for layer in layers)
    for layer in layers:
        yield layer.name, names
        yield from _beside(layer.nested())


def _anchor_problems(layer: Layer, values: Mapping[str, Any], at: str, beside: Sequence[str]) -> Iterator[Problem]:
    """Names in an overridden anchor that no sibling bears; circles are told of the size when it is read."""
    anchor = values.get("anchor")
    for key, tied in anchor.items() if isinstance(anchor, dict) else ():
        name = tied.get("layer") if isinstance(tied, dict) else None
        if isinstance(name, str) and (name not in beside or name == layer.name):
            yield unknown_target(name, beside, layer, f"{at}/anchor/{_escape(key)}/layer")


def _canvas_problems(values: Mapping[str, Any], at: str) -> Iterator[Problem]:
    for key, value in values.items():
        there = f"{at}/{_escape(key)}"
        if key not in _CANVAS_KEYS:
            near = closest(key, _CANVAS_KEYS)
            hint = "A size gives its width and height itself, and may override the `background`."
            yield Problem("property_unknown", f"{key[:100]!r} is not known here.", there, hint, closest=near)
        else:
            yield from _value_problems(Page, "background", value, there, None)


def _layer_problems(
    layer: Layer, values: Mapping[str, Any], at: str, variables: Mapping[str, Any]
) -> Iterator[Problem]:
    known = properties_of(type(layer))
    for given, value in values.items():
        there, key = f"{at}/{_escape(given)}", layer.synonyms.get(given, given)
        if key not in known or key in _FIXED:
            valid = [each for each in known if each not in _FIXED]
            near = closest(given, valid)
            hint = (
                f"Did you mean {near!r}?" if near else "An id, a name, a type and children are those of the template."
            )
            message = f"A size cannot override {given[:100]!r} of a {layer.type} layer."
            yield Problem("size_property_unknown", message, there, hint, closest=near, layer=layer.name)
            continue
        tree, problems = compile_tree(value, there)
        yield from problems
        names = set(placeholders(tree))
        for name in sorted(names - variables.keys()):
            near = closest(name, variables)
            hint = f"Did you mean {near!r}?" if near else f'Add {{"name": "{name}"}} to `variables`.'
            message = f"No variable is called {name!r}."
            yield Problem("variable_unknown", message, there, hint, closest=near, layer=layer.name)
        if not names and "{{" not in str(value):
            yield from _value_problems(type(layer), key, value, there, layer.name)


def _value_problems(kind: Any, key: str, value: Any, at: str, layer: str | None) -> Iterator[Problem]:
    try:
        properties_of(kind)[key].adapter.validate_python(as_tuples(value), strict=True)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            code = detail["type"] if detail["type"].endswith("_invalid") else "value_invalid"
            message = detail["msg"].replace("Input should", f"{key!r} should", 1)
            inner = "".join(f"/{_escape(str(part))}" for part in detail["loc"])
            yield Problem(code, f"{message[:1].upper()}{message[1:]}.", at + inner, layer=layer)


def _walk(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _walk(layer.nested())


def _escape(part: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901, 3)."""
    return part[:100].replace("~", "~0").replace("/", "~1")
