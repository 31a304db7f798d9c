"""Problems of a bound row → the same, each pointing to the layer object of the request that it comes from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from tirage.engine.bind import CANVAS_KEYS, is_canvas
from tirage.engine.errors import Problem
from tirage.engine.template import CANVAS, Json, Template, origin

_PICTURES = ("imageUrl", "sourceImage")


def place_problems(
    template: Template,
    problems: Sequence[Problem],
    params: Sequence[Mapping[str, Json]],
    pointers: Sequence[str],
    values_at: str = "",
) -> tuple[Problem, ...]:
    """`pointers` are the places of `params` in the request, `values_at` is that of variables.

    What none of them has set keeps its pointer.
    """
    names = {f"/{each.name}" for each in template.document.variables}
    return tuple(
        replace(each, pointer=f"{values_at}{each.pointer}")
        if each.layer is None and each.pointer in names
        else _placed(template, each, params, pointers)
        for each in problems
    )


def _placed(
    template: Template, problem: Problem, params: Sequence[Mapping[str, Json]], pointers: Sequence[str]
) -> Problem:
    if problem.layer is None:
        return problem
    name, dot, key = problem.pointer.removeprefix("/").rpartition(".")
    if not problem.pointer:
        wanted: tuple[str, ...] = _PICTURES  # a picture that could not be had: its problem knows the layer alone
    elif dot and name == problem.layer:
        wanted = (key,)
    else:
        return problem
    for entry, pointer in reversed(list(zip(params, pointers, strict=True))):
        if _is_of(template, entry.get("name"), problem.layer):
            for given in entry:
                if _property(template, entry["name"], given) in wanted:
                    return replace(problem, pointer=f"{pointer}/{given.replace('~', '~0').replace('/', '~1')}")
    return problem


def _is_of(template: Template, name: Json, layer: str) -> bool:
    return name == layer or (layer == CANVAS and is_canvas(template, name))


def _property(template: Template, name: Json, given: str) -> str:
    """What a key of a layer object is called in the design."""
    if is_canvas(template, name):
        return CANVAS_KEYS.get(given, given)
    key = template.layer_id(name)
    layer = template.layers.get(origin(key)) if key is not None else None
    return given if layer is None else type(layer).synonyms.get(given, given)
