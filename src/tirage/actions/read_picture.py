"""A picture's address → its bytes, or those of a smaller version, which is made at the first read and kept."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from tirage.actions.keep_pictures import preview_key
from tirage.actions.picture_answer import PREVIEWED, REGULAR_WIDTH, SMALL_AS_PNG, THUMB_WIDTH
from tirage.actions.render_request import in_slot
from tirage.blobs import Span, StorageProblem
from tirage.context import Service
from tirage.pool.job import Job
from tirage.store import images
from tirage.store.errors import NotFound
from tirage.store.images import Image

SMALL = {"-thumb": THUMB_WIDTH, "-thumb-2x": 2 * THUMB_WIDTH, "-regular": REGULAR_WIDTH}
"""The suffixes of smaller versions and their widths in px."""
_ADDRESS = re.compile(r"([0-9a-f]{10})/([0-9a-f]{10})(-thumb-2x|-thumb|-regular)?\.([a-z0-9]{2,5})")
_TYPES = {"png": "image/png", "jpg": "image/jpeg", "webp": "image/webp", "avif": "image/avif"}
_FORMATS = {"jpg": "jpeg"}


@dataclass(frozen=True, slots=True)
class Address:
    """The part of a picture's URL after `/images/`."""

    folder: str
    name: str
    suffix: str
    extension: str


@dataclass(frozen=True, slots=True)
class Picture:
    """What a picture's address answers with; `etag` changes with the bytes."""

    data: bytes
    media_type: str
    etag: str
    image: Image


def read_address(text: str) -> Address:
    """The parts of an address. Raises NotFound `image_not_found` for what none can be."""
    matched = _ADDRESS.fullmatch(text)
    if matched is None:
        raise NotFound.of("image", text)
    return Address(matched[1], matched[2], matched[3] or "", matched[4])


async def find_picture(service: Service, address: Address) -> Image:
    """The record of an address, whoever's it is: addresses are public. Raises NotFound `image_not_found`."""
    async with service.database.system() as system:
        image = await images.find_public(system, address.folder, address.name)
    expected = None if image is None else small_extension(image) if address.suffix else image.extension
    if image is None or expected != address.extension:
        raise NotFound.of("image", f"{address.folder}/{address.name}{address.suffix}.{address.extension}")
    return image


def etag_of(image: Image, suffix: str) -> str:
    """The entity tag of a picture or of a smaller version of it, known without reading the bytes."""
    return f'"{hashlib.sha256(image.sha256 + suffix.encode()).hexdigest()[:32]}"'


async def read_picture(service: Service, image: Image, suffix: str, span: Span | None = None) -> Picture:
    """The bytes, or a span of them.

    Raises NotFound `image_not_found` where the object is gone, StorageProblem, RenderProblem.
    """
    if not suffix:
        return Picture(await _object(service, image, image.blob_key, span), image.media_type, etag_of(image, ""), image)
    extension = small_extension(image)
    key = small_key(image, suffix)
    media_type = _TYPES[extension]
    try:
        data = await (await service.blobs.get(key)).read()
    except StorageProblem as error:
        if error.code != "storage_not_found":
            raise
        original = preview_key(image.blob_key) if image.extension in PREVIEWED else image.blob_key
        data = await _shrunk(service, image, await _object(service, image, original), SMALL[suffix], extension)
        await service.blobs.put(key, data, media_type)
    part = data if span is None else data[span.start : span.stop]
    return Picture(part, media_type, etag_of(image, suffix), image)


def small_extension(image: Image) -> str:
    """The extension of smaller versions: the picture's own, PNG for documents and animations."""
    return "png" if image.extension in SMALL_AS_PNG else image.extension


def small_key(image: Image, suffix: str) -> str:
    """Where a smaller version lies."""
    return f"{image.blob_key.rpartition('.')[0]}{suffix}.{small_extension(image)}"


async def _object(service: Service, image: Image, key: str, span: Span | None = None) -> bytes:
    try:
        return await (await service.blobs.get(key, span)).read()
    except StorageProblem as error:
        if error.code == "storage_not_found":
            raise NotFound.of("image", image.path) from error
        raise


async def _shrunk(service: Service, image: Image, data: bytes, width: int, extension: str) -> bytes:
    """Pictures are decoded in the drawing processes only, our own ones too."""
    header = {"kind": "shrink", "width": width, "format": _FORMATS.get(extension, extension)}
    reply = await in_slot(service, Job(f"shrink {image.workspace_id}", image.workspace_id, header, [data]))
    return reply.parts[0]
