"""A design's id → its parsed template with what its requests share; parsed once a version."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tirage.actions.draw_order import Kept, sources
from tirage.actions.own_fonts import NO_SHELF, OwnFonts, Shelf
from tirage.assets.fetched import Fetched
from tirage.assets.fontsource import NO_FONTS, FontPack
from tirage.assets.local import read_data_url
from tirage.context import Service
from tirage.engine.bind import apply
from tirage.engine.errors import ResourceProblem
from tirage.engine.layer import Layer
from tirage.engine.parse import parse
from tirage.engine.resources import FontRef
from tirage.engine.sizes import for_size
from tirage.engine.template import Template, origin
from tirage.store import fonts, templates
from tirage.store.errors import NotFound

MOST_BYTES = 64_000_000
"""Documents of designs that stay parsed; a parsed one takes a few times that."""


@dataclass(slots=True)
class Design:
    """One version of a design, with its workspace's fonts as they are now.

    `fixed` are the pictures that no row changes; `embedded` those inside the document.
    """

    id: str
    workspace: str
    version: int
    template: Template
    document: bytes
    fixed: frozenset[str]
    embedded: Mapping[str, Fetched]
    shelf: Shelf = NO_SHELF
    own_fonts: OwnFonts | None = None
    font_keys: dict[frozenset[FontRef], frozenset[str]] = field(default_factory=dict)
    kept: dict[tuple[Any, ...], Kept] = field(default_factory=dict)
    sized: dict[str, Design] = field(default_factory=dict)
    """The same design in those of its sizes that were asked for."""
    pages: dict[str, int] = field(default_factory=dict)
    """The page of each layer by the layer's id, once it was asked for."""

    @property
    def name(self) -> str:
        """The design's name."""
        return self.template.document.name

    @property
    def layer_names(self) -> tuple[str, ...]:
        """The names by which requests address its layers."""
        return tuple(self.template.by_name)

    def page_of(self, name: str) -> int | None:
        """The place of the page that a layer, or a copy of one, lies on; None where no layer is called so."""
        key = self.template.layer_id(name)
        if not self.pages:
            for place, page in enumerate(self.template.document.pages):
                self.pages.update(dict.fromkeys(_ids(page.layers), place))
        return None if key is None else self.pages.get(origin(key))

    async def pack(self, service: Service, refs: frozenset[FontRef]) -> FontPack:
        """The workspace's own fonts that text with these wishes may be set with. Raises as `OwnFonts.pack`."""
        if self.own_fonts is None or not self.shelf.families:
            return NO_FONTS
        return await self.own_fonts.pack(service, self.workspace, self.shelf, refs)


class OpenDesigns:
    """The designs that were used last, parsed."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._held = 0
        self._designs: OrderedDict[tuple[str, str, int, str], Design] = OrderedDict()
        self._fonts = OwnFonts()

    async def open(
        self, service: Service, workspace: str, uid: str, version: int | None = None, *, mark: str | None = None
    ) -> Design:
        """The design, its present version unless one is named; `mark` is that of the fonts where it is known.

        Raises NotFound `template_not_found`.
        """
        if version is None:
            present = await templates.look(service.database, workspace, uid)
            version, mark = present.version, present.fonts_mark
        elif mark is None:
            async with service.database.workspace(workspace) as tx:
                mark = await fonts.mark(tx)
        key = (workspace, uid, version, mark)
        held = self._designs.get(key)
        if held is not None:
            self._designs.move_to_end(key)
            return held
        async with service.database.workspace(workspace) as tx:
            stored = await templates.document(tx, uid, version)
        design = read_design(uid, workspace, stored.version, stored.document.encode())
        design.shelf = await self._fonts.shelf(service, workspace, mark)
        design.own_fonts = self._fonts
        self._keep(key, design)
        return design

    async def locate(self, service: Service, uid: str, workspaces: tuple[str, ...], default: str) -> Design:
        """The design in whichever of a key's workspaces it lies. Raises NotFound `template_not_found`."""
        try:
            return await self.open(service, default, uid)
        except NotFound:
            if len(workspaces) < 2:
                raise
        async with service.database.system() as system:
            found = await templates.find_public(system, uid)
        if found is None or found.workspace_id not in workspaces:
            raise NotFound.of("template", uid)
        return await self.open(service, found.workspace_id, uid)

    def _keep(self, key: tuple[str, str, int, str], design: Design) -> None:
        old = self._designs.pop(key, None)
        self._held -= len(old.document) if old else 0
        self._designs[key] = design
        self._held += len(design.document)
        while self._held > self._most and len(self._designs) > 1:
            self._held -= len(self._designs.popitem(last=False)[1].document)


def read_design(uid: str, workspace: str, version: int, document: bytes) -> Design:
    """A stored document, parsed. Raises TemplateProblem."""
    template = parse(document)
    fixed = frozenset(sources(apply(template, {})))
    embedded = {}
    for source in fixed:
        if source[:5].lower() == "data:":
            try:
                embedded[source] = read_data_url(source)
            except ResourceProblem:
                continue  # told by the request that needs it, with the layer's name
    return Design(uid, workspace, version, template, document, fixed, embedded)


def _ids(layers: Sequence[Layer]) -> Iterator[str]:
    for layer in layers:
        yield layer.id
        yield from _ids(layer.nested())


def in_size(design: Design, name: str) -> Design:
    """The design in the size of that name; with an empty one as it is. Parsed once.

    Raises TemplateProblem `size_unknown`, or what is wrong with the design in that size.
    """
    if not name:
        return design
    held = design.sized.get(name)
    if held is None:
        document = for_size(design.template, design.document, name)
        held = read_design(design.id, design.workspace, design.version, document)
        held.shelf, held.own_fonts = design.shelf, design.own_fonts
        design.sized[name] = held
    return held
