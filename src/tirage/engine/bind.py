"""Template + row → BoundTemplate: every variable replaced, every override applied, hidden layers dropped.

Later wins: template < variable's default < column named like a variable < column named like a layer (its main
property) < column `layer.key` < `params`. Values of columns and variables are always literal.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from tirage.engine.apply import apply as apply
from tirage.engine.errors import Problem, RowProblem, closest
from tirage.engine.expand import (
    MAX_INTEGER,
    defaults_of,
    expand,
    misfit,
    placeholders,
    plain_names,
    structured,
    text_of,
)
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope, truth
from tirage.engine.layer import Layer, TimedLayer, properties_of
from tirage.engine.repeat import Unfolded, unfold
from tirage.engine.report import Warning_
from tirage.engine.resources import ROW_SCHEME
from tirage.engine.template import CANVAS as CANVAS
from tirage.engine.template import (
    PAGE,
    REPEAT,
    SETTINGS,
    BoundTemplate,
    Json,
    Pattern,
    PatternTree,
    Template,
    instance,
    origin,
)

_PICTURES = ("imageUrl", "sourceImage")
_FIXED = frozenset({"id", "name", "type", "children", "repeat", "anchor"})
CANVAS_KEYS = {"backgroundColor": "background", "background": "background", "width": "width", "height": "height"}


Row = Mapping[str, Json]
Params = Sequence[Mapping[str, Json]]


def bind(
    template: Template,
    row: Row | None = None,
    params: Params = (),
    *,
    now: datetime | None = None,
    locale: str | None = None,
) -> BoundTemplate:
    """Bind one row, and the layer objects of a wire request; `now` is the moment that expressions may ask for.

    `locale` stands in the place of the template's. Raises RowProblem with every value that does not fit. What fits
    nowhere is among the result's warnings.
    """
    row = row or {}
    plan = _plan(template, tuple(row))
    values, brought = _values(template, row)
    scope = Scope(values, locale or template.document.settings.locale, now)
    unfolded = unfold(template, scope)
    writer = _Writer(template, unfolded, warnings=[*plan.warnings, *unfolded.warnings])
    if locale is not None and locale != template.document.settings.locale:
        writer.put(SETTINGS, "locale", locale)
    for group, count in unfolded.counts.items():
        writer.put(group, REPEAT, count)
    for layer_id, patterns in template.patterns.items():
        items = _brought_items(template, layer_id, brought)
        for target, there in unfolded.of(layer_id, scope):
            _fill(writer, template.layers[layer_id], target, patterns, there, brought | items, items)
    _conditions(writer, template, scope)
    for column, layer_id, key in plan.columns:
        if (value := row[column]) not in (None, ""):
            writer.put_literal(layer_id, key, value)
    for entry in params:
        writer.put_params(entry)
    if now is not None:
        for timed in _timed(template):
            for layer_id in unfolded.ids(timed):
                # To the second: a render that is repeated within it has the same recipe.
                writer.overrides.setdefault(layer_id, {}).setdefault("now", now.isoformat(timespec="seconds"))
    if writer.problems:
        raise RowProblem(writer.problems)
    return apply(template, writer.overrides, tuple(writer.warnings))


def _fill(
    writer: _Writer,
    layer: Layer,
    target: str,
    patterns: Mapping[str, PatternTree],
    scope: Scope,
    brought: Set[str],
    items: frozenset[str],
) -> None:
    """Put the values of a layer's placeholders and expressions, for the layer or a copy of it."""
    for key, tree in patterns.items():
        known = properties_of(type(layer))[key]
        if not known.is_text and any(scope.values.get(name) in (None, "") for name in plain_names(tree)):
            continue  # nobody gave a value: the property keeps what the type says
        escaped = key == "text" and getattr(layer, "markup", None) == "html"
        try:
            value = expand(tree, scope, escape=escaped)
        except ExpressionError as error:
            name = instance(layer.name, target[len(layer.id) :])
            writer.problems.append(Problem("expression_failed", f"{error}.", f"/{name}.{key}", layer=name))
            continue
        if isinstance(tree, Pattern):
            if known.is_boolean and tree.whole:
                value = truth(value)
            if key in _PICTURES and (tree.single in brought or (tree.whole and tree.whole.names & items)):
                value = _from_row(value)
        writer.put(target, key, value)


