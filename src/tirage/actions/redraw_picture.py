"""A recorded picture → drawn again from its record: to be compared with what was made, or to be kept anew."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from tirage.actions.draw_order import Output
from tirage.actions.draw_outputs import draw_outputs
from tirage.actions.keep_pictures import Answering, Asked, keep_pictures
from tirage.actions.make_batch_pdf import BatchPage, draw_batch_pdf
from tirage.actions.open_design import Design, OpenDesigns, in_size
from tirage.actions.origin import Origin, RowOrigin
from tirage.actions.render_request import DrawnOutput, read_row
from tirage.blobs import StorageProblem
from tirage.context import Service
from tirage.engine.options import OutputOptions
from tirage.engine.template import Json
from tirage.store.images import Image

LayerObjects = Sequence[Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Order:
    """What a picture was asked for with, as its record has it. `origin` is None for pictures of older versions."""

    params: LayerObjects
    values: Mapping[str, Json]
    output: Output
    origin: Origin | None


@dataclass(frozen=True, slots=True)
class Redrawn:
    """The same file once more. `output` has this file only."""

    design: Design
    order: Order
    output: DrawnOutput

    @property
    def data(self) -> bytes:
        """The file's bytes."""
        return self.output.files[0].data

    @property
    def sha256(self) -> str:
        """In lower-case hex."""
        return hashlib.sha256(self.data).hexdigest()


def order_of_image(image: Image) -> Order:
    """What the record of a picture says about how it was asked for."""
    asked = orjson.loads(image.overrides)
    params, values = (asked, {}) if isinstance(asked, list) else (asked["params"], asked["variables"])
    options: dict[str, Any] = orjson.loads(image.options)
    name = options.pop("format", image.format)
    output = Output(name, size=options.pop("size", ""), locale=options.pop("locale", ""))
    return Order(params, values, replace(output, options=OutputOptions(**options)), Origin.read(image.origin))


async def redraw(service: Service, designs: OpenDesigns, image: Image, *, latest: bool = False) -> Redrawn:
    """Draw a picture again, of the version of its design that it was made of, or of the `latest`.

    Its dates are those of its own moment, its remote pictures are asked for again. Raises NotFound
    `template_not_found`, RowProblem, ResourceProblem, RenderProblem.
    """
    order = order_of_image(image)
    if order.origin is not None and order.origin.batch:
        pages = [
            await _page(service, designs, image.workspace_id, entry, row, latest)
            for entry, row in zip(order.params, order.origin.rows, strict=True)
        ]
        return Redrawn(pages[0].design, order, await draw_batch_pdf(service, pages))
    version = None if latest else image.template_version
    design = await designs.open(service, image.workspace_id, image.template_id, version)
    moment = order.origin.rows[0].at if order.origin is not None else image.created_at
    size = order.output.size
    row = await read_row(
        service,
        in_size(design, size),
        order.params,
        values=order.values,
        moment=moment,
        locale=order.output.locale or None,
    )
    (made,) = await draw_outputs(service, {size: row}, [(image.format, order.output)])
    # The page may be gone from the latest version; then its last one stands for it.
    file = next((each for each in made.files if each.page_index == image.page_index), made.files[-1])
    return Redrawn(design, order, replace(made, files=(file,)))


async def rerender_picture(
    service: Service,
    designs: OpenDesigns,
    image: Image,
    *,
    latest: bool = False,
    answering: Answering | None = None,
) -> Image:
    """Draw a picture again and keep it. Equal bytes are the same picture, whose file is put back where it is gone.

    Other bytes are a new picture; a repeated call finds that. Raises as `redraw`, StorageProblem.
    """
    again = await redraw(service, designs, image, latest=latest)
    if again.sha256 == image.sha256.hex():
        if await stored_digest(service, image) != again.sha256:
            await service.blobs.put(image.blob_key, again.data, image.media_type)
        if answering is not None:
            async with service.database.workspace(image.workspace_id) as tx:
                await answering(tx, (image,))
        return image
    order = again.order
    asked = Asked(f"rerender {image.id} {again.sha256}", order.params, order.values, image.metadata)
    kept = await keep_pictures(service, again.design, asked, [(image.format, again.output)], answering=answering)
    return kept[0]


async def stored_digest(service: Service, image: Image) -> str | None:
    """The SHA-256 of the file in storage, None where there is none. Raises StorageProblem."""
    digest = hashlib.sha256()
    try:
        async for part in (await service.blobs.get(image.blob_key)).stream:
            digest.update(part)
    except StorageProblem as error:
        if error.code in ("storage_not_found", "storage_corrupt"):
            return None
        raise
    return digest.hexdigest()


async def _page(
    service: Service,
    designs: OpenDesigns,
    workspace: str,
    entry: Mapping[str, Any],
    row: RowOrigin,
    latest: bool,
) -> BatchPage:
    design = await designs.open(service, workspace, row.template, None if latest else row.version)
    return BatchPage(design, entry["layers"], moment=row.at)
