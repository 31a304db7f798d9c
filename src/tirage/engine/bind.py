"""Template + row → BoundTemplate: every variable replaced, every override applied, hidden layers dropped.

Later wins: template < variable's default < column named like a variable < column named like a layer (its main
property) < column `layer.key` < `params`. Values of columns and variables are always literal.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from pydantic import ValidationError

from tirage.engine.errors import Problem, RowProblem, closest
from tirage.engine.expand import (
    MAX_INTEGER,
    defaults_of,
    expand,
    is_number,
    misfit,
    placeholders,
    plain_names,
    structured,
    text_of,
)
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope, truth
from tirage.engine.layer import Layer, TimedLayer, properties_of
from tirage.engine.report import Warning_
from tirage.engine.resources import ROW_SCHEME
from tirage.engine.template import MAX_PIXELS, BoundPage, BoundTemplate, Json, Overrides, Page, Pattern, Template

CANVAS = "canvas"
_PICTURES = ("imageUrl", "sourceImage")
_FIXED = frozenset({"id", "name", "type", "children"})
_CANVAS_KEYS = {"backgroundColor": "background", "background": "background", "width": "width", "height": "height"}


Row = Mapping[str, Json]
Params = Sequence[Mapping[str, Json]]


def bind(
    template: Template, row: Row | None = None, params: Params = (), *, now: datetime | None = None
) -> BoundTemplate:
    """Bind one row, and the layer objects of a wire request; `now` is the moment that expressions may ask for.

    Raises RowProblem with every value that does not fit. What fits nowhere is among the result's warnings.
    """
    writer = _Writer(template)
    row = row or {}
    plan = _plan(template, tuple(row))
    writer.warnings.extend(plan.warnings)
    values, brought = _values(template, row)
    scope = Scope(values, template.document.settings.locale, now)
    for layer_id, patterns in template.patterns.items():
        layer = template.layers[layer_id]
        for key, tree in patterns.items():
            known = properties_of(type(layer))[key]
            if not known.is_text and any(values.get(name) in (None, "") for name in plain_names(tree)):
                continue  # nobody gave a value: the property keeps what the type says
            escaped = key == "text" and getattr(layer, "markup", None) == "html"
            try:
                value = expand(tree, scope, escape=escaped)
            except ExpressionError as error:
                writer.problems.append(
                    Problem("expression_failed", f"{error}.", f"/{layer.name}.{key}", layer=layer.name)
                )
                continue
            if known.is_boolean and isinstance(tree, Pattern) and tree.whole:
                value = truth(value)
            if key in _PICTURES and getattr(tree, "single", None) in brought:
                value = _from_row(value)
            writer.put(layer_id, key, value)
    for column, layer_id, key in plan.columns:
        if (value := row[column]) not in (None, ""):
            writer.put_literal(layer_id, key, value)
    for entry in params:
        writer.put_params(entry)
    if now is not None:
        for layer_id in _timed(template):
            # To the second: a render that is repeated within it has the same recipe.
            writer.overrides.setdefault(layer_id, {}).setdefault("now", now.isoformat(timespec="seconds"))
    if writer.problems:
        raise RowProblem(writer.problems)
    return apply(template, writer.overrides, tuple(writer.warnings))


@lru_cache(maxsize=256)
def _timed(template: Template) -> tuple[str, ...]:
    """The ids of the layers that the moment of the render is given to."""
    return tuple(key for key, layer in template.layers.items() if isinstance(layer, TimedLayer) and not layer.now)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Where the columns of a table go, worked out once for all of its rows."""

    columns: tuple[tuple[str, str, str], ...]
    """(column, layer id, property), weakest first."""
    warnings: tuple[Warning_, ...]