def _brought_items(template: Template, layer_id: str, brought: Set[str]) -> frozenset[str]:
    """The names of the items around a layer that come out of what the row brought."""
    if not template.repeats:
        return frozenset()
    found: set[str] = set()
    for above in template.ancestors.get(layer_id, ()):
        plan = template.repeats.get(above)
        if plan is not None and any(name in brought or name in found for name in placeholders(plan.items)):
            found.add(plan.item)
    return frozenset(found)


def _conditions(writer: _Writer, template: Template, scope: Scope) -> None:
    """Whether pages are drawn, where expressions decide."""
    for index, tree in template.conditions.items():
        try:
            value = expand(tree, scope)
        except ExpressionError as error:
            writer.problems.append(Problem("expression_failed", f"{error}.", f"/pages/{index}/visible"))
            continue
        writer.put(f"{PAGE}[{index}]", "visible", truth(value))


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
    if dot and (canvas := _canvas(template, name)) is not None:
        if key in CANVAS_KEYS:
            return canvas, CANVAS_KEYS[key]
        return _unused(column, key, CANVAS_KEYS, "property")
    if dot and (layer_id := template.by_name.get(name)) is not None:
        kind = type(template.layers[layer_id])
        key = kind.synonyms.get(key, key)
        if key in properties_of(kind) and key not in _FIXED:
            return layer_id, key
        return _unused(column, key, properties_of(kind), "property")
    names = [*template.by_name, *(variable.name for variable in template.document.variables)]
    return _unused(column, name if dot else column, names, "variable or layer")


def _canvas(template: Template, name: object) -> str | None:
    """The key of overrides that a row or a request means by `canvas` (all pages) or `canvas[1]` (the second one)."""
    if name == CANVAS:
        return CANVAS
    places = range(len(template.document.pages))
    return name if isinstance(name, str) and name in [instance(CANVAS, f"[{place}]") for place in places] else None


def is_canvas(template: Template, name: object) -> bool:
    """Whether a row or a request means the page itself, or one of several, by this name."""
    return _canvas(template, name) is not None


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
    unfolded: Unfolded
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
        for target in (layer_id,) if is_canvas(self.template, layer_id) else self.unfolded.ids(layer_id):
            self.put(target, key, _from_row(value) if key in _PICTURES else value)

    def put_params(self, entry: Mapping[str, Json]) -> None:
        """One layer object of a wire request."""
        name = entry.get("name")
        if (canvas := _canvas(self.template, name)) is not None:
            for key, value in entry.items():
                if key in CANVAS_KEYS and value is not None:
                    self.put(canvas, CANVAS_KEYS[key], value)
            return
        layer_id = self.template.layer_id(name)
        if layer_id is None or origin(layer_id) not in self.template.layers:
            near = closest(name, self.template.by_name)
            hint = f"Did you mean {near!r}?" if near else None
            message = f"No layer is called {str(name)[:100]!r}."
            if self.template.document.settings.strict:
                self.problems.append(Problem("layer_not_found", message, "/name", hint, closest=near))
            else:
                self.warnings.append(Warning_("layer_not_found", f"{message} {hint or ''}".strip(), str(name)[:100]))
            return
        layer, targets = self.template.layers[origin(layer_id)], self.unfolded.ids(layer_id)
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
            for target in targets:
                self.put(target, known, value)
                if known == "text" and getattr(layer, "markup", None) is None:
                    self.put(target, "markup", "html")


def variables_used(template: Template) -> frozenset[str]:
    """The names of the variables that some property mentions."""
    return frozenset(
        name for patterns in template.patterns.values() for tree in patterns.values() for name in placeholders(tree)
    )
