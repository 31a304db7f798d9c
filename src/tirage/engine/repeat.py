"""Repeated groups: the items of a row → how often each is drawn, with what in scope; and the copies of its layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tirage.engine.errors import Problem, RowProblem
from tirage.engine.expand import expand, structured
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope, shown
from tirage.engine.layer import Layer
from tirage.engine.report import Warning_
from tirage.engine.template import MAX_LAYERS, Repeated, Template, instance, origin


@dataclass(slots=True)
class Unfolded:
    """The copies of a row: of each repeated layer their ids and what expressions see there, and the counts."""

    copies: dict[str, dict[str, Scope]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    """By the id of the group, or of its copy, how many items it has."""
    warnings: list[Warning_] = field(default_factory=list)

    def of(self, layer_id: str, scope: Scope) -> Iterator[tuple[str, Scope]]:
        """The ids that stand for a layer: its own, or those of its copies."""
        if layer_id in self.copies:
            yield from self.copies[layer_id].items()
        else:
            yield layer_id, scope

    def ids(self, key: str) -> tuple[str, ...]:
        """The same ids alone, also of one copy by its own id; none where there is no such copy."""
        copied = self.copies.get(origin(key))
        if copied is None:
            return (key,) if origin(key) == key else ()
        return tuple(copied) if key in self.copies else (key,) if key in copied else ()


def unfold(template: Template, scope: Scope) -> Unfolded:
    """The items of every repeated group of a row.

    Raises RowProblem `repeat_invalid` where there is no list, `repeat_too_many` beyond 1,000 layers.
    """
    made = Unfolded({inner: {} for each in template.repeats.values() for inner in each.layers})
    drawn = len(template.layers) - len(made.copies)

    def walk(group: str, place: str, around: Scope) -> None:
        nonlocal drawn
        plan = template.repeats[group]
        items = _items(plan, template.layers[group], around)
        if len(items) > plan.limit:
            name = instance(template.layers[group].name, place)
            message = f"{name!r} has {len(items)} items; its limit of {plan.limit} are drawn."
            made.warnings.append(Warning_("repeat_cut", message, name))
            items = items[: plan.limit]
        made.counts[instance(group, place)] = len(items)
        drawn += len(items) * len(plan.layers)
        if drawn > MAX_LAYERS:
            message = f"With all repetitions there would be more than {MAX_LAYERS:,} layers."
            hint = "Give less items, or lower the `limit` of the group's `repeat`."
            raise RowProblem(_problem("repeat_too_many", message, template.layers[group], hint))
        for number, item in enumerate(items):
            inner, there = f"{place}[{number}]", _inside(around, plan, item, number)
            for layer_id in plan.layers:
                made.copies[layer_id][instance(layer_id, inner)] = there
                if layer_id in template.repeats:
                    walk(layer_id, inner, there)

    for group, plan in template.repeats.items():
        if plan.above is None:
            walk(group, "", scope)
    return made


def _inside(around: Scope, plan: Repeated, item: Any, number: int) -> Scope:
    """What expressions within an item see: the names of the repetition hide variables that are called the same."""
    return replace(around, values={**around.values, plan.item: item, plan.index: number})


def _items(plan: Repeated, group: Layer, scope: Scope) -> list[Any]:
    try:
        found = expand(plan.items, scope)
        if isinstance(found, str) and found.strip()[:1] == "[":
            found = structured(found)
    except (ExpressionError, ValueError) as error:
        raise RowProblem(_problem("repeat_invalid", f"The items of {group.name!r}: {error}.", group)) from None
    if found is None or found == "":
        return []
    if not isinstance(found, list):
        message = f"{group.name!r} is repeated for each item of a list, but {shown(found)} is none."
        raise RowProblem(_problem("repeat_invalid", message, group, "Give a list, as JSON where it is a cell."))
    return found


def _problem(code: str, message: str, group: Layer, hint: str | None = None) -> Problem:
    return Problem(code, message, f"/{group.name}.repeat", hint, layer=group.name)


def copies(group: Layer, count: int) -> tuple[Layer, ...]:
    """The children of a group, once for each item, with ids and names of their own."""
    names = frozenset(_names(group.nested()))
    return tuple(_copy(child, f"[{number}]", names) for number in range(count) for child in group.nested())


def _names(layers: tuple[Any, ...]) -> Iterator[str]:
    for layer in layers:
        yield layer.name
        yield from _names(layer.nested())


def _copy(layer: Layer, place: str, names: frozenset[str]) -> Layer:
    update: dict[str, Any] = {"id": instance(layer.id, place), "name": instance(layer.name, place)}
    if layer.nested():
        update["children"] = tuple(_copy(child, place, names) for child in layer.nested())
    mask = getattr(layer, "mask", None)
    if mask is not None:
        update["mask"] = mask.model_copy(update={"layer": instance(mask.layer, place)})
    if layer.anchor is not None:
        tied: Mapping[str, Any] = {
            key: anchor.model_copy(update={"layer": instance(anchor.layer, place)})
            for key, anchor in layer.anchor.each()
            if anchor.layer in names
        }
        update["anchor"] = layer.anchor.model_copy(update=dict(tied))
    return layer.model_copy(update=update)
