"""BoundTemplate + resources → Scene + report: every layer lowered to primitives and put in its place."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tirage.engine.decoration import paint_for
from tirage.engine.errors import ResourceProblem
from tirage.engine.images import ImageEngine, probe
from tirage.engine.layer import Layer, Lowered
from tirage.engine.lowering import Focus, ImageInfo, TextBlock, TextSpec
from tirage.engine.placed import Extents, placed_among
from tirage.engine.placing import Edges
from tirage.engine.report import ImageReport, LayerReport, TextReport, Warning_
from tirage.engine.resources import Blob, Resources
from tirage.engine.scene import Box, Group, Node, Path, Pixels
from tirage.engine.svg import Drawing, lower_svg, prepare_svg
from tirage.engine.svg.viewport import view_box
from tirage.engine.template import BoundPage
from tirage.engine.text import TextEngine
from tirage.engine.values.filter import Blur
from tirage.engine.values.transform import IDENTITY, Affine, Rect, box_transform, translation

MAX_WARNINGS = 200
_DROP = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
_OF_FONTS = frozenset({"glyph_missing", "font_missing"})


@dataclass(slots=True)
class Services:
    """What one process keeps between renders: fonts loaded, words shaped, pictures decoded, drawings read."""

    text: TextEngine
    images: ImageEngine
    infos: dict[str, ImageInfo] = field(default_factory=dict)
    drawings: dict[str, Drawing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What holds for a whole layout: the page, its resources, and how finely pictures are needed."""

    page: BoundPage
    resources: Resources
    services: Services
    scale: float = 1.0
    vector: bool = False
    locale: str = "en"
    fallback_fonts: tuple[str, ...] = ()
    pages: tuple[BoundPage, ...] = field(default=(), kw_only=True)
    """All pages of the row, for layers that go on from one to the next."""
    px_mm: float | None = None
    """Millimetres that a px becomes on paper, where the output says so."""
    measured: bool = False
    """Whether only sizes and places are wanted: pictures are not decoded and drawings are not lowered."""
    places: dict[str, Rect] = field(default_factory=dict)
    """By id, the places of the page's layers that are tied to others; worked out by the first who asks."""
    extents: dict[tuple[int, float, float], Extents] = field(default_factory=dict)
    """What layers of a size cover, by their identity: they live as long as this layout does."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Some layers of a page, laid out: nodes in page px, and what there is to tell of them."""

    nodes: tuple[Node, ...]
    reports: tuple[LayerReport, ...] = ()
    warnings: tuple[Warning_, ...] = ()
    links: tuple[tuple[Rect, str], ...] = ()


def lay_out(layers: Sequence[Layer], around: Surroundings) -> Laid:
    """Lower layers of a page in painting order. Raises ResourceProblem that names the layer."""
    context = _Context(around)
    page = around.page
    if not around.places and any(layer.placed for layer in layers):
        # Of all layers of the page: what one is tied to may lie in another run.
        around.places.update(context.places(page.layers, page.width, page.height))
    nodes = tuple(context.child(layer, page.width, page.height, around.places.get(layer.id)) for layer in layers)
    return Laid(nodes, tuple(context.reports), tuple(context.warnings[:MAX_WARNINGS]), tuple(context.links))


def lay_out_background(around: Surroundings) -> Laid:
    """The page's background as one path."""
    page = around.page
    rect = Rect(0, 0, page.width, page.height)
    context = _Context(around)
    fill = paint_for(page.background, rect, context)
    return Laid((Path(Box(rect), fill=fill),), warnings=tuple(context.warnings))


@dataclass(slots=True)
class _Told:
    """What a layer tells while it is lowered."""

    layer: Layer
    text: TextReport | None = None
    images: list[ImageReport] = field(default_factory=list)
    block: TextBlock | None = None
    drop: float = 0.0
    """How far below the top of its room the first line of the text begins, px."""


