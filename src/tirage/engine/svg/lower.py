"""Lowers a drawing to paths where that is exact: tree → Group of Path nodes, or NotExact."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal, cast

from tirage.engine.scene import Box, Group, Node, Path, Shape, Solid, Stroke
from tirage.engine.svg.allow import references
from tirage.engine.svg.paints import Paints, fraction
from tirage.engine.svg.read import Drawing
from tirage.engine.svg.shapes import NotExact, bounds, shape_of, transform_of, transformed
from tirage.engine.svg.style import Style, computed, local_name
from tirage.engine.svg.viewport import fit, length, numbers, view_box
from tirage.engine.values.transform import Affine, Rect, translation

_SHAPES = frozenset({"path", "rect", "circle", "ellipse", "line", "polyline", "polygon"})
_HIDDEN = frozenset(
    {"defs", "linearGradient", "radialGradient", "clipPath", "mask", "marker", "pattern", "filter", "symbol", "style"}
)
# Whatever is not initial here has a meaning that paths alone do not carry.
_PLAIN = MappingProxyType(
    {
        "filter": ("none",),
        "isolation": ("auto",),
        "marker-end": ("none",),
        "marker-mid": ("none",),
        "marker-start": ("none",),
        "mask": ("none",),
        "mix-blend-mode": ("normal",),
        "paint-order": ("normal", "fill", "fill stroke", "fill stroke markers"),
        "shape-rendering": ("auto", "geometricprecision"),
        "transform-box": ("view-box",),
        "transform-origin": ("0 0",),
        "vector-effect": ("none",),
    }
)
_GEOMETRY = ("x", "y", "cx", "cy", "r", "rx", "ry", "width", "height", "d", "transform")


def lower_paths(drawing: Drawing, width: float, height: float) -> Group:
    """The drawing as paths in a box of `width` × `height` px. Raises NotExact where pixels are needed."""
    if not all(rule.simple for rule in drawing.rules):
        raise NotExact
    lowering = _Lowering(drawing, view_box(drawing.root, width, height))
    place = fit(drawing.root, width, height)
    style = lowering.style(drawing.root, Style())
    children = lowering.children(drawing.root, style)
    content = lowering.wrapped(tuple(children), style, place)
    box = Rect(0, 0, width, height)
    # SVG cuts at its viewport; a clip that would cut nothing is left out, since clips cost time.
    inside = lowering.ink is None or _holds(box, lowering.ink.bounds(place))
    return Group((content,), clip=None if inside else Box(box))


def _holds(outer: Rect, inner: Rect) -> bool:
    slack = 1e-3
    return (
        inner.x >= outer.x - slack
        and inner.y >= outer.y - slack
        and inner.right <= outer.right + slack
        and inner.bottom <= outer.bottom + slack
    )


def _faded(nodes: tuple[Node, ...], opacity: float) -> tuple[Node, ...] | None:
    """One shape with one plain colour takes the opacity into it, which spares the painter a layer."""
    match nodes:
        case (Path(fill=Solid(color), stroke=None) as path,):
            return (replace(path, fill=Solid(color.with_alpha(opacity))),)
        case (Path(fill=None, stroke=Stroke(paint=Solid(color)) as stroke) as path,):
            return (replace(path, stroke=replace(stroke, paint=Solid(color.with_alpha(opacity)))),)
    return None


class _Lowering:
    def __init__(self, drawing: Drawing, view: Rect) -> None:
        self.ink: Rect | None = None
        self._rules = drawing.rules
        self._view = view
        self._named: dict[str, Any] = {}
        for element in drawing.root.iter():
            if name := element.get("id"):
                self._named.setdefault(name, element)
        self._paints = Paints(self._named, drawing.rules, view)
        self._to_user: list[Affine] = [Affine()]

    def style(self, element: Any, parent: Style) -> Style:
        style = computed(element, parent, self._rules)
        for name, plain in _PLAIN.items():
            if style.get(name, plain[0]).lower() not in plain:
                raise NotExact
        for name in _GEOMETRY:
            # Geometry from a style sheet would bypass the attributes that are read here.
            if name in style.own and style.own[name] != (element.get(name) or "").strip():
                raise NotExact
        return style

    def children(self, element: Any, style: Style) -> list[Node]:
        return [node for child in element if (node := self.node(child, style)) is not None]

    def node(self, element: Any, parent: Style) -> Node | None:
        name = local_name(element)
        if name in _HIDDEN:
            return None
        if name not in _SHAPES and name not in ("g", "a", "use"):
            raise NotExact
        style = self.style(element, parent)
        if style.get("display", "inline") == "none":
            return None
        place = transform_of(element.get("transform"))
        if name == "use":
            place = translation(self._number(element, "x"), self._number(element, "y")).then(place)
        self._to_user.append(place.then(self._to_user[-1]))
        try:
            if name == "use":
                target = self._named.get((element.get("href") or "#")[1:])
                if target is None:
                    return None
                if local_name(target) in _HIDDEN:
                    raise NotExact
                found = self.node(target, style)
                nodes = [found] if found is not None else []
            elif name in _SHAPES:
                path = self._path(element, style)
                nodes = [path] if path is not None else []
            else:
                nodes = self.children(element, style)
        finally:
            self._to_user.pop()
        return self.wrapped(tuple(nodes), style, place) if nodes else None

    def wrapped(self, nodes: tuple[Node, ...], style: Style, place: Affine) -> Node:
        """The nodes with an element's clip, opacity and transform."""
        opacity = fraction(style.get("opacity", "1"))
        clip = self._clip(style.get("clip-path", "none"))
        if clip is not None:
            # In a group of its own, so that the clip is in the user space inside the transform.
            nodes = (Group(nodes, clip=clip),)
        if opacity < 1 and (faded := _faded(nodes, opacity)):
            nodes, opacity = faded, 1.0
        if opacity == 1 and place.is_identity and len(nodes) == 1:
            return nodes[0]
        return Group(nodes, transform=place, opacity=opacity)

    def _number(self, element: Any, name: str) -> float:
        if element.get(name) is None:
            return 0.0
        value = length(element.get(name), self._view.width if name == "x" else self._view.height)
        if value is None:
            raise NotExact
        return value

    def _path(self, element: Any, style: Style) -> Path | None:
        if style.get("visibility") != "visible":
            return None
        if element.get("pathLength") is not None and style.get("stroke-dasharray") != "none":
            raise NotExact
        dash = self._dash(style)
        shape = shape_of(element, self._view, even_odd=style.get("fill-rule") == "evenodd", as_path=bool(dash))
        if shape is None:
            return None
        box = bounds(shape)
        fill = self._paints.paint("fill", style, box) if local_name(element) != "line" else None
        stroke = self._stroke(style, box, dash)
        if fill is None and stroke is None:
            return None
        reach = stroke.width / 2 * max(1.5, stroke.miter_limit if stroke.join == "miter" else 1) if stroke else 0.0
        ink = box.outset(reach).bounds(self._to_user[-1])
        self.ink = self.ink.union(ink) if self.ink else ink
        return Path(shape, fill, stroke)

    def _dash(self, style: Style) -> tuple[float, ...]:
        text = style.get("stroke-dasharray").strip()
        if text == "none":
            return ()
        dash = [length(part, 0.0) for part in text.replace(",", " ").split()]
        if "%" in text or any(part is None or part < 0 for part in dash):
            raise NotExact
        lengths = tuple(part for part in dash if part is not None)
        if not sum(lengths):
            return ()
        return lengths * 2 if len(lengths) % 2 else lengths

    def _stroke(self, style: Style, box: Rect, dash: tuple[float, ...]) -> Stroke | None:
        paint = self._paints.paint("stroke", style, box)
        width, offset = length(style.get("stroke-width"), 0.0), length(style.get("stroke-dashoffset"), 0.0)
        cap, join = style.get("stroke-linecap"), style.get("stroke-linejoin")
        limit = numbers(style.get("stroke-miterlimit"))
        if paint is None or width == 0:
            return None
        if (
            width is None
            or width < 0
            or "%" in style.get("stroke-width") + style.get("stroke-dashoffset")
            or offset is None
            or cap not in ("butt", "round", "square")
            or join not in ("miter", "round", "bevel")
            or len(limit) != 1
            or limit[0] < 1
        ):
            raise NotExact
        return Stroke(
            paint,
            width,
            cast(Literal["butt", "round", "square"], cap),
            cast(Literal["miter", "round", "bevel"], join),
            limit[0],
            dash,
            offset,
        )

    def _clip(self, value: str) -> Shape | None:
        """A clip path of one plain shape. Unions, texts and clips of clips are rasterised."""
        if value == "none":
            return None
        target = self._named.get((references(value) or [""])[0])
        if target is None or local_name(target) != "clipPath" or len(target) != 1:
            raise NotExact
        (child,) = target
        style = self.style(child, self.style(target, Style()))
        plain = (
            local_name(child) in _SHAPES
            and target.get("clipPathUnits", "userSpaceOnUse") == "userSpaceOnUse"
            and style.get("clip-path", "none") == "none"
            and target.get("clip-path", "none") == "none"
            and style.get("display", "inline") != "none"
            and style.get("visibility") == "visible"
        )
        shape = shape_of(child, self._view, even_odd=style.get("clip-rule") == "evenodd") if plain else None
        if shape is None:
            raise NotExact
        place = transform_of(child.get("transform")).then(transform_of(target.get("transform")))
        return transformed(shape, place)
