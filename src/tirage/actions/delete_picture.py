"""A picture, by its address or id → gone, with its smaller versions."""

from __future__ import annotations

from collections.abc import Collection

from tirage.actions.keep_pictures import preview_key
from tirage.actions.picture_answer import PREVIEWED
from tirage.actions.read_picture import SMALL, find_picture, read_address, small_key
from tirage.context import Service
from tirage.store import images
from tirage.store.errors import NotFound
from tirage.store.images import Image


async def own_picture(service: Service, workspaces: Collection[str], name: str) -> Image:
    """The picture of an address or an id that lies in one of the workspaces.

    Raises NotFound `image_not_found`, also for one of somebody else.
    """
    if "/" in name:
        address = read_address(name)
        image = None if address.suffix else await find_picture(service, address)
    else:
        async with service.database.system() as system:
            image = await images.find_by_id(system, name)
    if image is None or image.workspace_id not in workspaces:
        raise NotFound.of("image", name)
    return image


async def delete_picture(service: Service, image: Image) -> None:
    """Remove a picture for good. Raises NotFound `image_not_found`, DatabaseUnavailable, StorageProblem."""
    async with service.database.workspace(image.workspace_id) as tx:
        gone = await images.delete(tx, image.id)
    # After the commit: an object without a record is swept, a record without its object would be a broken promise.
    for key in object_keys(gone):
        await service.blobs.delete(key)


def object_keys(image: Image) -> tuple[str, ...]:
    """Every object that may lie in storage for a picture."""
    small = tuple(small_key(image, suffix) for suffix in SMALL)
    preview = (preview_key(image.blob_key),) if image.extension in PREVIEWED else ()
    return (image.blob_key, *small, *preview)