class _Context:
    """The engine's services for the layers of one page; the LowerContext of `lowering`."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._services = around.services
        self._stack: list[_Told] = []
        self._transform = IDENTITY
        # By the identity of layers, which all live as long as this layout does.
        self._natural: dict[tuple[int, float | None], tuple[float, float] | None] = {}
        self.reports: list[LayerReport] = []
        self.warnings: list[Warning_] = []
        self.links: list[tuple[Rect, str]] = []

    @property
    def scale(self) -> float:
        return self._around.scale

    @property
    def vector(self) -> bool:
        return self._around.vector

    @property
    def locale(self) -> str:
        return self._around.locale

    @property
    def px_mm(self) -> float | None:
        return self._around.px_mm

    def child(self, layer: Layer, width: float, height: float, place: Rect | None = None) -> Group:
        """Lower a layer into its parent of `width` × `height` px, or into the `place` given; report on it."""
        box = place or self._own_box(layer, width, height, Edges(), Edges())
        local = box_transform(box.x, box.y, box.width, box.height, layer.rotation, layer.flip)
        told, outer = _Told(layer), self._transform
        first = len(self.reports)
        self._stack.append(told)
        self._transform = local.then(outer)
        try:
            lowered = layer.lower(self, box.width, box.height)
        except ResourceProblem as error:
            raise _named(error, layer) from error
        finally:
            self._stack.pop()
            self._transform = outer
        if lowered.box is not None and lowered.box != Rect(0, 0, box.width, box.height):
            # Text that grew: the layer turns about the centre of the box it took.
            grown = lowered.box
            local = box_transform(
                box.x + grown.x, box.y + grown.y, grown.width, grown.height, layer.rotation, layer.flip
            )
            local = translation(-grown.x, -grown.y).then(local)
        self._report(told, lowered, box, local.then(outer), first)
        return Group(
            lowered.nodes,
            transform=local,
            opacity=layer.opacity,
            blend=layer.blend_mode,
            filters=(Blur(layer.blur),) if layer.blur else (),
            label=layer.name,
            href=layer.link,
        )

    def natural(self, layer: Layer, width: float | None) -> tuple[float, float] | None:
        """The size that a layer's content asks for, worked out once for each width."""
        key = (id(layer), width)
        if key not in self._natural:
            self._natural[key] = layer.natural(self, width)
        return self._natural[key]

    def places(
        self, layers: Sequence[Layer], width: float, height: float, given: Mapping[str, Rect] | None = None
    ) -> dict[str, Rect]:
        """Where the layers lie that are tied to others or to the edges of their parent; see `LowerContext.places`."""
        return placed_among(layers, width, height, self._extents, self._own_box, given or {})

    def baseline(self, layer: Layer, width: float, height: float) -> float:
        """The first baseline of a text in its box; of anything else its lower edge, as CSS has it for pictures."""
        return self._extents(layer, Rect(0, 0, width, height)).baseline

    def _own_box(self, layer: Layer, width: float, height: float, across: Edges, down: Edges) -> Rect:
        """The box that a layer names, or that its content asks for, or that lies between edges."""
        wide = self._own_width(layer, width, height) if across.stretched is None else across.stretched
        wide = layer.within_width(wide, width)
        tall = layer.height.resolve(height)
        if down.stretched is not None:
            tall = down.stretched
        elif layer.height_mode == "hug" and (asked := self.natural(layer, wide)) is not None:
            tall = asked[1]
        tall = layer.within_height(tall, height)
        x, y = layer.x.resolve(width), layer.y.resolve(height)
        return Rect(across.place(x, wide), down.place(y, tall), wide, tall)

    def _own_width(self, layer: Layer, width: float, height: float) -> float:
        if layer.width_mode == "hug":
            if layer.height_mode != "hug" and (own := layer.intrinsic(self)) is not None:
                return layer.within_height(layer.height.resolve(height), height) * own[0] / own[1]
            most = None if layer.max_width is None else layer.max_width.resolve(width)
            if (asked := self.natural(layer, most)) is not None:
                return asked[0]
        return layer.width.resolve(width)

    def _extents(self, layer: Layer, box: Rect) -> Extents:
        """What a layer covers in its box, from the box's corner; lowered only where that cannot be said without."""
        key = (id(layer), box.width, box.height)
        if key not in self._around.extents:
            self._around.extents[key] = self._measured(layer, box.width, box.height)
        return self._around.extents[key]

    def _measured(self, layer: Layer, width: float, height: float) -> Extents:
        whole = Rect(0, 0, width, height)
        if layer.nested():
            return Extents(whole, whole, whole, height)
        quiet = _Context(replace(self._around, measured=True))
        told = _Told(layer)
        quiet._stack.append(told)
        try:
            lowered = layer.lower(quiet, width, height)
        except ResourceProblem as error:
            raise _named(error, layer) from error
        box, block = lowered.box or whole, told.block
        if block is None:
            return Extents(box, box, lowered.ink or box, box.bottom)
        # The layer shifts the block by its padding: by as much as its ink was moved.
        shift = (
            (lowered.ink.x - block.ink.x, lowered.ink.y - block.ink.y) if lowered.ink and block.ink else (0.0, box.y)
        )
        lines = block.lines
        left = min((line.x for line in lines), default=0.0)
        right = max((line.x + line.width for line in lines), default=left)
        text = Rect(left, told.drop, right - left, block.height if block.ink else 0.0).moved(*shift)
        baseline = lines[0].baseline + shift[1] if lines else box.bottom
        return Extents(box, text, lowered.ink or text, baseline)

    def _report(self, told: _Told, lowered: Lowered, box: Rect, transform: Affine, place: int) -> None:
        layer = told.layer
        taken = lowered.box or Rect(0, 0, box.width, box.height)
        unrotated = taken.moved(box.x, box.y)
        if self._transform is not IDENTITY:
            unrotated = unrotated.bounds(self._transform)
        report = LayerReport(
            id=layer.id,
            name=layer.name,
            page=self._around.page.index,
            box=unrotated,
            quad=taken.quad(transform),
            ink=lowered.ink.bounds(transform) if lowered.ink else None,
            text=told.text,
            images=tuple(told.images),
        )
        self.reports.insert(place, report)  # a group before its children
        if layer.link:
            self.links.append((taken.bounds(transform), layer.link))

    def text(self, spec: TextSpec) -> TextBlock:
        """Set the layer's text, report on it and tell what did not go well."""
        block = self._set(spec)
        told = self._stack[-1]
        told.text, told.block = block.report, block
        spare = spec.height - block.height
        told.drop = _DROP[spec.vertical_align] * (max(0.0, spare) if spec.fit == "grow" else spare)
        for code, message in block.warnings:
            self.warn(code, message, key="text")
        return block

    def label(self, spec: TextSpec) -> TextBlock:
        """Set a text that the layer measures and places itself; a warning that fonts cause is told once."""
        block = self._set(spec)
        name = self._stack[-1].layer.name if self._stack else None
        for code, message in block.warnings:
            if code in _OF_FONTS and Warning_(code, message, name) not in self.warnings:
                self.warn(code, message)
        return block

    def _set(self, spec: TextSpec) -> TextBlock:
        """The text with the template's own fallback families behind the named ones."""
        extra = self._around.fallback_fonts
        if extra:
            spec = replace(
                spec,
                strut=replace(spec.strut, families=(*spec.strut.families, *extra)),
                spans=tuple(
                    replace(span, style=replace(span.style, families=(*span.style.families, *extra)))
                    for span in spec.spans
                ),
            )
        return self._services.text.set(spec)

    def probe(self, source: str) -> ImageInfo:
        """The picture's header, read once per content."""
        blob = self._around.resources.image(source)
        info = self._services.infos.get(blob.sha256)
        if info is None:
            info = _drawing_info(self._drawing(blob), blob) if _is_svg(blob.data) else probe(blob.data, blob.sha256)
            if len(self._services.infos) > 4096:
                self._services.infos.clear()
            self._services.infos[blob.sha256] = info
        return info

    def pixels(self, source: str, crop: Rect, width: float, height: float) -> Pixels:
        """Pixels for a place of `width` × `height` px, as fine as the output and the groups around show them."""
        if self._around.measured:
            info = self.probe(source)
            return Pixels(None, max(1, round(crop.width)), max(1, round(crop.height)), info.sha256, not info.alpha)
        zoom = self.scale * self._transform.scale
        device_width, device_height = max(1, round(width * zoom)), max(1, round(height * zoom))
        return self._services.images.pixels(self._around.resources.image(source), crop, device_width, device_height)

    def focus(self, source: str, width: float, height: float) -> Focus:
        """The point that a crop must keep; of a drawing, whose faces nobody looks for, the middle."""
        if self._around.measured or self.probe(source).format == "svg":
            return Focus(0.5, 0.5, "center")
        return self._services.images.focus(self._around.resources.image(source), width, height)

    def svg(self, source: str, width: float, height: float, colors: Sequence[tuple[str, str]]) -> Node:
        """A drawing from markup or a source, fitted into the box."""
        if source.lstrip().startswith("<"):
            markup = source.encode()
            blob = Blob(markup, hashlib.sha256(markup).hexdigest())
        else:
            blob = self._around.resources.image(source)
        drawing = self._drawing(blob)
        if any(str(element.tag).rpartition("}")[2] == "text" for element in drawing.root.iter()):
            self.warn("svg_text", "Text in a drawing depends on the fonts of the machine; convert it to outlines.")
        if self._around.measured:
            return Group(())
        return lower_svg(drawing, width, height, colors, scale=self.scale * self._transform.scale)

    def _drawing(self, blob: Blob) -> Drawing:
        drawing = self._services.drawings.get(blob.sha256)
        if drawing is None:
            drawing = prepare_svg(blob.data, probe)
            if len(self._services.drawings) > 64:
                self._services.drawings.clear()
            self._services.drawings[blob.sha256] = drawing
        return drawing

    def layers(self) -> Iterator[tuple[Layer, float, float]]:
        """All layers of all pages with the sizes that they name, groups before their children."""
        for page in self._around.pages or (self._around.page,):
            yield from _sized(page.layers, page.width, page.height)

    def note_image(self, image: ImageReport) -> None:
        """Put a drawn picture into the report of the layer being lowered."""
        self._stack[-1].images.append(image)

    def warn(self, code: str, message: str, *, key: str = "") -> None:
        """Add a warning about the layer being lowered."""
        layer = self._stack[-1].layer.name if self._stack else None
        self.warnings.append(Warning_(code, message, layer, f"/{key}" if key else ""))


def _sized(layers: Sequence[Layer], width: float, height: float) -> Iterator[tuple[Layer, float, float]]:
    for layer in layers:
        wide, tall = layer.width.resolve(width), layer.height.resolve(height)
        yield layer, wide, tall
        yield from _sized(layer.nested(), wide, tall)


def _is_svg(data: bytes) -> bool:
    head = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n")
    return head.startswith((b"<", b"\xff\xfe<", b"\xfe\xff\x00<"))


def _drawing_info(drawing: Drawing, blob: Blob) -> ImageInfo:
    # 300 by 150 is the size of a drawing that names none (CSS Images 3, 5.2).
    view = view_box(drawing.root, 300, 150)
    return ImageInfo(max(1, round(view.width)), max(1, round(view.height)), "svg", True, blob.sha256)


def _named(error: ResourceProblem, layer: Layer) -> ResourceProblem:
    """The same error with the layer's name on every problem that bears none."""
    problems = [
        problem if problem.layer else replace(problem, layer=layer.name, pointer=problem.pointer or "/imageUrl")
        for problem in error.problems
    ]
    return ResourceProblem(problems, retryable=error.retryable)
