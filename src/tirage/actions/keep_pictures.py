"""Drawn files → objects in storage, their records and their event, committed together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from tirage.actions.draw_order import Output
from tirage.actions.event_types import NEW_IMAGE
from tirage.actions.open_design import Design
from tirage.actions.picture_answer import Remarks, WireWarning, picture_text
from tirage.actions.quota import begin_quota, take_quota
from tirage.actions.render_request import Drawn, DrawnOutput, LayerObject
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.db.errors import Taken
from tirage.engine import formats
from tirage.engine.options import members
from tirage.engine.template import Json
from tirage.ids import picture_path
from tirage.store import events, images
from tirage.store.images import Image, NewImage
from tirage.tracing import traced

PATHS = "picture paths"


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as the records keep it. `identity` names the request: the same one writes the same objects.

    `page_metadata` is by page; pages without an entry have the request's own.
    """

    identity: str
    params: Sequence[LayerObject]
    values: Mapping[str, Json]
    metadata: str = ""
    page_metadata: Mapping[int, str] | None = None


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file and the record that it will have."""

    new: NewImage
    data: bytes


Answering = Callable[[Transaction, tuple[Image, ...]], Awaitable[None]]


@traced("keep pictures")
async def keep_pictures(
    service: Service,
    design: Design,
    asked: Asked,
    outputs: Sequence[tuple[str, DrawnOutput]],
    *,
    answering: Answering | None = None,
) -> tuple[Image, ...]:
    """Store and record every file of a request, in order; a repeated request finds what it wrote before.

    `outputs` go with the format's name as it was asked for. `answering` is called at the end of the transaction of the
    records. Raises QuotaExceeded, StorageProblem, DatabaseUnavailable.
    """
    secret = service.vault.derive(PATHS)
    files: list[KeptFile] = []
    previews = []
    for place, (name, drawn) in enumerate(outputs):
        made = [file_of(secret, design, asked, name, place, drawn, each) for each in drawn.files]
        if drawn.preview is not None:
            key, preview = preview_key(made[0].new.blob_key), drawn.preview
            previews.append(service.blobs.put(key, preview.data, preview.media_type))
        files += made
    # Nobody sees a record before its object is there; and no connection to the database is held meanwhile.
    if len(files) == 1 and not previews:
        files = [await store(service, files[0])]
    else:
        storing = asyncio.gather(*(store(service, each) for each in files))
        await asyncio.gather(storing, *previews)
        files = storing.result()
    if answering is None and not service.settings.monthly_pictures:
        # Nothing else belongs to the transaction, so it is one exchange with the database.
        kept = await _keep_new(service, design, files)
        if kept is not None:
            return kept
    now = service.clock.now()
    async with service.database.workspace(design.workspace) as tx:
        await begin_quota(service, tx, now)
        kept = tuple([await images.insert(tx, each.new, now) for each in files])
        await take_quota(service, tx, sum(image.created_at == now for image in kept), now)
        if answering is not None:
            await answering(tx, kept)
        # Last: from here on the workspace's other events wait for this transaction.
        for image in kept:
            if image.created_at == now:
                await events.enqueue(tx, NEW_IMAGE, _said(service, image), now, template_id=design.id)
    return kept


async def store(service: Service, file: KeptFile) -> KeptFile:
    """Put a file into storage; its record with the digest that was taken on the way. Raises StorageProblem."""
    said = await service.blobs.put(file.new.blob_key, file.data, file.new.media_type)
    return KeptFile(replace(file.new, sha256=bytes.fromhex(said.sha256)), file.data)


async def _keep_new(service: Service, design: Design, files: Sequence[KeptFile]) -> tuple[Image, ...] | None:
    """Record files that were stored; None, and nothing is recorded, where an id or an address is taken."""
    now = service.clock.now()
    made = [images.insertion(each.new, design.workspace, now) for each in files]
    told = [events.enqueuing(NEW_IMAGE, _said(service, image), now, template_id=design.id) for image, _ in made]
    try:
        await service.database.write(design.workspace, [*(recording for _, recording in made), *told])
    except Taken:
        return None
    return tuple(image for image, _ in made)


def _said(service: Service, image: Image) -> str:
    """What the event of a picture tells."""
    return picture_text(service.public_url, image).decode()


def preview_key(blob_key: str) -> str:
    """Where the preview of a vector file lies."""
    return f"{blob_key.rpartition('.')[0]}-preview.png"


def file_of(
    secret: bytes, design: Design, asked: Asked, name: str, place: int, drawn: DrawnOutput, each: Drawn
) -> KeptFile:
    """The record of a drawn file, at the address that `secret` and the request's identity give it.

    Its digest is known once it is stored.
    """
    folder, _, stem = picture_path(
        secret, design.workspace, asked.identity, str(place), str(each.page_index)
    ).partition("/")
    output = formats.get(drawn.output.format)
    pages = len(design.template.document.pages)
    warnings = tuple(
        WireWarning(code=told.code, message=told.message, layer=told.layer, pointer=told.pointer or None)
        for told in drawn.warnings
    )
    return KeptFile(
        NewImage(
            template_id=design.id,
            template_version=design.version,
            path_folder=folder,
            path_name=stem,
            extension=output.extension,
            format=name,
            media_type=each.media_type,
            width=each.width,
            height=each.height,
            size=len(each.data),
            sha256=b"",
            blob_key=f"{design.workspace}/images/{folder}/{stem}.{output.extension}",
            recipe=bytes.fromhex(drawn.recipe),
            overrides=orjson.dumps({"params": list(asked.params), "variables": dict(asked.values)}).decode(),
            options=_options(drawn.output),
            report=Remarks(each.palette, warnings).text(),
            metadata=(asked.page_metadata or {}).get(each.page_index, asked.metadata),
            page_index=each.page_index,
            pages=pages if output.multipage else 1,
            origin=drawn.origin.text() if drawn.origin else "",
        ),
        each.data,
    )


def _options(output: Output) -> str:
    told = {name: value for name, value in (("size", output.size), ("locale", output.locale)) if value}
    return orjson.dumps({"format": output.format, **told, **members(output.options)}).decode()
