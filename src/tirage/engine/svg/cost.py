"""Counts what drawing a tree will cost before anything draws it: repeated use, layers, filters, path commands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tirage.engine.svg.allow import references
from tirage.engine.svg.style import Rule, local_name

MAX_COST = 100_000
MAX_DEPTH = 256
MAX_PATH_BYTES = 1_000_000
MAX_OCTAVES = 10
MAX_MORPHOLOGY = 100
MAX_KERNEL = 400
MAX_BLUR = 1000

# One unit is about one plain shape; layers and filter steps each touch every pixel.
_LAYER_COST = 100
_FILTER_COST = 1000
_BYTES_PER_UNIT = 50
_LAYERS = ("opacity", "mask", "mix-blend-mode", "clip-path", "filter")
_GRADIENTS = ("linearGradient", "radialGradient")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")


class _TooComplex(Exception):
    """The sentence's end says why."""


def check_cost(root: Any, rules: Sequence[Rule]) -> str | None:
    """Why a tree is too complex, as the end of a sentence, or None where it is not."""
    try:
        counter = _Counter(root, [rule for rule in rules if any(references(value) for _, value, _ in rule.declared)])
        counter.cost(root, 0)
        for element in counter.named.values():
            counter.cost(element, 0)
    except _TooComplex as error:
        return str(error)
    return None


class _Counter:
    def __init__(self, root: Any, rules: Sequence[Rule]) -> None:
        self._rules = rules
        self.named: dict[str, Any] = {}
        self._known: dict[Any, int] = {}
        self._path: set[Any] = set()
        size = 0
        for element in root.iter():
            if name := element.get("id"):
                self.named.setdefault(name, element)
            size += len(element.get("d") or "") + len(element.get("points") or "")
            _check_filter(element)
        if size > MAX_PATH_BYTES:
            raise _TooComplex(f"its paths have more than {MAX_PATH_BYTES} characters")

    def cost(self, element: Any, depth: int) -> int:
        """The units of an element with everything that it contains and refers to."""
        if element in self._known:
            return self._known[element]
        if element in self._path:
            raise _TooComplex("an element refers to itself")
        if depth > MAX_DEPTH:
            raise _TooComplex(f"its elements and what they refer to are nested more than {MAX_DEPTH} deep")
        self._path.add(element)
        units = self._own(element)
        for child in element:
            units += self.cost(child, depth + 1)
        for name, times in self._references(element):
            target = self.named.get(name)
            if target is not None:
                units += times * self.cost(target, depth + 1)
            if units > MAX_COST:
                break
        self._path.discard(element)
        if units > MAX_COST:
            raise _TooComplex(f"it takes more than {MAX_COST} drawing steps, counted with everything that is repeated")
        self._known[element] = units
        return units

    def _own(self, element: Any) -> int:
        name = local_name(element)
        if name.startswith("fe"):
            return _FILTER_COST
        style = element.get("style") or ""
        layers = sum(1 for layer in _LAYERS if element.get(layer) or f"{layer}:" in style.replace(" ", ""))
        text = len(element.get("d") or "") + len(element.get("points") or "") + len(element.text or "")
        return 1 + layers * _LAYER_COST + text // _BYTES_PER_UNIT

    def _references(self, element: Any) -> Iterator[tuple[str, int]]:
        href = element.get("href") or ""
        if href.startswith("#"):
            yield href[1:], 1
        corners = 1 + (len(element.get("d") or "") + len(element.get("points") or "")) // 4
        for name, value in element.attrib.items():
            for target in references(value):
                # A marker is drawn at every corner; `style` may hold one too.
                yield target, corners if name.startswith("marker") or (name == "style" and "marker" in value) else 1
        for rule in self._rules:
            if rule.matches(element):
                for name, value, _ in rule.declared:
                    for target in references(value):
                        # A rule that may match anything may match what it refers to; that is no cycle.
                        if rule.simple or self.named.get(target) not in self._path:
                            yield target, corners if name.startswith("marker") else 1


def _check_filter(element: Any) -> None:
    limits = {
        "feTurbulence": ("numOctaves", MAX_OCTAVES, 1),
        "feMorphology": ("radius", MAX_MORPHOLOGY, 1),
        "feConvolveMatrix": ("order", MAX_KERNEL, 2),
        "feGaussianBlur": ("stdDeviation", MAX_BLUR, 1),
        "feDropShadow": ("stdDeviation", MAX_BLUR, 1),
    }
    if (limit := limits.get(local_name(element))) is None:
        return
    attribute, most, power = limit
    numbers = [float(text) for text in _NUMBER.findall(element.get(attribute) or "")]
    if numbers and max(numbers) ** power > most:
        raise _TooComplex(f"{attribute} of {local_name(element)} is beyond its limit")
