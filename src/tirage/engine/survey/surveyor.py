"""BoundTemplate + resources → what would go wrong in its picture: laid out and measured, next to nothing painted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tirage.engine import cost
from tirage.engine.layer import Layer
from tirage.engine.layout import Services, Surroundings, lay_out, lay_out_background
from tirage.engine.lowering import ImageInfo
from tirage.engine.options import OutputOptions
from tirage.engine.render import px_mm
from tirage.engine.report import LayerReport, Warning_
from tirage.engine.resources import Resources
from tirage.engine.survey.contrast import LEAST, Samples, contrast, uniform
from tirage.engine.survey.ground import Grounds, Stack
from tirage.engine.template import BoundTemplate, Template
from tirage.engine.values.color import Color
from tirage.engine.values.transform import Rect

MAX_KEPT = 2_000
"""Layers laid out, and contrasts, kept of a template."""

_COLORING = frozenset({"color", "backgroundColor", "opacity"})


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What there is to say of a row, and of the layers that it leaves as the template has them.

    `unsure` says that texts lie over what the row brings: how they stand out is known only where that is painted.
    """

    row: tuple[Warning_, ...]
    template: tuple[Warning_, ...] = ()
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A layer of the page with all in it, laid out: reports in painting order, and what there is to say of them."""

    reports: tuple[LayerReport, ...]
    boxes: tuple[Rect, ...]
    warnings: tuple[Warning_, ...]


class Surveyor:
    """Surveys the rows of one template. What recurs is laid out once. Not for several threads at once."""

    def __init__(self, template: Template, services: Services) -> None:
        self.template = template
        self._services = services
        self._grounds = Grounds()
        self._parts: dict[tuple[object, ...], _Part] = {}
        self._contrasts: dict[tuple[object, ...], float] = {}
        self._ids = {
            layer.id: tuple(each.id for each in _all((layer,)))
            for page in template.document.pages
            for layer in page.layers
        }

    def survey(
        self, bound: BoundTemplate, resources: Resources, options: OutputOptions, *, painted: bool = False
    ) -> Surveyed:
        """What would go wrong, with options for the output's scale and dots per inch.

        `painted` also paints what rows bring beneath texts, which takes as long as drawing. Raises ResourceProblem,
        RenderProblem where the picture could not be drawn.
        """
        cost.check_texts(bound)
        of_row: list[Warning_] = []
        of_template: list[Warning_] = []
        unsure = False
        settings = self.template.document.settings
        changed = frozenset(bound.overrides)
        for page in bound.pages:
            around = Surroundings(
                page, resources, self._services, options.scale, False, bound.locale, tuple(settings.fonts),
                px_mm(options), measured=True, pages=bound.pages,
            )  # fmt: skip
            layers = {layer.id: layer for layer in _all(page.layers)}
            stack = Stack(around, layers, changed)
            ground = of_row if page.background_touched else of_template
            ground += lay_out_background(around).warnings
            for layer in page.layers:
                part = self._part(layer, stack, bound)
                stack.reports.extend(part.reports)
                stack.boxes.extend(part.boxes)
                for warning in part.warnings:
                    touched = self.template.by_name.get(warning.layer or "", layer.id) in page.touched
                    (of_row if touched else of_template).append(warning)
            for place, report in enumerate(stack.reports):
                text = layers[report.id]
                if report.ink is not None and text.letters():
                    told, depends, known = self._contrast(stack, place, text, report.ink, painted)
                    unsure = unsure or not known
                    colored = _COLORING & bound.overrides.get(text.id, {}).keys()
                    (of_row if depends or colored else of_template).extend(told)
        return Surveyed(tuple(dict.fromkeys(of_row)), tuple(dict.fromkeys(of_template)), unsure)

    def _part(self, layer: Layer, stack: Stack, bound: BoundTemplate) -> _Part:
        """The layer laid out; values and pictures return in row after row, and are measured once."""
        page, around = stack.page, stack.around
        values: list[tuple[str, str]] = []
        pictures: list[str] = []
        inside = tuple(_all((layer,))) if layer.nested() else (layer,)
        if any(each.anchor is not None or each.borrows() for each in inside):
            values.append(("", repr(bound.overrides)))  # it lies where others end
        # Those of the template too: what hides a layer is among the values, and the layer is not.
        for inner in dict.fromkeys((*self._ids[layer.id], *(each.id for each in inside))):
            if (given := bound.overrides.get(inner)) is not None:
                values.append((inner, repr(given)))
            if inner in stack.layers:
                pictures += [around.resources.image(ref.source).sha256 for ref in stack.layers[inner].images()]
        key = (
            page.index, page.width, page.height, around.scale, around.px_mm, layer.id, tuple(values), tuple(pictures)
        )  # fmt: skip
        part = self._parts.get(key)
        if part is None:
            laid = lay_out((layer,), around)
            probe = _Probe(self._services, around.resources)
            told = list(laid.warnings)
            for report in laid.reports:
                told += stack.layers[report.id].findings(report, around.scale, probe)
            if len(self._parts) >= MAX_KEPT:
                self._parts.clear()
            part = _Part(laid.reports, tuple(_bounds(report) for report in laid.reports), tuple(told))
            self._parts[key] = part
        return part

    def _contrast(
        self, stack: Stack, place: int, layer: Layer, ink: Rect, painted: bool
    ) -> tuple[tuple[Warning_, ...], bool, bool]:
        """What there is to say; whether the row decides on what lies beneath; whether that is known."""
        opacity = self._opacity(layer, stack)
        if opacity == 0 or layer.shadow or layer.blend_mode != "normal":
            return (), False, True  # a shadow is what lifts text off any ground
        behind = layer.ground()
        if behind is None or 0 < behind.alpha < 1:
            return (), False, True
        if behind.alpha == 1:
            samples, of_row = uniform(behind), False
        else:
            beneath = self._grounds.beneath(stack, place, ink, painted=painted)
            if beneath.samples is None:
                return (), beneath.of_row, not beneath.of_row
            samples, of_row = beneath.samples, beneath.of_row
        least = min(self._measured(color, opacity, samples) for color in layer.letters())
        if least >= LEAST:
            return (), of_row, True
        message = f"The text stands out from what lies beneath by {least:.1f}:1; people read it from {LEAST:g}:1 on."
        return (Warning_("contrast_low", message, layer.name, "/color"),), of_row, True

    def _measured(self, color: Color, opacity: float, samples: Samples) -> float:
        if len(samples) > 1:
            return contrast(color, color.alpha * opacity, samples)
        key = (color, opacity, samples.tobytes())
        found = self._contrasts.get(key)
        if found is None:
            if len(self._contrasts) > MAX_KEPT:
                self._contrasts.clear()
            found = self._contrasts[key] = contrast(color, color.alpha * opacity, samples)
        return found

    def _opacity(self, layer: Layer, stack: Stack) -> float:
        opacity = layer.opacity
        for above in self.template.ancestors.get(layer.id, ()):
            opacity *= stack.layers[above].opacity
        return opacity


@dataclass(frozen=True, slots=True)
class _Probe:
    """The headers of pictures, which laying out has read already."""

    services: Services
    resources: Resources

    def __call__(self, source: str) -> ImageInfo:
        return self.services.infos[self.resources.image(source).sha256]


def _all(layers: Iterable[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _all(layer.nested())


def _bounds(report: LayerReport) -> Rect:
    (left, top), _, (right, bottom), _ = report.quad
    if report.quad[1][1] == top and report.quad[1][0] == right:
        return Rect(min(left, right), min(top, bottom), abs(right - left), abs(bottom - top))
    xs, ys = zip(*report.quad, strict=True)
    return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))