@lru_cache(maxsize=256)
def _plan(template: Template, columns: tuple[str, ...]) -> _Plan:
    variables = {variable.name for variable in template.document.variables}
    mains: list[tuple[str, str, str]] = []
    keyed: list[tuple[str, str, str]] = []
    warnings: list[Warning_] = []
    for column in columns:
        layer_id = template.by_name.get(column)
        if layer_id is not None and (main := template.layers[layer_id].main):
            # "Hello {{ title }}" on a layer called title: the column is the variable, not the whole text.
            if column not in placeholders(template.patterns.get(layer_id, {}).get(main)):
                mains.append((column, layer_id, main))
        elif column not in variables:
            target = _target(template, column)
            if isinstance(target, Warning_):
                warnings.append(target)
            else:
                keyed.append((column, *target))
    placed = [*mains, *keyed]
    seen: dict[tuple[str, str], str] = {}
    for column, layer_id, key in placed:
        if (layer_id, key) in seen:
            message = f"Columns {seen[layer_id, key]!r} and {column!r} set the same property; the second one wins."
            warnings.append(Warning_("column_conflict", message, pointer=f"/{column}"))
        seen[layer_id, key] = column
    return _Plan(tuple(placed), tuple(warnings))


def _target(template: Template, column: str) -> tuple[str, str] | Warning_:
    """The layer id and property that a column `layer.key` names."""
    name, dot, key = column.rpartition(".")
    if dot and name == CANVAS:
        if key in _CANVAS_KEYS:
            return CANVAS, _CANVAS_KEYS[key]
        return _unused(column, key, _CANVAS_KEYS, "property")
    if dot and (layer_id := template.by_name.get(name)) is not None:
        kind = type(template.layers[layer_id])
        key = kind.synonyms.get(key, key)
        if key in properties_of(kind) and key not in _FIXED:
            return layer_id, key
        return _unused(column, key, properties_of(kind), "property")
    names = [*template.by_name, *(variable.name for variable in template.document.variables)]
    return _unused(column, name if dot else column, names, "variable or layer")


def _unused(column: str, name: str, valid: Sequence[str] | Mapping[str, Any], what: str) -> Warning_:
    near = closest(name, valid)
    hint = f" Did you mean {near!r}?" if near else ""
    return Warning_("column_unused", f"Column {column!r} is ignored: no {what} is called {name!r}.{hint}",
                    pointer=f"/{column}")  # fmt: skip


def _values(template: Template, row: Row) -> tuple[dict[str, Json], set[str]]:
    """The variables' values, and the names of those that the row brought."""
    values = defaults_of(template.document.variables)
    brought: set[str] = set()
    problems: list[Problem] = []
    for variable in template.document.variables:
        value = row.get(variable.name)
        if value is None or value == "":
            if variable.name in row and variable.empty_means == "empty":
                values[variable.name] = ""
            elif variable.required and variable.default in (None, ""):
                problems.append(Problem("variable_missing", f"{variable.name!r} needs a value.", f"/{variable.name}"))
            continue
        if (reason := misfit(variable, value)) is not None:
            problems.append(Problem("variable_invalid", f"{variable.name!r} {reason}.", f"/{variable.name}"))
            continue
        values[variable.name] = structured(value) if variable.type in ("list", "object") else value
        brought.add(variable.name)
    if problems:
        raise RowProblem(problems)
    return values, brought


def _from_row(value: Any) -> Any:
    """Mark a relative path that a row brought, so that it resolves against the data file."""
    if isinstance(value, str) and value and ":" not in value.split("/", 1)[0]:
        return ROW_SCHEME + value
    return value


