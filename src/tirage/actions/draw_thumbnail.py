"""A design → a small picture of its first page with its sample values; drawn at the first read and kept."""

from __future__ import annotations

import hmac

from tirage.actions.draw_order import Output
from tirage.actions.open_design import Design, OpenDesigns
from tirage.actions.render_request import draw_row, in_slot, read_row
from tirage.actions.template_answer import THUMBNAIL_SIDE, thumbnail_key, thumbnail_mark
from tirage.actions.templates import sample_row
from tirage.blobs import StorageProblem
from tirage.context import Service
from tirage.engine.options import OutputOptions
from tirage.pool.job import Job
from tirage.store import templates
from tirage.store.errors import NotFound

_LEAST_SCALE = 0.1


async def read_thumbnail(service: Service, designs: OpenDesigns, uid: str, mark: str) -> bytes:
    """The thumbnail at its public address, a PNG. Raises NotFound `template_not_found`, and what drawing raises."""
    async with service.database.system() as system:
        found = await templates.find_public(system, uid)
    if found is None or not hmac.compare_digest(
        mark.encode(), thumbnail_mark(service.vault, uid, found.version).encode()
    ):
        raise NotFound.of("template", uid)
    key = thumbnail_key(found.workspace_id, uid, found.version)
    try:
        return await (await service.blobs.get(key)).read()
    except StorageProblem as error:
        if error.code != "storage_not_found":
            raise
    data = await _draw(service, await designs.open(service, found.workspace_id, uid, found.version))
    await service.blobs.put(key, data, "image/png")
    return data


async def _draw(service: Service, design: Design) -> bytes:
    page = design.template.document.pages[0]
    longest = max(page.width, page.height)
    wanted = min(1.0, THUMBNAIL_SIDE / longest)
    values, _ = sample_row(design.template)
    row = await read_row(service, design, [], values=values)
    drawn = await draw_row(service, row, Output("png", OutputOptions(scale=max(_LEAST_SCALE, wanted))), colours=False)
    file = drawn.files[0]
    if max(file.width, file.height) <= THUMBNAIL_SIDE:
        return file.data
    header = {"kind": "shrink", "width": max(1, int(page.width * THUMBNAIL_SIDE / longest)), "format": "png"}
    reply = await in_slot(service, Job(f"shrink {design.workspace}", design.workspace, header, [file.data]))
    return reply.parts[0]