@dataclass(slots=True)
class _Writer:
    """Collects what a row changes, layer by layer."""

    template: Template
    overrides: dict[str, dict[str, Json]] = field(default_factory=dict)
    warnings: list[Warning_] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def put(self, layer_id: str, key: str, value: Json) -> None:
        if isinstance(value, int) and abs(value) > MAX_INTEGER:
            value = str(value)  # a long number of a table is its digits; JSON between processes would not hold it
        self.overrides.setdefault(layer_id, {})[key] = value

    def put_literal(self, layer_id: str, key: str, value: Json) -> None:
        """A column's value: never markup, whatever it looks like."""
        if key == "text" and getattr(self.template.layers.get(layer_id), "markup", None) == "html":
            value = html.escape(text_of(value), quote=False)
        self.put(layer_id, key, _from_row(value) if key in _PICTURES else value)

    def put_params(self, entry: Mapping[str, Json]) -> None:
        """One layer object of a wire request."""
        name = entry.get("name")
        if name == CANVAS:
            for key, value in entry.items():
                if key in _CANVAS_KEYS and value is not None:
                    self.put(CANVAS, _CANVAS_KEYS[key], value)
            return
        layer_id = self.template.by_name.get(name) if isinstance(name, str) else None
        if layer_id is None:
            near = closest(name, self.template.by_name)
            hint = f"Did you mean {near!r}?" if near else None
            message = f"No layer is called {str(name)[:100]!r}."
            if self.template.document.settings.strict:
                self.problems.append(Problem("layer_not_found", message, "/name", hint, closest=near))
            else:
                self.warnings.append(Warning_("layer_not_found", f"{message} {hint or ''}".strip(), str(name)[:100]))
            return
        layer = self.template.layers[layer_id]
        for key, value in entry.items():
            known = type(layer).synonyms.get(key, key)
            if key == "name" or value is None:
                continue
            if known not in properties_of(type(layer)) or known in _FIXED:
                near = closest(key, properties_of(type(layer)))
                hint = f" Did you mean {near!r}?" if near else ""
                message = f"A {layer.type} layer has no {key[:100]!r}.{hint}"
                self.warnings.append(Warning_("property_unknown", message, layer.name, f"/{key[:100]}"))
                continue
            self.put(layer_id, known, value)
            if known == "text" and getattr(layer, "markup", None) is None:
                self.put(layer_id, "markup", "html")


def apply(template: Template, overrides: Overrides, warnings: tuple[Warning_, ...] = ()) -> BoundTemplate:
    """Overrides → BoundTemplate. Raises RowProblem where a value does not fit its property."""
    touched = {above for layer_id in overrides for above in template.ancestors.get(layer_id, ())} | overrides.keys()
    problems: list[Problem] = []
    pages = []
    for index, page in enumerate(template.document.pages):
        layers = _applied(page.layers, overrides, touched, problems)
        pages.append(_page(index, page, overrides.get(CANVAS, {}), layers, frozenset(touched), problems))
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
    drawn = []
    for layer in layers:
        if layer.id in touched:
            update = _coerced(type(layer), layer.name, overrides.get(layer.id, {}), problems)
            if layer.nested():
                update["children"] = _applied(layer.nested(), overrides, touched, problems)
            layer = layer.model_copy(update=update)
            _check_mask(layer, problems)
        elif layer.nested() and not all(_shown(child) for child in layer.nested()):
            layer = layer.model_copy(update={"children": _applied(layer.nested(), overrides, touched, problems)})
        if layer.visible:
            drawn.append(layer)
    return tuple(drawn)


def _check_mask(layer: Layer, problems: list[Problem]) -> None:
    mask = getattr(layer, "mask", None)
    if mask is not None and mask.layer not in [child.id for child in layer.nested()]:
        message = f"Layer {layer.name!r} is masked by {mask.layer!r}, which is none of its shown children."
        problems.append(Problem("mask_unknown", message, f"/{layer.name}.mask", layer=layer.name))


def _shown(layer: Layer) -> bool:
    return layer.visible and all(_shown(child) for child in layer.nested())


def _coerced(kind: Any, name: str, values: Mapping[str, Json], problems: list[Problem]) -> dict[str, Any]:
    """The values as the model's attributes, read as rows write them: numbers and booleans may be strings."""
    update: dict[str, Any] = {}
    for key, value in values.items():
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


def variables_used(template: Template) -> frozenset[str]:
    """The names of the variables that some property mentions."""
    return frozenset(
        name for patterns in template.patterns.values() for tree in patterns.values() for name in placeholders(tree)
    )
